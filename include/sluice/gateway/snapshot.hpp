#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <sluice/base/digest.hpp>
#include <sluice/base/network.hpp>
#include <sluice/base/result.hpp>
#include <sluice/base/secret.hpp>
#include <sluice/chat/dialect.hpp>
#include <sluice/chat/door.hpp>
#include <sluice/chat/failure_rules.hpp>
#include <sluice/config/config.hpp>
#include <sluice/config/model_table.hpp>
#include <sluice/config/token_family.hpp>
#include <sluice/gateway/bill.hpp>
#include <sluice/ledger/book.hpp>
#include <sluice/net/transport.hpp>
#include <sluice/telemetry/metrics.hpp>
#include <sluice/traffic/affinity.hpp>
#include <sluice/traffic/health.hpp>
#include <sluice/traffic/strategy.hpp>

namespace sluice {

// A dialect an upstream speaks, and where.
struct Voice {
  const chat::Dialect* dialect = nullptr;
  std::string path_prefix;           // what the base URL's path becomes: "/v1"
  const chat::Door* door = nullptr;  // through which it is reached; null: the upstream is the dialect's own house
  std::vector<chat::FailureRule> failures{};  // what it means by some of its failures
  chat::Quirks quirks{};                      // how it departs from the dialect

  bool serves(chat::Task task) const { return door == nullptr || door->serves(task); }
  // As in Dialect, or in Door where there is one.
  void append_path(const chat::Asked& asked, std::string& out) const;
  bool takes_along(std::string_view field) const;
  std::string_view stream_type() const;
  Error decode_error(int status, std::string_view body) const;
  // The door, if streams have to be unwrapped; else null.
  const chat::Door* wrapping() const { return door != nullptr && door->wraps_streams() ? door : nullptr; }
};

struct ProviderCredential;

// One of the keys we have at a provider.
struct ProviderKey {
  // The head lines that never change, CRLF included: host, credential, agent. Bound to the provider's origin.
  Secret lines;
  Secret key;  // the credential among them; empty if there is none
};

// An upstream we may call. Pure data: what it can do, its dialect and the transport do.
struct Provider {
  std::string name;
  Label label{};
  std::vector<Voice> voices;  // never empty; the first is for callers who speak none of them
  net::Origin origin;
  std::vector<ProviderKey> keys;         // never empty: without a key the lines are there all the same
  std::vector<std::string> fixed_names;  // of the catalogue's fields among their lines
  // What each request has to prove anew, beside those lines; null when there is nothing of the kind. Bound to the same
  // origin; shared with renewals under way and with the snapshot after this one.
  std::shared_ptr<ProviderCredential> credential;

  std::string kind;  // the catalogue's name, under which the table of models knows it
  std::string residency;
  std::string retention;
  std::optional<config::HealthCheck> health_check;  // nothing: nobody asks but for callers

  // The caller's own dialect if it serves such requests in that, else the first into which they can be translated; null
  // if there is none.
  const Voice* voice_for(const chat::Dialect& spoken, chat::Task task) const;
  // Whether a field of this name comes from us, so that a caller's does not go along.
  bool sends(std::string_view field) const;
};

// One concrete thing to try.
struct Target {
  const Provider* provider = nullptr;
  Label deployment{};      // the model as configured; for a pattern, the pattern
  std::string model;       // empty: the caller's name as it is; "*": what the pattern's first star stood for
  std::string model_json;  // `model` as a JSON string, quotes included; empty when it depends on the caller
  std::uint32_t weight = 1;
  config::Concurrency concurrency;
  // What the operator says it can do and reads; nothing: what the table of models says.
  std::optional<std::vector<config::Capability>> capabilities;
  std::optional<std::uint64_t> context;
  // One for each of the provider's keys, in their order.
  std::vector<std::shared_ptr<traffic::Lane>> lanes;

  // How its provider makes tokens; null: that depends on the caller's name for the model.
  const config::TokenFamily* family = nullptr;
  // What it costs; nothing: not known, or it depends on the caller's name for the model.
  std::optional<Tariff> tariff;

