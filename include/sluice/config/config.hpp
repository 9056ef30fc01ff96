#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/base/clock.hpp>
#include <sluice/base/network.hpp>
#include <sluice/base/secret.hpp>
#include <sluice/credential/jwt.hpp>
#include <sluice/credential/source.hpp>
#include <sluice/ledger/price.hpp>
#include <sluice/ledger/recorder.hpp>
#include <sluice/ledger/terms.hpp>
#include <sluice/traffic/failure.hpp>
#include <sluice/traffic/waiting.hpp>

// What an operator may write, checked and with defaults filled in. The reference with every key is
// docs/reference/configuration.md and config/sluice.yaml.
namespace sluice::config {

using Milliseconds = std::chrono::milliseconds;

struct TlsFiles {
  std::string certificate;
  std::string key;
};

struct ServerLimits {
  std::uint64_t body = 32u << 20;
  std::uint64_t header = 32u << 10;
  std::uint64_t connections = 20'000;
  std::uint64_t buffered = 1u << 30;
};

struct ServerTimeouts {
  Milliseconds header{10'000};
  Milliseconds body{60'000};
  Milliseconds idle{75'000};
};

struct Drain {
  Milliseconds delay{5'000};
  Milliseconds grace{120'000};
};

struct Server {
  std::string listen = "127.0.0.1:8080";
  unsigned workers = 0;  // 0: one per hardware thread
  std::optional<TlsFiles> tls;
  ServerLimits limits;
  ServerTimeouts timeouts;
  Drain drain;
};

// What an operator is for, and so what they may do.
enum class Role : std::uint8_t {
  viewer,       // looks at how things are, not at what was spent or done
  team_keeper,  // "operator": looks after the keys of one team
  billing,      // looks at what was spent
  admin,        // everything
};
std::string_view to_string(Role role);
std::optional<Role> role_named(std::string_view name);

// Somebody with a token of their own.
struct Operator {
  std::string name;
  Role role = Role::viewer;
  std::string team;  // of a team_keeper, who always has one; nobody else has
  Secret token;
};

struct Admin {
  std::string listen = "127.0.0.1:9090";
  Secret token;  // what shows that one is `admin`, with that role; empty: one is made at start
  std::vector<Operator> operators;
};

// How models are asked to think and to choose their words, where a dialect leaves that to them. Data of the catalogue.
struct Thinking {
  std::vector<std::string> models;  // patterns of their names
  // Of "budget", "adaptive", "effort", "xhigh", "max", "sampling", "both" and "schemas".
  std::vector<std::string> takes;
};

// What a provider means by a failure that its dialect would take for something else (chat::FailureRule).
struct Failure {
  int status = 0;
  std::string says;
  std::string means;
};

// How a kind of provider wants to be spoken to, beyond its dialect. Data of the catalogue.
struct Manners {
  struct Field {
    std::string name;
    std::string value;
  };
  std::string key_header;      // the field that carries the key as it is; empty: authorization, as a bearer token
  std::vector<Field> headers;  // fixed fields that its API demands
  std::string max_tokens;      // its name for the limit of tokens, if it is not the dialect's own
  std::uint64_t default_max_tokens = 0;  // for a dialect that demands a limit; 0: the dialect's default
  std::vector<std::string> unsupported;  // members of the dialect's requests that it does not take
  // What it calls members of requests for embeddings and ranks, if that is not the dialect's own name.
  std::string dimensions;
  std::string purpose;
  std::string top_n;
  std::vector<std::string> text_lists;  // patterns of models whose embeddings are made of a list of texts
  std::vector<std::string> instances;   // patterns of those that are asked for them with a list of instances
  std::vector<std::string> single;      // and with one input at a time
  // Its own names for members of conversations: the dialect's, and what it calls them.
  std::vector<std::pair<std::string, std::string>> members;
  std::uint64_t call_ids = 0;      // ids of tools' calls have so many letters and digits; 0: as they are
  bool tells_usage = false;        // streams bring their token counts unasked, and asking is refused
  bool proofs = false;             // proofs of thoughts go back in the messages
  bool bare_counts = false;        // token counts are asked for with a request's members, without its wrapping
  std::vector<Thinking> thinking;  // the first that fits a model counts; without one, it takes everything
  std::vector<Failure> failures;   // the first that fits counts

  // What is left of them where another dialect is spoken, without the names and habits of this one's conversations.
  Manners elsewhere() const;
};

// When a provider is left alone (traffic::BreakerRules).
struct Breaker {
  std::uint32_t failures = 5;  // consecutive
  Milliseconds cooldown{5'000};
  Milliseconds max{60'000};
};

// Asks a provider every so often whether it is there, whoever calls.
struct HealthCheck {
  std::string path = "/models";  // below its base_url
  Milliseconds every{10'000};
};

// How a provider learns who we are, where a key does not tell: a grant that is got somewhere and shown, or signed with.
struct Credential {
  credential::Source source;
  std::string url;            // whom to ask for it, of which only scheme, host and port count; empty: nobody
  bool reached_like = false;  // that address is the file's own: tls.ca and allow_private of the provider hold for it
  // What requests are signed for; empty when the grant is a token.
  credential::AwsScope scope;
};

// Where a provider's address and manners come from: a catalogue entry, with what the file replaces.
struct Provider {
  // Another dialect it speaks at the same address, used for callers who speak it themselves.
  struct Voice {
    std::string dialect;
    std::string path;  // in the place of base_url's
  };
  std::string name;
  std::string kind;     // the catalogue's name
  std::string dialect;  // the file's, else the kind's
  std::string door;     // of that dialect, through which it is reached; empty: none
  std::vector<Voice> also;
  std::string base_url;                  // the file's, else the kind's; empty for a built-in service
  bool built_in = false;                 // answered by a service inside this process (kind demo)
  Secret api_key;                        // empty: none is sent
  std::vector<Secret> more_keys;         // used in turn with api_key
  std::optional<Credential> credential;  // in the place of api_key
  bool allow_private = false;
  std::string ca_file;    // empty: the system's authorities
  Manners manners;        // the kind's
  std::string residency;  // where requests are treated and kept, in the operator's words ("eu"); empty: not told
  std::string retention;  // how long they are kept there, in the operator's words ("none"); empty: not told
  Breaker breaker;
  std::optional<HealthCheck> health_check;  // nothing: callers find out
};

// What a model can do, as far as requests may need it.
enum class Capability : std::uint8_t { vision, tools, json_schema, audio, pdf, reasoning };
std::string_view to_string(Capability capability);
std::optional<Capability> capability_named(std::string_view name);

// How many requests a deployment gets at a time, and how many more may wait.
struct Concurrency {
  std::uint32_t limit = 0;  // 0: no limit
  std::uint32_t queue = 100;
  Milliseconds wait{5'000};  // the longest one waits
};

struct Target {
  std::string provider;
  // The name the provider knows; empty: the caller's name as it is; "*": what the model pattern's first
  // star stands for.
  std::string model;
  std::uint32_t weight = 1;
  Concurrency concurrency;
  // What it can do, for models the shipped table does not know or is wrong about; nothing: what the table says.
  std::optional<std::vector<Capability>> capabilities;
  std::optional<std::uint64_t> context;  // tokens it reads; nothing: what the table says
};

struct ModelTimeouts {
  Milliseconds connect{3'000};
  Milliseconds first_byte{60'000};
  Milliseconds idle{120'000};
  Milliseconds total{600'000};
};

struct Model {
  std::string name;  // a name, or a pattern with `*`
  std::vector<Target> targets;
  std::string strategy = "priority";
  bool affinity = true;   // turns of one conversation stay together
  unsigned attempts = 3;  // upstream requests in all for one caller request
  traffic::FailureClasses retry_on = traffic::FailureClasses::usual();
  std::vector<std::string> fallback;          // models asked when every target has failed
  std::vector<std::string> context_fallback;  // the same when the conversation is too long
  ModelTimeouts timeouts;
  bool strict = false;  // refuses requests of which something would be left out
  ledger::Terms terms;  // of everybody who asks it together
};

// Sends some requests somewhere, or keeps them away from somewhere. The first that matches counts.
struct Route {
  // A request matches when all that is said holds; of a list, one item is enough. Patterns may have `*`.
  struct When {
    struct Field {
      std::string name;  // in lower case for headers
      std::vector<std::string> patterns;
    };
    struct Range {
      std::uint64_t min = 0;
      std::uint64_t max = UINT64_MAX;
    };
    // Minutes of the day and days of the week, at a fixed distance from UTC. `from` after `to` goes over midnight, and
    // belongs to the day it began on.
    struct Hours {
      std::uint16_t from = 0;    // minutes since midnight; from == to: all day
      std::uint16_t to = 0;      // the first minute that no longer counts
      std::uint8_t days = 0x7f;  // bit 0: Monday
      std::int16_t zone = 0;     // minutes east of UTC
    };
    struct Share {
      std::uint32_t permille = 1000;
      bool by_key = false;  // else by conversation
    };
    std::vector<std::string> keys;
    std::vector<std::string> teams;
    std::vector<std::string> models;     // patterns of names asked for
    std::vector<std::string> endpoints;  // chat, completions, responses, messages, embeddings, …: see endpoint_names()
    std::vector<Field> tags;
    std::vector<Field> headers;
    std::optional<Range> prompt_tokens;
    std::optional<bool> tools;
    std::optional<bool> images;
    std::optional<bool> json_schema;
    std::optional<bool> stream;
    std::optional<Hours> time;
    std::optional<Share> share;
  };
  // What a target must have to be asked; empty lists demand nothing, of a list one item is enough, but all
  // capabilities.
  struct Require {
    std::vector<std::string> residency;
    std::vector<std::string> providers;
    std::vector<std::string> retention;
    std::vector<Capability> capabilities;
    bool empty() const { return residency.empty() && providers.empty() && retention.empty() && capabilities.empty(); }
  };
  std::string name;
  When when;
  Require require;
  std::string use;  // a model; empty: the one asked for
};

// All names of endpoints that a route, or a key, may be for.
std::span<const std::string_view> endpoint_names();

// What becomes of requests that a budget has nothing left for, whoever's it is.
struct Exhausted {
  std::string downgrade;  // a model of this file that is asked instead; empty: they are refused
};

// Everybody together.
struct Organisation {
  std::string name;  // empty: there is none
  ledger::Terms terms;
};

struct Team {
  std::string name;
  traffic::Priority priority = traffic::Priority::normal;
  std::optional<std::vector<std::string>> models;  // patterns; nothing: all
  ledger::Terms terms;                             // of all its keys together
  Exhausted exhausted;
};

struct Key {
  std::string name;
  std::string team;  // empty: none
  Secret secret;
  std::optional<std::vector<std::string>> models;
  std::optional<std::vector<std::string>> endpoints;  // of endpoint_names(); nothing: all
  std::optional<UtcTime> expires;                     // from then on it is not known any more
  std::optional<std::vector<Network>> networks;       // from where it may be used; nothing: from anywhere
  ledger::Terms terms;
  std::optional<Exhausted> exhausted;  // nothing: as its team
};

// Somebody the daemon itself asks or tells something, over HTTP.
struct Peer {
  std::string url;             // read by parse_page_url(); empty: nobody
  bool allow_private = false;  // whether its name may lead to private and loopback addresses
  std::string ca_file;         // empty: the system's authorities
  bool operator==(const Peer&) const = default;
};

// Callers who show a token of an identity provider in the place of a key.
struct Jwt {
  credential::TokenRules rules;
  Peer jwks;                                       // where its public keys are; without a URL they are
  std::shared_ptr<const credential::KeySet> keys;  // those of a file
};

// Who is told when a budget has reached a threshold, beside the log.
struct Alerts {
  Peer webhook;
  Secret secret;  // what is told is signed with; empty: nothing is
};

// All requests that are attributed to something.
struct Tag {
  std::string name;
  std::string value;
  ledger::Terms terms;
};

// What the file says that something costs, in the place of what is publicly known.
struct NamedPrice {
  std::string name;  // a provider's name of a model, or PROVIDER/MODEL; may be a pattern
  ledger::Price price;
};

// What becomes of requests whose price nobody knows.
struct UnknownPrice {
  enum class Policy : std::uint8_t {
    by_budget,  // deny where a budget applies to the caller, else allow_and_flag
    deny,
    allow_and_flag,
    assume,
  };
  Policy policy = Policy::by_budget;
  ledger::Price assumed;  // with `assume`
};

inline constexpr std::string_view in_memory = ":memory:";

// Where usage and everything else that outlives the process is kept.
struct Storage {
  std::string database;  // path of a file, or `in_memory`; empty: the usual place
  ledger::Recorder::OnFull on_full = ledger::Recorder::OnFull::refuse;
  std::uint32_t retention_days = 0;  // for how long usage is kept; 0: for ever
};

struct Logging {
  std::string level = "info";   // debug | info | warn | error
  std::string format = "json";  // json | text
};

struct Config {
  bool auth_none = false;
  Server server;
  Admin admin;
  Storage storage;
  std::vector<Provider> providers;  // in the file's order, as are all of these
  std::vector<Model> models;
  std::vector<Route> routes;
  Organisation organisation;
  std::vector<Team> teams;
  std::vector<Key> keys;
  std::optional<Jwt> jwt;  // nothing: callers show keys only
  std::vector<Tag> tags;
  std::optional<Alerts> alerts;
  std::vector<NamedPrice> prices;
  UnknownPrice unknown_price;
  Logging log;
};

}  // namespace sluice::config
