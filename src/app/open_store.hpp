#pragma once

#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include <sluice/config/load.hpp>
#include <sluice/ledger/key_store.hpp>

namespace sluice::app {

// What a command that works on the store needs: its configuration, and the store that a daemon with it would use.
struct OpenStore {
  config::Config config;
  std::unique_ptr<ledger::KeyStore> store;
};

// The configuration that `serve` would use, or the exit code, after it was told why on `err`.
std::variant<config::Config, int> read_for_command(const std::optional<std::string>& config_file,
                                                   const config::Surroundings& surroundings, std::ostream& err);

// Or the exit code as above.
std::variant<OpenStore, int> open_store(const std::optional<std::string>& config_file,
                                        const config::Surroundings& surroundings, std::ostream& err);

// The usage database that a daemon with that configuration would use, or the exit code as above.
std::variant<std::string, int> usage_file(const std::optional<std::string>& config_file,
                                          const config::Surroundings& surroundings, std::ostream& err);

// Who runs this process, for the audit trail.
ledger::Actor this_user();

// Tells an error of the store, and returns its exit code.
int told(const Error& error, std::ostream& err);

}  // namespace sluice::app
