#include "app/open_store.hpp"

#include <array>
#include <ostream>
#include <utility>

#include <pwd.h>
#include <unistd.h>

#include "app/exit_codes.hpp"
#include "app/store_place.hpp"
#include "app/surroundings.hpp"

namespace sluice::app {
namespace {

struct Found {
  config::Config config;
  StorePlace place;  // with a file
};

std::variant<Found, int> find_store(const std::optional<std::string>& config_file,
                                    const config::Surroundings& surroundings, std::ostream& err) {
  std::variant<config::Config, int> config = read_for_command(config_file, surroundings, err);
  if (const int* const code = std::get_if<int>(&config)) return *code;
  config::Config& found = std::get<config::Config>(config);
  StorePlace place = store_place(found.storage.database, surroundings);
  if (place.file.empty()) {
    err << "sluice: nothing is stored: " << place.why << '\n';
    return exit_cannot_create;
  }
  return Found{std::move(found), std::move(place)};
}

}  // namespace

std::variant<config::Config, int> read_for_command(const std::optional<std::string>& config_file,
                                                   const config::Surroundings& surroundings, std::ostream& err) {
  const Result<Source> source = find_configuration(config_file, surroundings);
  if (!source) {
    err << "sluice: " << source.error().message() << '\n';
    return source.error().fault() == Fault::not_found ? exit_no_input : exit_config;
  }
  // Whom the data plane lets in without a key is for the daemon to say; the first key has to be made somehow.
  const config::Listeners harmless{"127.0.0.1:0", std::nullopt};
  config::Loaded loaded = read(
      *source, surroundings, [] { return false; }, harmless);
  if (loaded.ok()) return std::move(loaded.config);
  for (const config::Complaint& complaint : loaded.complaints)
    err << complaint.text(source->file.empty() ? "embedded default" : source->file) << '\n';
  return exit_config;
}

std::variant<OpenStore, int> open_store(const std::optional<std::string>& config_file,
                                        const config::Surroundings& surroundings, std::ostream& err) {
  std::variant<Found, int> found = find_store(config_file, surroundings, err);
  if (const int* const code = std::get_if<int>(&found)) return *code;
  Found& store = std::get<Found>(found);
  auto keys = ledger::KeyStore::open(store.place.keys(), system_clock());
  if (!keys) return told(keys.error(), err);
  return OpenStore{std::move(store.config), *std::move(keys)};
}

std::variant<std::string, int> usage_file(const std::optional<std::string>& config_file,
                                          const config::Surroundings& surroundings, std::ostream& err) {
  std::variant<Found, int> found = find_store(config_file, surroundings, err);
  if (const int* const code = std::get_if<int>(&found)) return *code;
  return std::get<Found>(found).place.file;
}

ledger::Actor this_user() {
  passwd entry{};
  passwd* found = nullptr;
  std::array<char, 4096> buffer{};
  const uid_t id = ::getuid();
  const bool known = ::getpwuid_r(id, &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr;
  return {"cli:" + (known ? std::string(found->pw_name) : std::to_string(id)), "", ""};
}

int told(const Error& error, std::ostream& err) {
  err << "sluice: " << error.message() << '\n';
  return error.fault() == Fault::unavailable ? exit_io : exit_data;
}

}  // namespace sluice::app
