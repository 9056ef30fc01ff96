#include "app/store_place.hpp"

#include <cerrno>
#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>

#include <unistd.h>

namespace sluice::app {
namespace {

constexpr std::string_view usual_name = "sluice.db";

std::optional<std::string> set_variable(const config::Surroundings& surroundings, const char* name) {
  auto value = surroundings.environment(name);
  return value && !value->empty() ? value : std::nullopt;
}

// Systemd may name several, with colons between them; the first is ours.
std::optional<std::string> usual_folder(const config::Surroundings& surroundings) {
  if (const auto state = set_variable(surroundings, "STATE_DIRECTORY")) return state->substr(0, state->find(':'));
  if (const auto state = set_variable(surroundings, "XDG_STATE_HOME")) return *state + "/sluice";
  if (const auto home = set_variable(surroundings, "HOME")) return *home + "/.local/state/sluice";
  return std::nullopt;
}

// Why nothing can be written there; nothing if it can.
std::optional<std::string> why_not_in(const std::string& folder) {
  namespace fs = std::filesystem;
  std::error_code error;
  const bool made = fs::create_directories(folder, error);
  if (error) return folder + ": " + error.message();
  if (made) fs::permissions(folder, fs::perms::owner_all, error);
  if (::access(folder.c_str(), R_OK | W_OK | X_OK) != 0) {
    return folder + ": " + std::generic_category().message(errno);
  }
  return std::nullopt;
}

}  // namespace

StorePlace store_place(const std::string& written, const config::Surroundings& surroundings) {
  StorePlace place;
  if (written == config::in_memory) {
    place.why = "the configuration says so";
    return place;
  }
  place.file = written;
  if (!written.empty()) return place;
  const auto folder = usual_folder(surroundings);
  if (!folder) {
    place.why = "neither STATE_DIRECTORY nor XDG_STATE_HOME nor HOME is set";
    return place;
  }
  if (auto why = why_not_in(*folder)) {
    place.why = *std::move(why);
    return place;
  }
  place.file = *folder + "/" + std::string(usual_name);
  return place;
}

}  // namespace sluice::app