  // What the table of models says of `model`; null: nothing, or it depends on the caller.
  const config::ModelFacts* known = nullptr;

  // What the table says of the model by the name it has there. A look-up only where that depends on the caller.
  const config::ModelFacts* facts(std::string_view name) const;
  const config::TokenFamily& family_of(std::string_view name) const {  // the same
    return family != nullptr ? *family : config::token_family_of(name);
  }
};

// A name applications ask for, or a pattern of such names.
struct Model {
  std::string name;
  Label label{};
  std::vector<Target> targets;
  const traffic::Strategy* strategy = nullptr;  // never null
  bool affinity = true;                         // turns of a conversation stay together, where the strategy lets them
  unsigned attempts = 1;
  traffic::FailureClasses retry_on;
  std::vector<const Model*> fallback;          // asked when every target has failed
  std::vector<const Model*> context_fallback;  // asked when the conversation is too long for the targets
  config::ModelTimeouts timeouts;
  bool strict = false;  // what a provider cannot be told is not left out: the request is refused
  // How many requests it has had, over all workers: whose turn it is. Outlives reloads.
  std::shared_ptr<std::atomic<std::uint64_t>> turn;
  std::shared_ptr<ledger::Account> account;  // null: it has no limits of its own

  // What the first star of a pattern stands for in a name that matches it.
  std::string_view captured(std::string_view asked) const;
};

// Which models somebody may ask for.
struct AllowList {
  std::optional<std::vector<std::string>> patterns;  // nothing: all
  bool allows(std::string_view model) const;
};

// A rule of the configuration, compiled.
struct Rule {
  config::Route rule;  // as it is written
  Label label{};
  const Model* use = nullptr;   // null: the model asked for
  bool reads_features = false;  // its conditions are about the request's body
};

struct Team {
  std::string name;
  Label label{};
  AllowList models;
  traffic::Priority priority = traffic::Priority::normal;
  std::shared_ptr<ledger::Account> account;  // null: it has no limits of its own
  const Model* downgrade = nullptr;          // asked when its budget is used up; null: nobody is
};

// A caller's key, or the bearer of a token in a key's place. The secret itself is not kept: only its digest, and in the
// snapshot what checks signatures made with it.
struct Key {
  // Where it does not hold for everything: what it may be used for, from where, and until when.
  struct Bounds {
    std::optional<std::vector<std::string>> endpoints;
    std::optional<std::vector<Network>> networks;
    std::optional<UtcTime> expires;
  };
  std::string name;
  const Team* team = nullptr;
  Digest digest{};
  AllowList models;
  std::shared_ptr<ledger::Account> account;  // as Team's
  const Model* downgrade = nullptr;          // as Team's, and before it
  Bounds bounds;
  bool refuses = false;  // when its budget is used up, whatever its team does
  // Names and values of tags that its requests have by what the caller proved, empty where nothing was; what callers
  // say themselves of a tag of the same name does not count.
  std::vector<std::pair<std::string, std::string>> tags{};
};

// Whose gateway it is.
struct Organisation {
  std::string name;
  std::shared_ptr<ledger::Account> account;  // as Team's
};

// A value of a tag that is held to limits of its own.
struct TagAccount {
  std::string name;
  std::string value;
  std::shared_ptr<ledger::Account> account;
};

class TariffMemory;

// One configuration, compiled: every name is resolved to a pointer into the snapshot itself, so that a mistake is found
// when it is loaded and never when it is used. Immutable; an exchange keeps the one it started with.
class Snapshot {
 public:
  // What compiling needs of the process.
  struct Means {
    Metrics& metrics;                 // for labels
    std::uint16_t built_in_port = 0;  // where the built-in provider listens
    std::string agent;                // our user-agent
    // The authorities in a file, or the system's for an empty path. Asked for each provider; expected to
    // return the same object for the same content, since connections are shared by it.
    std::function<Result<std::shared_ptr<const net::Trust>>(const std::string&)> trust;
    // What is known of whom we ask; outlives all snapshots.
    traffic::Health& health;
    ledger::Book& book;  // the same
    ledger::Now now;
    // The one in force until now, whose credentials that did not change are kept. May be null.
    const Snapshot* before = nullptr;
  };
  static Result<std::shared_ptr<const Snapshot>> compile(const config::Config& config, const Means& means);

