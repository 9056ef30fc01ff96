#include "ledger/key_wishes.hpp"

#include <algorithm>

#include <sluice/base/network.hpp>

namespace sluice::ledger {
namespace {

constexpr std::size_t most_items = 100;
constexpr std::size_t longest_item = 256;

// As names of the configuration are.
bool is_key_name(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '.' || c == '_' ||
           c == '-';
  });
}

// Patterns and names: no spaces, nothing that cannot be seen.
bool is_word(std::string_view text) {
  return !text.empty() && text.size() <= longest_item &&
         std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) > ' ' && c != 0x7f; });
}

Error bad_wish(std::string message) {
  return Error(Fault::bad_request, Blame::client, "invalid_key_request", std::move(message));
}

Result<> check_words(std::string_view what, const std::optional<std::vector<std::string>>& words) {
  if (!words) return Ok{};
  if (words->empty())
    return bad_wish("an empty list of " + std::string(what) + " would allow nothing; leave it out to allow all");
  if (words->size() > most_items) return bad_wish("there are more than 100 " + std::string(what));
  for (const std::string& word : *words) {
    if (!is_word(word)) return bad_wish("one of the " + std::string(what) + " is empty, too long or has spaces in it");
  }
  return Ok{};
}

Result<> check_ranges(const std::vector<std::string>& cidrs) {
  if (cidrs.size() > most_items) return bad_wish("there are more than 100 ranges of addresses");
  for (const std::string& cidr : cidrs) {
    if (Network::parse(cidr)) continue;
    const auto meant = Network::around(cidr);
    return bad_wish("\"" + cidr + "\" is no range of addresses; write " +
                    (meant ? meant->text() : "10.0.0.0/8 or ::1"));
  }
  return Ok{};
}

// What the words of terms could not tell again, or nobody needs.
Result<> check_terms(const Terms& terms, const std::optional<std::string>& exhausted) {
  if (terms.limits.size() > most_items || terms.budgets.size() > most_items)
    return bad_wish("there are more than 100 limits or budgets");
  for (const Limit& limit : terms.limits) {
    if (limit.amount == 0) return bad_wish("a limit of 0 would allow nothing; revoke the key instead");
  }
  for (const Budget& budget : terms.budgets) {
    if (budget.raises.size() > most_items) return bad_wish("there are more than 100 raises of a budget");
    if (!budget.zone.empty() && !is_word(budget.zone)) return bad_wish("a time zone has spaces in it, or is too long");
  }
  if (exhausted && !exhausted->empty() && !is_word(*exhausted))
    return bad_wish("the name of the model to downgrade to is too long or has spaces in it");
  return Ok{};
}

}  // namespace

Result<> check_wishes(const NewKey& wanted, UtcTime now) {
  if (!is_key_name(wanted.name))
    return bad_wish("\"" + wanted.name + "\" is no usable name: 1 to 64 letters, digits, dots, dashes and underscores");
  if (!wanted.team.empty() && !is_key_name(wanted.team))
    return bad_wish("no team can be called \"" + wanted.team + "\"");
  if (wanted.expires_at && *wanted.expires_at <= now) return bad_wish("the key would have expired already");
  for (const Result<>& checked : {check_words("models", wanted.models), check_words("endpoints", wanted.endpoints),
                                  check_ranges(wanted.cidrs), check_terms(wanted.terms, wanted.exhausted)}) {
    if (!checked) return checked.error();
  }
  return Ok{};
}

NewKey wish_behind(const StoredKey& key) {
  return {key.name, key.team, key.models, key.endpoints, key.cidrs, key.expires_at, key.terms, key.exhausted};
}

void fulfil(const NewKey& wanted, StoredKey& key) {
  key.models = wanted.models;
  key.endpoints = wanted.endpoints;
  key.cidrs = wanted.cidrs;
  key.expires_at = wanted.expires_at;
  key.terms = wanted.terms;
  key.exhausted = wanted.exhausted;
}

std::string lines_of(const std::vector<std::string>& items) {
  std::string lines;
  for (const std::string& item : items) lines += item + "\n";
  return lines;
}

std::vector<std::string> items_of(std::string_view lines) {
  std::vector<std::string> items;
  while (!lines.empty()) {
    const std::size_t end = std::min(lines.find('\n'), lines.size());
    items.emplace_back(lines.substr(0, end));
    lines.remove_prefix(std::min(end + 1, lines.size()));
  }
  return items;
}

}  // namespace sluice::ledger
