#pragma once

#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include <sluice/config/load.hpp>

namespace sluice::app {

// What `sluice keys` was told; each command reads what it knows.
struct KeyOptions {
  std::optional<std::string> config;  // the file, found as `serve` finds it
  std::string name;                   // of create; of the others: a name or an id
  std::string team;
  std::optional<std::string> models;     // patterns, with commas between them
  std::optional<std::string> endpoints;  // the same
  std::optional<std::string> cidrs;      // the same
  std::optional<std::string> expires;    // "2s", or a time
  std::vector<std::string> limits;       // "rpm=600", "tpm=none"
  std::optional<std::string> concurrent;
  std::vector<std::string> budgets;      // "20/day", "none/month"
  std::optional<std::string> downgrade;  // a model
  std::optional<std::string> exhausted;  // refuse | team
  std::optional<std::string> raise;      // "50", "50/day"
  std::optional<std::string> until;      // of the raise, as `expires`
  std::string overlap = "0s";
  std::string format = "table";  // table | json
};

// Keys in the store that the configuration names, with which a daemon may be running: it learns of a change within a
// second. Results on `out`, all else on `err`. They return the process's exit code: 0, 65 (what is asked for cannot be
// done: no such key, a name that is taken, a key of the file), 64 (an option that cannot be read), 66 (no such
// configuration file), 78 (it cannot be used), 73 (nothing can be stored) or 74 (the store failed).
int create_key(const KeyOptions& options, const config::Surroundings& surroundings, std::ostream& out,
               std::ostream& err);
int change_key(const KeyOptions& options, const config::Surroundings& surroundings, std::ostream& out,
               std::ostream& err);
int list_keys(const KeyOptions& options, const config::Surroundings& surroundings, std::ostream& out,
              std::ostream& err);
int rotate_key(const KeyOptions& options, const config::Surroundings& surroundings, std::ostream& out,
               std::ostream& err);
int revoke_key(const KeyOptions& options, const config::Surroundings& surroundings, std::ostream& out,
               std::ostream& err);

}  // namespace sluice::app
