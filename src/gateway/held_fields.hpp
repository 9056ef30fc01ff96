#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <span>
#include <string_view>

#include <sluice/http/reader.hpp>

#include "gateway/charge.hpp"
#include "gateway/limit_fields.hpp"
#include "gateway/reply_fields.hpp"
#include "gateway/upstream_head.hpp"

namespace sluice {

// Fields of the provider's answer and ours, with memory of their own.
class HeldFields {
 public:
  HeldFields(const Exchange& exchange, TimePoint now) : fields_(exchange) {
    fields_.add_route(exchange);
    fields_.add("server-timing", timing(exchange, now));
    limits_.add_to(fields_, exchange, {now, UtcTime()});
  }
  HeldFields(const HeldFields&) = delete;
  HeldFields& operator=(const HeldFields&) = delete;

  // The provider's fields that callers may see. They are void once the answer's body is read: kept here.
  void keep(const http::ResponseHead& head) {
    std::size_t used = 0;
    for (const http::Field& field : head.fields) {
      const std::string_view name = passed_on_as(field.name);
      if (name.empty() || fields_.has(name) || field.value.size() > memory_.size() - used) continue;
      field.value.copy(memory_.data() + used, field.value.size());
      fields_.add(name, std::string_view(memory_.data() + used, field.value.size()));
      used += field.value.size();
    }
  }

  // A field of ours; the value is borrowed.
  void add(std::string_view name, std::string_view value) { fields_.add(name, value); }
  // What a whole answer costs: by its provider's counts, else by ours.
  void add_cost(const Exchange& exchange) {
    if (exchange.bill.tariff == nullptr) return;
    const Charge charge = charge_of(exchange.bill, exchange.usage, true, true);
    fields_.add("x-sluice-cost-usd", usd_text(exchange.bill.cost + cost_of(exchange.bill, charge, true), cost_));
  }
  void for_stream() {
    fields_.add("cache-control", "no-cache");
    fields_.add("x-accel-buffering", "no");  // for a proxy in front of us
  }
  std::span<const http::Field> all() const { return fields_.all(); }

 private:
  // In milliseconds (Server Timing §4): our own share so far, and the provider's until its head.
  std::string_view timing(const Exchange& exchange, TimePoint now) {
    std::size_t used = put(0, "sluice;dur=");
    used = put_milliseconds(used, now - exchange.began - exchange.upstream_took);
    used = put(used, ", upstream;dur=");
    used = put_milliseconds(used, exchange.upstream_took);
    return {timing_.data(), used};
  }
  std::size_t put(std::size_t at, std::string_view text) {
    return at + text.copy(timing_.data() + at, timing_.size() - at);
  }
  // Three decimals, by integers: printing a floating-point number costs more than the rest of a head.
  std::size_t put_milliseconds(std::size_t at, Duration duration) {
    const auto whole =
        std::chrono::duration_cast<std::chrono::microseconds>(std::max(duration, Duration::zero())).count();
    const auto microseconds = static_cast<std::uint64_t>(whole);
    at += decimal(std::span(timing_).subspan(at), microseconds / 1000).size();
    at = put(at, ".");
    const std::uint64_t fraction = microseconds % 1000;
    at = put(at, fraction < 10 ? "00" : fraction < 100 ? "0" : "");
    return at + decimal(std::span(timing_).subspan(at), fraction).size();
  }

  ReplyFields fields_;
  LimitFields limits_;
  std::array<char, 1024> memory_;
  std::array<char, 96> timing_;
  std::array<char, 32> cost_;
};

}  // namespace sluice
