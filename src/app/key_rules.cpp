#include "app/key_rules.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>
#include <vector>

#include <sluice/base/utc_text.hpp>
#include <sluice/config/allowance.hpp>

#include "app/key_words.hpp"
#include "app/terms_json.hpp"

namespace sluice::app {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array<const char*, 3> members_of_terms{"limits", "budget", "on_exhausted"};

Error bad_rule(std::string message) {
  return Error(Fault::bad_request, Blame::client, "invalid_request", std::move(message));
}

config::Written written(const Json& json) {
  using Shape = config::Written::Shape;
  config::Written value;
  if (json.is_object()) {
    value.shape = Shape::mapping;
    for (const auto& [name, member] : json.items()) value.members.push_back({name, written(member)});
  } else if (json.is_array()) {
    value.shape = Shape::list;
    for (const Json& item : json) value.items.push_back(written(item));
  } else if (!json.is_null()) {
    value.shape = Shape::text;
    value.text = json.is_string() ? json.get<std::string>() : json.dump();
  }
  return value;
}

// The texts of a list; nothing for null.
Result<std::optional<std::vector<std::string>>> texts_of(const Json& list, const char* name) {
  if (list.is_null()) return std::optional<std::vector<std::string>>();
  const bool texts =
      list.is_array() && std::all_of(list.begin(), list.end(), [](const Json& item) { return item.is_string(); });
  if (!texts) return bad_rule(std::string(name) + " is no list of strings");
  return std::optional<std::vector<std::string>>(list.get<std::vector<std::string>>());
}

Result<> apply_lists(const Json& patch, UtcTime, ledger::NewKey& key) {
  std::optional<std::vector<std::string>> cidrs(key.cidrs);
  const std::array<std::pair<const char*, std::optional<std::vector<std::string>>*>, 3> lists{
      {{"models", &key.models}, {"endpoints", &key.endpoints}, {"cidrs", &cidrs}}};
  for (const auto& [name, list] : lists) {
    const auto member = patch.find(name);
    if (member == patch.end()) continue;
    Result<std::optional<std::vector<std::string>>> texts = texts_of(*member, name);
    if (!texts) return std::move(texts).error();
    *list = *std::move(texts);
  }
  key.cidrs = cidrs.value_or(std::vector<std::string>());
  return Ok{};
}

Result<> apply_expiry(const Json& patch, UtcTime now, ledger::NewKey& key) {
  if (!patch.contains("expires")) return Ok{};
  const Result<std::optional<std::string>> text = text_in(patch, "expires");
  if (!text) return text.error();
  key.expires_at.reset();
  if (!*text) return Ok{};
  const Result<UtcTime> expiry = expiry_in(**text, now);
  if (!expiry) return expiry.error();
  key.expires_at = *expiry;
  return Ok{};
}

// What is one thing or a list of them, as a list.
Json& as_list(Json& value) {
  if (value.is_null()) value = Json::array();
  if (value.is_object()) {
    Json list = Json::array();
    list.push_back(std::move(value));
    value = std::move(list);
  }
  return value;
}

// The budget that a raise is of: the only one, or the only one of that window.
Result<Json*> budget_to_raise(Json& budgets, const std::optional<std::string>& window) {
  Json* found = nullptr;
  for (Json& budget : budgets) {
    const bool meant = budget.is_object() && (!window || budget.value("per", Json()) == *window);
    if (!meant) continue;
    if (found != nullptr) {
      return bad_rule(window ? "the key has two budgets per " + *window + "; write the raise into `budget`"
                             : "the key has several budgets; say which one to raise: per day, month, …");
    }
    found = &budget;
  }
  if (found == nullptr) return bad_rule("the key has no budget" + (window ? " per " + *window : "") + " to raise");
  return found;
}

// Those that are over are forgotten by the way.
void add_to_raises(Json raise, UtcTime now, Json& raises) {
  Json kept = Json::array();
  for (const Json& before : as_list(raises)) {
    const Json until = before.is_object() ? before.value("until", Json()) : Json();
    const auto end = until.is_string() ? parse_utc(until.get_ref<const std::string&>()) : std::nullopt;
    if (!end || *end > now) kept.push_back(before);
  }
  kept.push_back(std::move(raise));
  raises = std::move(kept);
}

Result<> apply_raise(const Json& raise, UtcTime now, Json& terms) {
  if (!raise.is_object()) return bad_rule(R"(raise is no object; write {"usd": AMOUNT, "until": TIME})");
  for (const auto& [name, value] : raise.items()) {
    if (name != "usd" && name != "until" && name != "per") return bad_rule("raise has no member \"" + name + "\"");
  }
  const Result<std::optional<std::string>> window = text_in(raise, "per");
  const Result<std::optional<std::string>> until = text_in(raise, "until");
  for (const auto* text : {&window, &until})
    if (!*text) return text->error();
  if (!*until) return bad_rule("raise does not say until when");
  const Result<UtcTime> end = expiry_in(**until, now);
  if (!end) return end.error();
  if (*end <= now) return bad_rule("the raise would be over already");
  const Result<Json*> budget = budget_to_raise(as_list(terms["budget"]), *window);
  if (!budget) return budget.error();
  Json added;
  if (raise.contains("usd")) added["usd"] = raise["usd"];
  added["until"] = utc_text(std::chrono::ceil<std::chrono::seconds>(*end));
  add_to_raises(std::move(added), now, (**budget)["raise"]);
  return Ok{};
}

// An empty list or object in the place of something else would take away what is there by mistake. Nothing in `limits`,
// and no `budget` in a list of them, is what a key without any has.
bool is_of_no_use(std::string_view name, const Json& value) {
  if (!value.is_structured() || !value.empty()) return false;
  return !(name == "limits" && value.is_object()) && !(name == "budget" && value.is_array());
}

// What the key has is written as it would be in a request, changed there, and read as a whole.
Result<> apply_terms(const Json& patch, UtcTime now, ledger::NewKey& key) {
  Json terms;
  tell_terms(key.terms, key.exhausted, terms);
  Json asked = Json::object();
  for (const char* const name : members_of_terms) {
    if (!patch.contains(name)) continue;
    if (is_of_no_use(name, patch[name])) {
      return bad_rule(std::string(name) + " is empty, or no such value; null takes away what is there");
    }
    asked[name] = patch[name];
  }
  terms.merge_patch(asked);
  for (const char* const name : members_of_terms)
    if (terms.contains(name) && terms[name].empty()) terms.erase(name);
  if (patch.contains("raise") && !patch["raise"].is_null()) {
    const Result<> raised = apply_raise(patch["raise"], now, terms);
    if (!raised) return raised;
  }
  Result<config::Allowance> allowance = config::read_allowance(written(terms));
  if (!allowance) return std::move(allowance).error();
  key.terms = std::move(allowance->terms);
  // As finely as it is kept.
  for (ledger::Budget& budget : key.terms.budgets)
    for (ledger::Budget::Raise& raise : budget.raises)
      raise.until = std::chrono::ceil<std::chrono::seconds>(raise.until);
  key.exhausted.reset();
  if (allowance->exhausted) key.exhausted = std::move(allowance->exhausted->downgrade);
  return Ok{};
}

}  // namespace

void tell_terms(const ledger::Terms& terms, const std::optional<std::string>& exhausted, Json& key) {
  add_terms(terms, key);
  key["on_exhausted"] = exhausted ? exhausted_json(*exhausted) : Json(nullptr);
}

Result<> apply_rules(const Json& patch, UtcTime now, ledger::NewKey& key) {
  for (const auto step : {apply_lists, apply_expiry, apply_terms}) {
    Result<> applied = step(patch, now, key);
    if (!applied) return applied;
  }
  return Ok{};
}

Result<std::optional<std::string>> text_in(const Json& object, const char* name) {
  const auto member = object.find(name);
  if (member == object.end() || member->is_null()) return std::optional<std::string>();
  if (!member->is_string()) return bad_rule(std::string(name) + " is no string");
  return std::optional<std::string>(member->get<std::string>());
}

}  // namespace sluice::app
