#include "credential/answers.hpp"

#include <charconv>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include <sluice/base/text.hpp>

#include "credential/members.hpp"
#include "credential/trouble.hpp"

namespace sluice::credential {
namespace {

using std::chrono::seconds;

constexpr seconds usual_lifetime{600};  // of a token whose server does not tell
constexpr seconds longest_lifetime = std::chrono::hours(24 * 7);

// A short word of a server's, fit for a log: " (invalid_grant)".
std::string in_brackets(const std::string& word) {
  const bool plain =
      !word.empty() && word.size() <= 64 &&
      word.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_.-0123456789") == std::string::npos;
  return plain ? " (" + word + ")" : std::string();
}

// Seconds, as a number or as a string of digits; some servers write the latter.
std::optional<seconds> lifetime_of(const nlohmann::json& answer) {
  const auto found = answer.find("expires_in");
  if (found == answer.end() || found->is_null()) return usual_lifetime;
  std::optional<std::uint64_t> count;
  if (found->is_string()) {
    count = parse_decimal(found->get_ref<const std::string&>());
  } else if (found->is_number()) {
    const double number = found->get<double>();
    if (number >= 0 && number < 1e15) count = static_cast<std::uint64_t>(number);
  }
  if (!count || *count == 0) return std::nullopt;
  return seconds(std::min<std::uint64_t>(*count, longest_lifetime.count()));
}

std::optional<unsigned> digits(std::string_view text, std::size_t at, std::size_t count) {
  if (text.size() < at + count) return std::nullopt;
  const auto value = parse_decimal(text.substr(at, count));
  return value ? std::optional(static_cast<unsigned>(*value)) : std::nullopt;
}

// "2026-11-23T05:00:00Z", with or without a fraction. In seconds: nanoseconds end in 2262.
std::optional<std::chrono::sys_seconds> parse_time(std::string_view text) {
  const auto year = digits(text, 0, 4), month = digits(text, 5, 2), day = digits(text, 8, 2);
  const auto hour = digits(text, 11, 2), minute = digits(text, 14, 2), second = digits(text, 17, 2);
  if (!year || !month || !day || !hour || !minute || !second || text.back() != 'Z') return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(*year)), std::chrono::month(*month),
                                         std::chrono::day(*day)};
  if (!date.ok() || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  return std::chrono::sys_days(date) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) + seconds(*second);
}

}  // namespace

Result<Granted> read_token_answer(int status, std::string_view body) {
  const std::optional<nlohmann::json> answer = read_object(body);
  if (status != 200) {
    const std::string word = answer ? text_member(*answer, "error") : std::string();
    return trouble("the token server answered " + std::to_string(status) + in_brackets(word));
  }
  if (!answer) return trouble("the token server's answer is no JSON object");
  const std::string type = text_member(*answer, "token_type");
  if (!type.empty() && !equals_ignoring_case(type, "bearer")) return trouble("the token server gave no bearer token");
  std::string token = text_member(*answer, "access_token");
  const auto lifetime = lifetime_of(*answer);
  if (!is_sendable(token)) return trouble("the token server's answer has no usable access_token");
  if (!lifetime) return trouble("the token server's answer has no usable expires_in");
  return Granted{{Secret(std::move(token)), {}}, *lifetime};
}

Result<Granted> read_keys_answer(int status, std::string_view body, UtcTime now) {
  const std::optional<nlohmann::json> answer = read_object(body);
  if (status != 200) return trouble("the metadata server answered " + std::to_string(status));
  if (!answer) return trouble("the metadata server's answer is no JSON object");
  const std::string code = text_member(*answer, "Code");
  if (!code.empty() && code != "Success") return trouble("the metadata server has no keys" + in_brackets(code));
  Granted granted;
  AwsKeys& keys = granted.grant.keys;
  keys.access_key_id = text_member(*answer, "AccessKeyId");
  keys.secret_access_key = Secret(text_member(*answer, "SecretAccessKey"));
  keys.session_token = Secret(text_member(*answer, "Token"));
  const bool token_usable = keys.session_token.empty() || is_sendable(keys.session_token.reveal());
  if (!is_sendable(keys.access_key_id) || !is_sendable(keys.secret_access_key.reveal()) || !token_usable) {
    return trouble("the metadata server's answer has no usable keys");
  }
  const std::string expiration = text_member(*answer, "Expiration");
  if (expiration.empty()) return granted;
  const auto expires = parse_time(expiration);
  if (!expires) return trouble("the metadata server's answer has no usable Expiration");
  const seconds left = *expires - std::chrono::floor<seconds>(now);
  if (left <= seconds::zero()) return trouble("the metadata server's keys have expired");
  granted.lifetime = std::min(left, longest_lifetime);
  return granted;
}

}  // namespace sluice::credential
