#include "app/version.hpp"

#include <algorithm>
#include <array>
#include <utility>

// All SLUICE_… words are set by cmake/revision.cmake for this file alone.
namespace sluice::app {
namespace {

using Line = std::pair<std::string_view, std::string_view>;

constexpr std::array<Line, 11> lines = {{
    {"revision", SLUICE_REVISION},
    {"compiler", SLUICE_COMPILER},
    {"Boost", SLUICE_BOOST},
    {"OpenSSL", SLUICE_OPENSSL},
    {"simdjson", SLUICE_SIMDJSON},
    {"c-ares", SLUICE_CARES},
    {"yaml-cpp", SLUICE_YAML_CPP},
    {"spdlog", SLUICE_SPDLOG},
    {"fmt", SLUICE_FMT},
    {"nlohmann-json", SLUICE_NLOHMANN_JSON},
    {"CLI11", SLUICE_CLI11},
}};
constexpr std::size_t column = 16;

}  // namespace

std::string_view version() { return SLUICE_VERSION; }

std::string_view revision() { return SLUICE_REVISION; }

std::string version_text() {
  std::string text = "sluice " + std::string(version()) + "\n";
  for (const auto& [name, value] : lines) {
    text += name;
    text.append(column - std::min(name.size(), column - 1), ' ');
    text += value;
    text += '\n';
  }
  return text;
}

}  // namespace sluice::app
