#include "app/key_patch.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "app/key_rules.hpp"
#include "app/key_words.hpp"

namespace sluice::app {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view nothing = "none";

Error bad_option_value(const char* option, const std::string& value, std::string_view remedy) {
  return Error(Fault::bad_request, Blame::client, "invalid_option",
               std::string(option) + ": \"" + value + "\": " + std::string(remedy));
}

Json text_or_nothing(std::string_view text) { return text == nothing ? Json(nullptr) : Json(text); }

void add_list(const std::optional<std::string>& option, const char* member, std::string_view all, Json& patch) {
  if (option) patch[member] = *option == all ? Json(nullptr) : Json(items_in(*option));
}

// "NAME=AMOUNT", or "NAME=none" for one that the key has.
Result<> add_limit(const std::string& option, const Json& now, Json& limits) {
  const std::size_t mark = option.find('=');
  if (mark == std::string::npos || mark == 0)
    return bad_option_value("--limit", option, "write NAME=AMOUNT, such as rpm=600");
  const std::string name = option.substr(0, mark);
  const std::string amount = option.substr(mark + 1);
  if (amount == nothing && !now.contains(name))
    return bad_option_value("--limit", option, "the key has no limit of that name");
  limits[name] = text_or_nothing(amount);
  return Ok{};
}

Result<> add_limits(const KeyOptions& options, const Json& now, Json& patch) {
  Json limits = Json::object();
  for (const std::string& option : options.limits) {
    Result<> added = add_limit(option, now["limits"], limits);
    if (!added) return added;
  }
  if (options.concurrent) limits["concurrent"] = text_or_nothing(*options.concurrent);
  if (!limits.empty()) patch["limits"] = std::move(limits);
  return Ok{};
}

// "USD/WINDOW", or "none/WINDOW" for one that the key has. What else is said of a budget stays; the first `known` are
// those that the key has.
Result<> add_budget(const std::string& option, Json& budgets, std::size_t& known) {
  const std::size_t mark = option.find('/');
  if (mark == std::string::npos || mark == 0)
    return bad_option_value("--budget", option, "write USD/WINDOW, such as 20/day");
  const std::string amount = option.substr(0, mark);
  const std::string window = option.substr(mark + 1);
  const auto end = budgets.begin() + static_cast<std::ptrdiff_t>(known);
  const auto found = std::find_if(budgets.begin(), end, [&](const Json& budget) {
    return budget["per"].get_ref<const std::string&>() == window && !budget.contains("rolling");
  });
  if (amount == nothing) {
    if (found == end) return bad_option_value("--budget", option, "the key has no such budget");
    budgets.erase(found);
    --known;
  } else if (found != end) {
    (*found)["usd"] = amount;
  } else {
    budgets.push_back(Json{{"usd", amount}, {"per", window}});
  }
  return Ok{};
}

Result<> add_budgets(const KeyOptions& options, const Json& now, Json& patch) {
  if (options.budgets.empty()) return Ok{};
  Json budgets = now["budget"];
  std::size_t known = budgets.size();
  for (const std::string& option : options.budgets) {
    Result<> added = add_budget(option, budgets, known);
    if (!added) return added;
  }
  patch["budget"] = std::move(budgets);
  return Ok{};
}

// "USD", or "USD/WINDOW" where the key has several budgets.
Result<> add_raise(const KeyOptions& options, Json& patch) {
  if (!options.raise) return Ok{};
  const std::size_t mark = std::min(options.raise->find('/'), options.raise->size());
  if (!options.until) return bad_option_value("--raise", *options.raise, "say until when with --until");
  Json raise{{"usd", options.raise->substr(0, mark)}, {"until", *options.until}};
  if (mark < options.raise->size()) raise["per"] = options.raise->substr(mark + 1);
  patch["raise"] = std::move(raise);
  return Ok{};
}

}  // namespace

Result<Json> patch_of(const KeyOptions& options, const ledger::NewKey& key) {
  Json now;
  tell_terms(key.terms, key.exhausted, now);
  Json patch = Json::object();
  add_list(options.models, "models", "", patch);
  add_list(options.endpoints, "endpoints", "all", patch);
  add_list(options.cidrs, "cidrs", "any", patch);
  if (options.expires) patch["expires"] = *options.expires == "never" ? Json(nullptr) : Json(*options.expires);
  if (options.downgrade) patch["on_exhausted"]["downgrade"] = *options.downgrade;
  if (options.exhausted) patch["on_exhausted"] = *options.exhausted == "refuse" ? Json("refuse") : Json(nullptr);
  Result<> added = add_limits(options, now, patch);
  if (added) added = add_budgets(options, now, patch);
  if (added) added = add_raise(options, patch);
  if (!added) return std::move(added).error();
  return patch;
}

}  // namespace sluice::app
