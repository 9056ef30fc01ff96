#pragma once

#include <array>
#include <charconv>
#include <cstdint>
#include <span>
#include <string_view>

#include <sluice/gateway/exchange.hpp>

#include "gateway/names.hpp"

namespace sluice {

// Writes a number into `room` and returns its text.
inline std::string_view decimal(std::span<char> room, std::uint64_t number) {
  const std::to_chars_result result = std::to_chars(room.data(), room.data() + room.size(), number);
  return {room.data(), static_cast<std::size_t>(result.ptr - room.data())};
}

// The fields of a reply, borrowed from the exchange and from whoever adds them. Begins with the request's id, in
// x-request-id and where the dialect's clients look for it.
class ReplyFields {
 public:
  explicit ReplyFields(const Exchange& exchange) {
    add("x-request-id", exchange.scratch.id);
    const std::string_view own = exchange.spoken.request_id_field();
    if (!own.empty()) add(own, exchange.scratch.id);
  }

  void add(std::string_view name, std::string_view value) {
    if (count_ < fields_.size()) fields_[count_++] = {name, value};
  }
  // Where the answer came from: x-sluice-model, -route, -provider, -attempts.
  void add_route(const Exchange& exchange) {
    if (exchange.target == nullptr) return;
    add("x-sluice-model", name_at(*exchange.target, *exchange.serving, exchange.scratch.asked));
    if (exchange.route != nullptr) add("x-sluice-route", exchange.route->rule.name);
    add("x-sluice-provider", exchange.target->provider->name);
    add("x-sluice-attempts", decimal(attempts_, exchange.attempts));
  }
  bool has(std::string_view name) const { return http::find(all(), name).has_value(); }
  std::span<const http::Field> all() const { return {fields_.data(), count_}; }

 private:
  std::array<http::Field, 32> fields_{};
  std::size_t count_ = 0;
  std::array<char, 12> attempts_{};
};

}  // namespace sluice
