#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/base/clock.hpp>
#include <sluice/base/result.hpp>
#include <sluice/config/config.hpp>
#include <sluice/ledger/stored_key.hpp>

// How keys and spans of time are written on the command line and in requests of operators.
namespace sluice::app {

// "250ms", "3s", "5m", "1h", "7d"; nothing for anything else.
std::optional<std::chrono::milliseconds> duration_in(std::string_view text);

// A time, or how long from now. An Error says what may be written.
Result<UtcTime> expiry_in(std::string_view text, UtcTime now);

// What stands between commas, without spaces around it.
std::vector<std::string> items_in(std::string_view list);

// Who is in the configuration, without anything secret.
struct Principals {
  struct WrittenKey {
    std::string name;
    std::string team;
    std::optional<std::vector<std::string>> models;
    ledger::Terms terms = {};
    std::optional<std::string> exhausted = {};  // as StoredKey's
  };
  std::vector<WrittenKey> keys;
  std::vector<config::Team> teams;
  std::vector<std::string> models;  // those with a name of their own, no patterns

  static Principals of(const config::Config& config);
  bool has_key(std::string_view name) const;
  bool has_team(std::string_view name) const;
};

// Whether the configuration has that team, and no key of that name, and the rules fit.
Result<> fits_configuration(const ledger::NewKey& wanted, const Principals& principals);

// Whether the configuration has those endpoints, and the model to downgrade to is one that the key may ask for.
Result<> rules_fit(const ledger::NewKey& wanted, const Principals& principals);

// "live", "expired" or "revoked".
std::string_view state_of(const ledger::StoredKey& key, UtcTime now);

// A key as JSON, without anything secret.
std::string key_json(const ledger::StoredKey& key, UtcTime now);
// {"keys": […]}, those of the configuration first: they have no id.
std::string keys_json(const Principals& principals, const ledger::StoredKeys& stored, UtcTime now);
// {"teams": […]}
std::string teams_json(const Principals& principals);
// {"id","name","secret"}
std::string handed_out_json(const ledger::HandedOut& key);

}  // namespace sluice::app
