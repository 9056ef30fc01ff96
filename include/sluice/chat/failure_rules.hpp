#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/base/error.hpp>

// What one provider means by a failure, where its dialect's own rules would have it mean something else. Data of the
// catalogue.
namespace sluice::chat {

struct FailureRule {
  int status = 0;       // 0: any
  std::string says{};   // in lower case; somewhere in the body, in any case. Empty: anything
  std::string means{};  // one of failure_words()
};

// "credential", "rate", "quota", "overloaded", "timeout", "context_length", "model", "filtered", "refused", "server".
std::span<const std::string_view> failure_words();

// What the first rule that fits makes of a failure; without one, `error`, which the dialect made of it. How long to
// wait is kept.
Error by_rules(std::span<const FailureRule> rules, int status, std::string_view body, Error error);

}  // namespace sluice::chat
