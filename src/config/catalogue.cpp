#include "config/catalogue.hpp"

#include <algorithm>

#include "config/manners_section.hpp"
#include "config/reader.hpp"

namespace sluice::embedded {
extern const std::string_view providers_yaml;
}

namespace sluice::config {
namespace {

std::vector<std::string> read_list(const Value& value) {
  std::vector<std::string> out;
  for (const Value& item : value.items())
    if (auto text = item.text()) out.push_back(std::move(*text));
  return out;
}

std::vector<Thinking> read_thinking(const Value& list) {
  std::vector<Thinking> rules;
  for (const Value& item : list.items()) {
    const Section section(item, {"models", "takes"});
    rules.push_back({read_list(section["models"]), read_list(section["takes"])});
  }
  return rules;
}

void read_more_manners(const Section& section, Manners& manners) {
  const Section names(section["names"], {"dimensions", "purpose", "top_n"});
  read_text(names["dimensions"], manners.dimensions);
  read_text(names["purpose"], manners.purpose);
  read_text(names["top_n"], manners.top_n);
  manners.text_lists = read_list(section["text_lists"]);
  manners.instances = read_list(section["instances"]);
  manners.single = read_list(section["single"]);
  read_flag(section["bare_counts"], manners.bare_counts);
  for (const Member& member : members(section["members"])) {
    std::string name;
    read_text(member.value, name);
    manners.members.emplace_back(member.name, std::move(name));
  }
  read_number(section["call_ids"], 1, 32, manners.call_ids);
  read_flag(section["tells_usage"], manners.tells_usage);
}

void read_credential_way(const Section& section, Kind& kind) {
  std::string way;
  read_choice(section["credential"], {"aws_sigv4", "service_account", "client_credentials"}, way);
  if (way == "aws_sigv4") kind.credential = CredentialWay::aws_sigv4;
  if (way == "service_account") kind.credential = CredentialWay::service_account;
  if (way == "client_credentials") kind.credential = CredentialWay::client_credentials;
  read_text(section["service"], kind.service);
  read_text(section["scope"], kind.scope);
  read_text(section["token_url"], kind.token_url);
  read_text(section["bearer_variable"], kind.bearer_variable);
}

Kind read_kind(const Member& member) {
  Names known{"dialect",       "doors",      "also",    "base_url", "key",        "key_variable",    "models",
              "allow_private", "built_in",   "probe",   "names",    "text_lists", "instances",       "single",
              "bare_counts",   "credential", "service", "scope",    "token_url",  "bearer_variable", "tables",
              "free",          "residency",  "members", "call_ids", "tells_usage"};
  known.insert(known.end(), manner_keys().begin(), manner_keys().end());
  const Section section(member.value, known);
  Kind kind;
  kind.name = member.name;
  std::string key = "required";
  read_text(section["dialect"], kind.dialect);
  for (const Member& door : members(section["doors"])) {
    std::string name;
    read_text(door.value, name);
    kind.doors.emplace_back(door.name, std::move(name));
  }
  for (const Member& voice : members(section["also"])) {
    std::string path;
    read_text(voice.value, path);
    kind.also.push_back({voice.name, std::move(path)});
  }
  read_text(section["base_url"], kind.base_url);
  read_choice(section["key"], {"required", "optional", "none"}, key);
  read_text(section["key_variable"], kind.key_variable);
  kind.models = read_list(section["models"]);
  kind.tables = section["tables"].written() ? read_list(section["tables"]) : std::vector{kind.name};
  read_flag(section["allow_private"], kind.allow_private);
  read_flag(section["built_in"], kind.built_in);
  read_flag(section["free"], kind.free);
  read_flag(section["probe"], kind.probe);
  read_manners(member.value, kind.manners);
  read_more_manners(section, kind.manners);
  read_text(section["residency"], kind.residency);
  read_credential_way(section, kind);
  kind.key = key == "required" ? KeyNeed::required : key == "optional" ? KeyNeed::optional : KeyNeed::none;
  return kind;
}

}  // namespace

std::string Kind::door_to(std::string_view spoken) const {
  const auto found = std::find_if(doors.begin(), doors.end(), [&](const auto& door) { return door.first == spoken; });
  return found == doors.end() ? std::string() : found->second;
}

const Kind* Catalogue::find(std::string_view name) const {
  const auto found = std::find_if(kinds.begin(), kinds.end(), [&](const Kind& kind) { return kind.name == name; });
  return found == kinds.end() ? nullptr : &*found;
}

std::vector<std::string_view> Catalogue::names() const {
  std::vector<std::string_view> out;
  out.reserve(kinds.size());
  for (const Kind& kind : kinds) out.push_back(kind.name);
  return out;
}

Catalogue read_catalogue(std::string_view text, Complaints& complaints) {
  const Surroundings nothing{[](const std::string&) { return std::nullopt; },
                             [](const std::string&) { return std::nullopt; }};
  const Desk desk{nothing, complaints};
  Catalogue catalogue;
  const Document document = parse_yaml(text, complaints);
  if (document.root == nullptr) return catalogue;
  const Section root(Value(document.root, {}, "", desk),
                     {"dialects", "endpoints", "kinds", "thinking", "other_variables"});
  catalogue.dialects = read_list(root["dialects"]);
  catalogue.endpoints = read_list(root["endpoints"]);
  const std::vector<Thinking> thinking = read_thinking(root["thinking"]);
  for (const Member& member : members(root["kinds"])) {
    catalogue.kinds.push_back(read_kind(member));
    catalogue.kinds.back().manners.thinking = thinking;
  }
  catalogue.other_variables = read_list(root["other_variables"]);
  return catalogue;
}

Catalogue shipped_catalogue() {
  Complaints ignored;  // that there are none is for the tests to show
  return read_catalogue(embedded::providers_yaml, ignored);
}

std::span<const std::string_view> endpoint_names() {
  static const std::vector<std::string> texts = shipped_catalogue().endpoints;
  static const std::vector<std::string_view> names(texts.begin(), texts.end());
  return names;
}

}  // namespace sluice::config
