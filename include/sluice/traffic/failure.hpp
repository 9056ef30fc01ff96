#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <sluice/base/error.hpp>

namespace sluice::traffic {

// What went wrong with an attempt, as far as deciding what to do next needs to know. The first five are tried again or
// elsewhere unless the configuration says otherwise (`retry.on`).
enum class FailureClass : std::uint8_t {
  connection,       // nobody was reached, or the connection broke before any byte of the answer
  timeout,          // too slow: to connect, to answer, or in the middle of an answer
  rate_limited,     // 429, whatever the reason
  overloaded,       // 503, 529 or the provider's words for it
  server_error,     // any other failure of the provider's, an answer that broke off among them
  context_length,   // the conversation is longer than the model reads
  model_not_found,  // the provider does not know the model
  content_refusal,  // the provider will not treat such content
  other,            // the caller's to mend, or ours: neither a repetition nor another target helps
};

// The name in the configuration ("rate_limited"); and back, or nothing.
std::string_view to_string(FailureClass failure);
std::optional<FailureClass> failure_class_named(std::string_view name);

FailureClass class_of(const Error& error);

// A set of classes.
class FailureClasses {
 public:
  constexpr FailureClasses() = default;
  constexpr FailureClasses& add(FailureClass failure) {
    bits_ = static_cast<std::uint16_t>(bits_ | bit(failure));
    return *this;
  }
  constexpr bool has(FailureClass failure) const { return (bits_ & bit(failure)) != 0; }
  // connection, timeout, rate_limited, overloaded, server_error.
  static constexpr FailureClasses usual() {
    FailureClasses all;
    for (const auto failure : {FailureClass::connection, FailureClass::timeout, FailureClass::rate_limited,
                               FailureClass::overloaded, FailureClass::server_error}) {
      all.add(failure);
    }
    return all;
  }
  bool operator==(const FailureClasses&) const = default;

 private:
  static constexpr std::uint16_t bit(FailureClass failure) {
    return static_cast<std::uint16_t>(1u << static_cast<unsigned>(failure));
  }
  std::uint16_t bits_ = 0;
};

// Who is kept from being asked again, because of an error: the whole provider (nobody could be reached there), the one
// key (refused, or out of quota), the one deployment, or nobody (the caller's own doing, or the gateway's).
enum class Suspect : std::uint8_t { nobody, key, deployment, provider };
Suspect suspect_of(const Error& error);

}  // namespace sluice::traffic
