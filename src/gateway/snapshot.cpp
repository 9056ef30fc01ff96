#include <sluice/gateway/snapshot.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include <sluice/base/text.hpp>
#include <sluice/chat/operation.hpp>
#include <sluice/config/load.hpp>
#include <sluice/config/pricing.hpp>
#include <sluice/credential/aws_signature.hpp>

#include "gateway/provider_credential.hpp"
#include "gateway/tariff_memory.hpp"

namespace sluice {
namespace {

std::vector<chat::FailureRule> failures_of(const config::Manners& manners) {
  std::vector<chat::FailureRule> rules;
  rules.reserve(manners.failures.size());
  for (const config::Failure& failure : manners.failures)
    rules.push_back({failure.status, failure.says, failure.means});
  return rules;
}

chat::Quirks quirks_of(const config::Manners& manners) {
  chat::Quirks quirks{.max_tokens = manners.max_tokens,
                      .default_max_tokens = manners.default_max_tokens,
                      .unsupported = manners.unsupported,
                      .dimensions = manners.dimensions,
                      .purpose = manners.purpose,
                      .top_n = manners.top_n,
                      .text_lists = manners.text_lists,
                      .instances = manners.instances,
                      .single = manners.single,
                      .members = manners.members,
                      .call_ids = manners.call_ids,
                      .tells_usage = manners.tells_usage,
                      .proofs = manners.proofs,
                      .bare_counts = manners.bare_counts};
  quirks.models.reserve(manners.thinking.size());
  for (const config::Thinking& rule : manners.thinking) {
    const auto takes = [&rule](std::string_view way) {
      return std::find(rule.takes.begin(), rule.takes.end(), way) != rule.takes.end();
    };
    quirks.models.push_back({rule.models,
                             {takes("budget"), takes("adaptive"), takes("effort"), takes("xhigh"), takes("max"),
                              takes("sampling"), takes("both"), takes("schemas")}});
  }
  return quirks;
}

std::string as_json(std::string_view text) {
  std::string json = "\"";
  append_json_escaped(json, text);
  json += '"';
  return json;
}

// Tells keys apart without being one of them.
std::string fingerprint(std::string_view secret) {
  if (secret.empty()) return {};
  const Digest digest = sha256(secret);
  return hex(std::span(digest).first<8>());
}

// Whose turn it is goes on where it was, over reloads.
std::shared_ptr<std::atomic<std::uint64_t>> turn_of(const std::string& model, const Snapshot* before) {
  if (before != nullptr) {
    for (const Model& old : before->models()) {
      if (old.name == model) return old.turn;
    }
  }
  return std::make_shared<std::atomic<std::uint64_t>>(0);
}

traffic::BreakerRules rules_of(const config::Breaker& given) { return {given.failures, given.cooldown, given.max}; }

std::optional<Tariff> tariff_in(const config::Config& prices, const Provider& provider, std::string_view model) {
  std::optional<config::PriceFound> found = config::find_price(prices, provider.name, provider.kind, model);
  if (!found) return std::nullopt;
  return Tariff{std::move(found->price), std::move(found->version)};
}

Error unusable(const std::string& provider, const std::string& why) {
  return Error(Fault::internal, Blame::gateway, "configuration", "providers." + provider + ": " + why);
}

ProviderKey key_of(const config::Provider& given, const Secret& key, const std::string& host,
                   const std::string& agent) {
  std::string lines = "host: " + host + "\r\n";
  if (!key.empty()) {
    lines += given.manners.key_header.empty() ? "authorization: Bearer " : given.manners.key_header + ": ";
    lines.append(key.reveal()).append("\r\n");
  }
  for (const config::Manners::Field& field : given.manners.headers) lines += field.name + ": " + field.value + "\r\n";
  lines += "user-agent: " + agent + "\r\naccept-encoding: identity\r\n";
  return {Secret(std::move(lines)), key};
}

}  // namespace

Snapshot::Snapshot() : looked_up_(std::make_unique<TariffMemory>()) {}
Snapshot::~Snapshot() = default;

void Voice::append_path(const chat::Asked& asked, std::string& out) const {
  if (door != nullptr) return door->append_path(asked, out);
  dialect->append_path(asked, out);
}

bool Voice::takes_along(std::string_view field) const {
  return door != nullptr ? door->takes_along(field) : dialect->takes_along(field);
}

std::string_view Voice::stream_type() const {
  if (door != nullptr) return door->stream_type();
  return dialect->streams_events() ? "text/event-stream" : dialect->codec()->stream_type(chat::AnswerForm());
}

Error Voice::decode_error(int status, std::string_view body) const {
  Error error = door != nullptr ? door->decode_error(status, body) : dialect->decode_error(status, body);
  return failures.empty() ? error : chat::by_rules(failures, status, body, std::move(error));
}

const Voice* Provider::voice_for(const chat::Dialect& spoken, chat::Task task) const {
  auto found = std::find_if(voices.begin(), voices.end(),
                            [&](const Voice& voice) { return voice.dialect == &spoken && voice.serves(task); });
  if (found == voices.end()) {
    // What is translated is a conversation, whatever the caller's dialect made of it.
    const chat::Task asked = spoken.caller_codec(task) != nullptr ? chat::Task::chat : task;
    found = std::find_if(voices.begin(), voices.end(), [&](const Voice& voice) {
      return voice.serves(asked) && chat::can_translate(spoken, *voice.dialect, task);
    });
  }
  return found == voices.end() ? nullptr : &*found;
}

const config::ModelFacts* Target::facts(std::string_view name) const {
  return model_json.empty() ? config::facts_of(provider->kind, name) : known;
}

bool Provider::sends(std::string_view field) const {
  return std::any_of(fixed_names.begin(), fixed_names.end(),
                     [field](const std::string& ours) { return equals_ignoring_case(ours, field); });
}

bool AllowList::allows(std::string_view model) const {
  return !patterns || std::any_of(patterns->begin(), patterns->end(),
                                  [model](const std::string& pattern) { return glob_matches(pattern, model); });
}

std::string_view Model::captured(std::string_view asked) const {
  const std::size_t star = name.find('*');
  const std::string_view after = std::string_view(name).substr(star + 1);
  if (after.find('*') == std::string_view::npos) return asked.substr(star, asked.size() - star - after.size());
  for (std::size_t length = 0; star + length <= asked.size(); ++length) {
    if (glob_matches(after, asked.substr(star + length))) return asked.substr(star, length);
  }
  return asked.substr(star);
}

std::size_t Snapshot::DigestHash::operator()(const Digest& digest) const {
  std::size_t hash = 0;
  std::memcpy(&hash, digest.data(), sizeof hash);
  return hash;
}

Result<std::shared_ptr<const Snapshot>> Snapshot::compile(const config::Config& config, const Means& means) {
  auto snapshot = std::make_shared<Snapshot>();
  // Reserved, because everything below points into these.
  snapshot->providers_.reserve(config.providers.size());
  snapshot->models_.reserve(config.models.size());
  snapshot->teams_.reserve(config.teams.size());
  snapshot->keys_.reserve(config.keys.size());
  snapshot->prices_.prices = config.prices;
  snapshot->prices_.unknown_price = config.unknown_price;
  for (const config::Provider& provider : config.providers) {
    const Result<> added = snapshot->add_provider(provider, means);
    if (!added) return added.error();
  }
  for (const config::Model& model : config.models) snapshot->add_model(model, config, means);
  snapshot->link_models(config);
  snapshot->add_routes(config, means);
  snapshot->add_payers(config, means);
  snapshot->add_keys(config, means);
  return std::shared_ptr<const Snapshot>(std::move(snapshot));
}

Result<> Snapshot::add_provider(const config::Provider& given, const Means& means) {
  Provider provider;
  provider.name = given.name;
  provider.label = means.metrics.label(given.name);
  const std::string base =
      given.built_in ? "http://127.0.0.1:" + std::to_string(means.built_in_port) + "/v1" : given.base_url;
  const std::optional<config::Url> url = config::parse_url(base);
  if (!url) return unusable(given.name, "the base URL cannot be read");
  provider.origin.host = url->host;
  provider.origin.port = url->port;
  provider.origin.tls = url->tls;
  provider.origin.allow_private = given.allow_private;
  std::vector<config::Provider::Voice> voices = given.also;
  voices.insert(voices.begin(), {given.dialect, url->path});
  for (const config::Provider::Voice& voice : voices) {
    const chat::Dialect* const dialect = chat::dialect_named(voice.dialect);
    if (dialect == nullptr) return unusable(given.name, "no dialect is called \"" + voice.dialect + "\"");
    const chat::Quirks quirks = quirks_of(provider.voices.empty() ? given.manners : given.manners.elsewhere());
    provider.voices.push_back({dialect, voice.path, nullptr, failures_of(given.manners), quirks});
  }
  if (!given.door.empty()) {
    Voice& first = provider.voices.front();
    first.door = chat::door_named(*first.dialect, given.door);
    if (first.door == nullptr) return unusable(given.name, "its dialect has no door called \"" + given.door + "\"");
  }
  if (url->tls) {
    Result<std::shared_ptr<const net::Trust>> trust = means.trust(given.ca_file);
    if (!trust) return unusable(given.name, trust.error().message());
    provider.origin.trust = *std::move(trust);
  }
  if (given.credential) {
    auto credential = prepare_credential(given, host_of(*url), means);
    if (!credential) return unusable(given.name, credential.error().message());
    provider.credential = *std::move(credential);
  }
  for (const config::Manners::Field& field : given.manners.headers) provider.fixed_names.push_back(field.name);
  provider.keys.push_back(key_of(given, given.api_key, host_of(*url), means.agent));
  for (const Secret& key : given.more_keys) {
    provider.keys.push_back(key_of(given, key, host_of(*url), means.agent));
  }
  provider.kind = given.kind;
  provider.residency = given.residency;
  provider.retention = given.retention;
  provider.health_check = given.health_check;
  providers_.push_back(std::move(provider));
  return Ok{};
}

void Snapshot::add_model(const config::Model& given, const config::Config& config, const Means& means) {
  Model model;
  model.name = given.name;
  model.label = means.metrics.label(given.name);
  model.strategy = traffic::strategy_named(given.strategy);
  if (model.strategy == nullptr) model.strategy = &traffic::strategies().front();  // the loader refuses others
  model.affinity = given.affinity;
  model.attempts = given.attempts;
  model.retry_on = given.retry_on;
  model.timeouts = given.timeouts;
  model.strict = given.strict;
  model.turn = turn_of(given.name, means.before);
  model.account = account_of(ledger::Level::model, given.name, given.terms, means);
  for (const config::Target& wanted : given.targets) {
    const auto provider = std::find_if(config.providers.begin(), config.providers.end(),
                                       [&](const config::Provider& known) { return known.name == wanted.provider; });
    if (provider == config.providers.end()) continue;  // the loader refuses this
    model.targets.push_back(target_of(wanted, given.name, *provider, means));
  }
  models_.push_back(std::move(model));
  const Model& added = models_.back();
  if (added.name.find('*') == std::string::npos) {
    by_name_.emplace(added.name, &added);
  } else {
    patterns_.push_back(&added);
  }
}

Target Snapshot::target_of(const config::Target& wanted, const std::string& model, const config::Provider& given,
                           const Means& means) const {
  const auto provider = std::find_if(providers_.begin(), providers_.end(),
                                     [&](const Provider& known) { return known.name == wanted.provider; });
  Target target;
  target.provider = &*provider;
  target.model = wanted.model;
  const bool depends = wanted.model.empty() || wanted.model == "*";
  const std::string& deployment = depends ? model : wanted.model;
  target.deployment = means.metrics.label(deployment);
  // Looked up in any case: the first looks read tables, which takes longer than an event loop may be held.
  const config::ModelFacts* facts = config::facts_of(provider->kind, deployment);
  const config::TokenFamily& family = config::token_family_of(deployment);
  if (!depends) {
    target.model_json = as_json(wanted.model);
    target.known = facts;
    target.family = &family;
    target.tariff = tariff_in(prices_, *provider, wanted.model);
  }
  target.weight = wanted.weight;
  target.concurrency = wanted.concurrency;
  target.capabilities = wanted.capabilities;
  target.context = wanted.context;
  const net::Origin& origin = provider->origin;
  const std::string place = origin.host + ':' + std::to_string(origin.port);
  for (const ProviderKey& key : provider->keys) {
    const traffic::LaneName name{provider->name, place, deployment, fingerprint(key.key.reveal())};
    target.lanes.push_back(means.health.lane(name, rules_of(given.breaker)));
  }
  return target;
}

// When all models are there, because they name each other.
void Snapshot::link_models(const config::Config& config) {
  const auto link = [this](const std::vector<std::string>& names, std::vector<const Model*>& out) {
    for (const std::string& name : names) {
      if (const auto found = by_name_.find(name); found != by_name_.end()) out.push_back(found->second);
    }
  };
  for (std::size_t i = 0; i < models_.size(); ++i) {
    link(config.models[i].fallback, models_[i].fallback);
    link(config.models[i].context_fallback, models_[i].context_fallback);
  }
}

void Snapshot::add_routes(const config::Config& config, const Means& means) {
  for (const config::Route& rule : config.routes) {
    const config::Route::When& when = rule.when;
    Rule route;
    route.rule = rule;
    route.label = means.metrics.label(rule.name);
    if (const auto found = by_name_.find(rule.use); found != by_name_.end()) route.use = found->second;
    route.reads_features = when.prompt_tokens || when.tools || when.images || when.json_schema || !when.tags.empty() ||
                           (when.share && !when.share->by_key);
    routes_.push_back(std::move(route));
  }
}

std::shared_ptr<ledger::Account> Snapshot::account_of(ledger::Level level, const std::string& name,
                                                      const ledger::Terms& terms, const Means& means) {
  return terms.empty() ? nullptr : means.book.account(level, name, terms, means.now);
}

const Model* Snapshot::named(const std::string& model) const {
  const auto found = by_name_.find(model);
  return found == by_name_.end() ? nullptr : found->second;
}

void Snapshot::add_payers(const config::Config& config, const Means& means) {
  using ledger::Level;
  organisation_.name = config.organisation.name;
  organisation_.account = account_of(Level::organisation, config.organisation.name, config.organisation.terms, means);
  for (const config::Tag& tag : config.tags) {
    auto account = account_of(Level::tag, tag.name + '=' + tag.value, tag.terms, means);
    if (account != nullptr) tag_accounts_.push_back({tag.name, tag.value, std::move(account)});
  }
  for (const config::Team& team : config.teams) {
    teams_.push_back({team.name,
                      means.metrics.label(team.name),
                      {team.models},
                      team.priority,
                      account_of(Level::team, team.name, team.terms, means),
                      named(team.exhausted.downgrade)});
  }
}

void Snapshot::add_keys(const config::Config& config, const Means& means) {
  std::array<std::uint8_t, 32> pepper{};
  fill_with_random(pepper);
  pepper_.emplace(pepper);
  for (const config::Key& given : config.keys) {
    const auto team =
        std::find_if(teams_.begin(), teams_.end(), [&](const Team& candidate) { return candidate.name == given.team; });
    keys_.push_back({given.name,
                     team == teams_.end() ? nullptr : &*team,
                     (*pepper_)(given.secret.reveal()),
                     {given.models},
                     account_of(ledger::Level::key, given.name, given.terms, means),
                     given.exhausted ? named(given.exhausted->downgrade) : nullptr,
                     {given.endpoints, given.networks, given.expires},
                     given.exhausted && given.exhausted->downgrade.empty(),
                     {}});
    by_digest_.emplace(keys_.back().digest, &keys_.back());
    signers_.emplace(given.name, Listed{&keys_.back(), credential::signing_root(given.secret)});
  }
  fill_with_random(pepper);
  nobody_.emplace(pepper);
  open_ = config.auth_none;
  jwt_ = config.jwt;
  needs_keys_ = !open_ && (!keys_.empty() || jwt_);
}

const Model* Snapshot::find_model(std::string_view name) const {
  if (const auto exact = by_name_.find(name); exact != by_name_.end()) return exact->second;
  for (const Model* pattern : patterns_) {
    if (glob_matches(pattern->name, name)) return pattern;
  }
  return nullptr;
}

const Tariff* Snapshot::tariff_of(const Target& target, std::string_view name, std::optional<Tariff>& room) const {
  if (!target.model_json.empty()) return target.tariff ? &*target.tariff : nullptr;
  const auto look_up = [&] { return tariff_in(prices_, *target.provider, name); };
  return looked_up_->find(target.provider->name, name, look_up, room);
}

bool Snapshot::denies_unknown_price(bool has_budget) const {
  using Policy = config::UnknownPrice::Policy;
  const Policy policy = prices_.unknown_price.policy;
  return policy == Policy::deny || (policy == Policy::by_budget && has_budget);
}

const Team* Snapshot::find_team(std::string_view name) const {
  const auto team =
      std::find_if(teams_.begin(), teams_.end(), [name](const Team& candidate) { return candidate.name == name; });
  return team == teams_.end() ? nullptr : &*team;
}

const Key* Snapshot::find_key(std::string_view secret) const {
  // The look-up is by a keyed digest: how it ends tells nothing about the secret.
  const Digest digest = (*pepper_)(secret);
  const auto found = by_digest_.find(digest);
  return found != by_digest_.end() && equal_in_constant_time(found->second->digest, digest) ? found->second : nullptr;
}

Snapshot::Signer Snapshot::find_signer(std::string_view name) const {
  const auto found = signers_.find(name);
  if (found == signers_.end()) return {nullptr, &*nobody_};
  return {found->second.key, &found->second.root};
}

}  // namespace sluice
