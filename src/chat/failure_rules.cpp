#include <sluice/chat/failure_rules.hpp>

#include <algorithm>
#include <array>
#include <cstddef>

#include "chat/provider_failures.hpp"

namespace sluice::chat {
namespace {

constexpr std::array words{std::string_view("credential"), std::string_view("rate"),
                           std::string_view("quota"),      std::string_view("overloaded"),
                           std::string_view("timeout"),    std::string_view("context_length"),
                           std::string_view("model"),      std::string_view("filtered"),
                           std::string_view("refused"),    std::string_view("server")};
constexpr std::array meanings{FailureClass::credential, FailureClass::rate,     FailureClass::quota,
                              FailureClass::overloaded, FailureClass::timeout,  FailureClass::overflow,
                              FailureClass::not_found,  FailureClass::filtered, FailureClass::refusal,
                              FailureClass::server};
static_assert(words.size() == meanings.size());

constexpr std::size_t looked_at = 16 * 1024;  // bytes of a body

}  // namespace

std::span<const std::string_view> failure_words() { return words; }

Error by_rules(std::span<const FailureRule> rules, int status, std::string_view body, Error error) {
  for (const FailureRule& rule : rules) {
    if (rule.status != 0 && rule.status != status) continue;
    if (!rule.says.empty() && !says(body.substr(0, looked_at), {rule.says})) continue;
    const auto word = std::find(words.begin(), words.end(), rule.means);
    if (word == words.end()) continue;
    const FailureClass what = meanings[static_cast<std::size_t>(word - words.begin())];
    return failure_of(what, {}).with_retry_after(error.retry_after());
  }
  return error;
}

}  // namespace sluice::chat