  Snapshot();
  ~Snapshot();
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;

  // The model of exactly that name, else the first pattern, in the file's order, that matches; or null.
  const Model* find_model(std::string_view name) const;
  const std::vector<Model>& models() const { return models_; }
  const std::vector<Rule>& routes() const { return routes_; }
  const std::vector<Provider>& providers() const { return providers_; }

  const Organisation& organisation() const { return organisation_; }
  const std::vector<TagAccount>& tag_accounts() const { return tag_accounts_; }
  // Whether nobody is asked whose price is not known, for a caller with or without a budget.
  bool denies_unknown_price(bool has_budget) const;
  // What a target costs under the name its provider knows the model by; null: not known. A name that depends on the
  // caller is looked up once and remembered, the first thousand of them; `room` keeps the price of a further one.
  const Tariff* tariff_of(const Target& target, std::string_view name, std::optional<Tariff>& room) const;

  bool needs_keys() const { return needs_keys_; }
  // Whose tokens are as good as keys; null: nobody's.
  const config::Jwt* jwt() const { return jwt_ ? &*jwt_ : nullptr; }
  // Whether the operator said that nobody needs a key.
  bool is_open() const { return open_; }
  // Or null.
  const Team* find_team(std::string_view name) const;
  // The key with that secret, or null. The duration does not depend on how much of a secret is right.
  const Key* find_key(std::string_view secret) const;

  // Who signs requests with AWS's signatures under an access key id, which is a key's name.
  struct Signer {
    const Key* key = nullptr;
    const Hmac* root = nullptr;  // credential::signing_root() of the key's secret; never null
  };
  // For a name that no key has, a stand-in without key, whose signatures nobody can make: checking takes as long.
  Signer find_signer(std::string_view name) const;

 private:
  struct NameHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  struct DigestHash {
    std::size_t operator()(const Digest& digest) const;
  };
  struct Listed {
    const Key* key;
    Hmac root;
  };
  static std::shared_ptr<ledger::Account> account_of(ledger::Level level, const std::string& name,
                                                     const ledger::Terms& terms, const Means& means);
  const Model* named(const std::string& model) const;
  Result<> add_provider(const config::Provider& given, const Means& means);
  void add_model(const config::Model& given, const config::Config& config, const Means& means);
  Target target_of(const config::Target& wanted, const std::string& model, const config::Provider& given,
                   const Means& means) const;
  void link_models(const config::Config& config);
  void add_routes(const config::Config& config, const Means& means);
  void add_payers(const config::Config& config, const Means& means);
  void add_keys(const config::Config& config, const Means& means);

  std::vector<Provider> providers_;
  std::vector<Model> models_;
  std::unordered_map<std::string, const Model*, NameHash, std::equal_to<>> by_name_;
  std::vector<const Model*> patterns_;
  std::vector<Rule> routes_;
  Organisation organisation_;
  std::vector<TagAccount> tag_accounts_;
  config::Config prices_;  // of the configuration only what find_price() reads
  const std::unique_ptr<TariffMemory> looked_up_;
  std::vector<Team> teams_;
  std::vector<Key> keys_;
  std::unordered_map<Digest, const Key*, DigestHash> by_digest_;
  std::optional<Hmac> pepper_;                                                  // of this snapshot alone
  std::unordered_map<std::string, Listed, NameHash, std::equal_to<>> signers_;  // by the key's name
  std::optional<Hmac> nobody_;  // of signatures; its secret is known to nobody
  std::optional<config::Jwt> jwt_;
  bool needs_keys_ = false;
  bool open_ = false;
};

}  // namespace sluice
