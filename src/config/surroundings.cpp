#include <cstdlib>
#include <fstream>
#include <string>

#include <sluice/config/load.hpp>

namespace sluice::config {
namespace {

constexpr std::size_t longest_file = 64u << 10;  // more than any credential has

std::optional<std::string> read_file(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) return std::nullopt;
  std::string content(longest_file + 1, '\0');
  stream.read(content.data(), static_cast<std::streamsize>(content.size()));
  if (stream.bad() || stream.gcount() > static_cast<std::streamsize>(longest_file)) return std::nullopt;
  // A directory opens, and fails with the first read.
  if (stream.fail() && !stream.eof()) return std::nullopt;
  content.resize(static_cast<std::size_t>(stream.gcount()));
  return content;
}

std::optional<std::string> read_variable(const std::string& name) {
  const char* const value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

}  // namespace

Surroundings process_surroundings() { return {read_variable, read_file}; }

}  // namespace sluice::config
