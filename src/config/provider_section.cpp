#include <algorithm>
#include <utility>

#include <sluice/base/text.hpp>

#include "config/credential_section.hpp"
#include "config/manners_section.hpp"
#include "config/provider_address.hpp"
#include "config/provider_terms.hpp"
#include "config/sections.hpp"
#include "config/units.hpp"

namespace sluice::config {
namespace {

// The kind a provider says it is, or is by its name. Null after complaining.
const Kind* find_kind(const Member& member, const Catalogue& catalogue) {
  const Value written = member.value["kind"];
  std::string name = member.name;
  if (written.written()) {
    name.clear();
    read_text(written, name);
    if (name.empty()) return nullptr;
  }
  if (const Kind* kind = catalogue.find(name)) return kind;
  const auto near = nearest_name(name.substr(0, 64), catalogue.names());
  std::string remedy = near ? "did you mean \"" + std::string(*near) + "\"? " : std::string();
  remedy += "known kinds: " + listed(catalogue.names());
  if (written.written()) {
    written.wrong("no kind is called " + in_quotes(written.raw()), std::move(remedy));
  } else {
    member.value.wrong_key("has no kind, and none is called " + in_quotes(name), std::move(remedy));
  }
  return nullptr;
}

void read_ca(const Value& value, Provider& provider) {
  const Section section(value, {"ca"});
  read_pem(section["ca"], Pem::authorities, provider.ca_file);
  const auto url = parse_url(provider.base_url);
  if (!provider.ca_file.empty() && url && !url->tls)
    value.doubtful("tls has no effect on an http URL", "write an https URL, or remove it");
}

// A URL with another path.
std::string with_path(const std::string& url, const std::string& path) {
  constexpr std::string_view mark = "://";
  return url.substr(0, url.find('/', url.find(mark) + mark.size())) + path;
}

void read_dialect(const Value& value, const Catalogue& catalogue, Provider& provider) {
  const Names known(catalogue.dialects.begin(), catalogue.dialects.end());
  if (value.written()) read_choice(value, known, provider.dialect);
}

// A dialect named in the file is the only one that is spoken: whoever writes it knows the server. Where the kind tells
// its path, that is the address.
void speak_one_dialect(const Kind& kind, Provider& provider) {
  provider.door = kind.door_to(provider.dialect);
  for (const Provider::Voice& voice : provider.also) {
    if (voice.dialect == provider.dialect) provider.base_url = with_path(provider.base_url, voice.path);
  }
  provider.also.clear();
}

// Several keys, of which no two are the same.
void read_keys_in_turn(const Value& value, Provider& provider) {
  if (!value.written()) return;
  const auto items = value.items();
  if (items.empty() && (value.empty() || value.shape() == Shape::sequence))
    return value.wrong("has no value", "list at least one key, or remove it");
  std::vector<Secret> keys;
  for (const Value& item : items) {
    Secret key;
    read_secret(item, key);
    if (key.empty()) continue;
    const auto is_same = [&](const Secret& other) { return other.reveal() == key.reveal(); };
    if (std::any_of(keys.begin(), keys.end(), is_same)) item.wrong("the same key stands before it", "keep one of them");
    keys.push_back(std::move(key));
  }
  if (keys.empty()) return;
  provider.api_key = std::move(keys.front());
  keys.erase(keys.begin());
  provider.more_keys = std::move(keys);
}

void read_key(const Member& member, Provider& provider) {
  const Value key = member.value["api_key"];
  const Value keys = member.value["api_keys"];
  read_secret(key, provider.api_key);
  read_keys_in_turn(keys, provider);
  if (key.written() && keys.written()) keys.wrong_key("stands beside api_key", "write all keys into api_keys");
}

void miss_key(const Member& member, const Kind& kind) {
  const Value key = member.value["api_key"];
  if (kind.key != KeyNeed::required || key.written() || member.value["api_keys"].written()) return;
  const std::string variable = kind.key_variable.empty() ? "NAME" : kind.key_variable;
  key.wrong("kind " + kind.name + " needs a key", "write api_key: \"${" + variable + "}\"");
}

void refuse_what_has_no_effect(const Member& member, const Kind& kind) {
  Names names{"api_key", "api_keys", "base_url", "allow_private", "tls",
              "dialect", "region",   "location", "project",       "health_check"};
  names.insert(names.end(), credential_keys().begin(), credential_keys().end());
  names.insert(names.end(), manner_keys().begin(), manner_keys().end());
  for (const std::string_view name : names) {
    const Value value = member.value[name];
    if (value.written()) value.wrong_key("has no effect: kind " + kind.name + " is built in", "remove it");
  }
}

// By a name; addresses that are written literally are always allowed.
bool leads_home(const std::string& base_url) {
  const auto url = parse_url(base_url);
  return url && (url->host == "localhost" || url->host.ends_with(".localhost"));
}

Names provider_keys() {
  Names names{"kind",   "dialect",  "api_key", "api_keys",      "base_url",
              "region", "location", "project", "allow_private", "tls"};
  names.insert(names.end(), credential_keys().begin(), credential_keys().end());
  names.insert(names.end(), term_keys().begin(), term_keys().end());
  names.insert(names.end(), manner_keys().begin(), manner_keys().end());
  return names;
}

// Who speaks a dialect that its kind does not is spoken to as those are whose own it is: with the key in their field.
void take_manners_of(const std::string& dialect, const Kind& kind, const Catalogue& catalogue, Provider& provider) {
  if (dialect != kind.dialect) provider.manners = provider.manners.elsewhere();
  const bool is_kinds =
      dialect == kind.dialect || std::any_of(kind.also.begin(), kind.also.end(),
                                             [&](const Provider::Voice& voice) { return voice.dialect == dialect; });
  if (is_kinds || !provider.door.empty()) return;
  const auto home = std::find_if(catalogue.kinds.begin(), catalogue.kinds.end(), [&](const Kind& other) {
    return other.dialect == dialect && other.credential == CredentialWay::none;
  });
  if (home == catalogue.kinds.end()) return;
  provider.manners.key_header = home->manners.key_header;
  provider.manners.headers = home->manners.headers;
  provider.manners.default_max_tokens = home->manners.default_max_tokens;
}

Provider read_provider(const Member& member, const Catalogue& catalogue) {
  const Section section(member.value, provider_keys());
  Provider provider;
  const Kind* kind = find_kind(member, catalogue);
  if (kind != nullptr) provider = provider_of(*kind);
  provider.name = member.name;
  if (section["base_url"].written()) provider.residency.clear();  // told of the kind's own address only
  read_terms(member.value, provider);
  if (kind != nullptr && kind->built_in) {
    refuse_what_has_no_effect(member, *kind);
    return provider;
  }
  read_base_url(section["base_url"], provider.base_url);
  read_flag(section["allow_private"], provider.allow_private);
  if (kind == nullptr) {
    read_dialect(section["dialect"], catalogue, provider);
    read_ca(section["tls"], provider);
    read_key(member, provider);
    return provider;
  }
  read_key(member, provider);
  miss_key(member, *kind);
  Places places = read_places(member.value, *kind);
  read_credential(member.value, *kind, places, provider);
  fill_address(member.value, *kind, places, provider);
  place_voices(*kind, provider);
  read_dialect(section["dialect"], catalogue, provider);
  if (section["dialect"].written()) speak_one_dialect(*kind, provider);
  take_manners_of(provider.dialect, *kind, catalogue, provider);
  read_manners(member.value, provider.manners);
  read_ca(section["tls"], provider);
  if (leads_home(provider.base_url) && !provider.allow_private) {
    section["base_url"].doubtful("leads to this machine, where the provider may not be", "write allow_private: true");
  }
  if (provider.base_url.empty() && !section["base_url"].written())
    section["base_url"].wrong("kind " + kind->name + " needs a base_url", "write base_url: https://HOST[:PORT][/PATH]");
  return provider;
}

}  // namespace

Provider provider_of(const Kind& kind) {
  Provider provider;
  provider.name = kind.name;
  provider.kind = kind.name;
  provider.dialect = kind.dialect;
  provider.door = kind.door_to(kind.dialect);
  provider.base_url = kind.base_url;
  place_voices(kind, provider);
  provider.built_in = kind.built_in;
  provider.allow_private = kind.allow_private;
  provider.manners = kind.manners;
  provider.residency = kind.residency;
  return provider;
}

void read_providers(const Value& value, const Catalogue& catalogue, std::vector<Provider>& providers) {
  for (const Member& member : members(value)) {
    if (!is_name(member.name))
      member.value.wrong_key("no usable name", "1 to 64 letters, digits, dots, dashes and underscores");
    providers.push_back(read_provider(member, catalogue));
  }
}

}  // namespace sluice::config
