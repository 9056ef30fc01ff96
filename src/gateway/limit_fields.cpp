#include "gateway/limit_fields.hpp"

#include <algorithm>
#include <chrono>

namespace sluice {
namespace {

std::size_t put(std::span<char> room, std::size_t at, std::uint64_t number, std::string_view unit) {
  at += decimal(room.subspan(at), number).size();
  return at + unit.copy(room.data() + at, room.size() - at);
}

}  // namespace

std::string_view go_duration(Duration duration, std::span<char> room) {
  const auto all = std::max<Duration>(duration, Duration::zero());
  const auto milliseconds = static_cast<std::uint64_t>(std::chrono::ceil<std::chrono::milliseconds>(all).count());
  if (milliseconds == 0) return {room.data(), put(room, 0, 0, "s")};
  if (milliseconds < 1000) return {room.data(), put(room, 0, milliseconds, "ms")};
  const std::uint64_t seconds = (milliseconds + 999) / 1000;
  std::size_t size = 0;
  if (seconds >= 3600) size = put(room, size, seconds / 3600, "h");
  if (seconds >= 60) size = put(room, size, seconds / 60 % 60, "m");
  return {room.data(), put(room, size, seconds % 60, "s")};
}

std::string_view usd_text(ledger::NanoUsd amount, std::span<char> room) {
  const auto nano = static_cast<std::uint64_t>(std::max<ledger::NanoUsd>(amount, 0));
  std::size_t size = decimal(room, nano / ledger::one_usd).size();
  std::uint64_t rest = nano % ledger::one_usd;
  if (rest == 0) return {room.data(), size};
  room[size++] = '.';
  for (std::uint64_t unit = ledger::one_usd / 10; rest > 0; unit /= 10) {
    room[size++] = static_cast<char>('0' + rest / unit);
    rest %= unit;
  }
  return {room.data(), size};
}

void LimitFields::add_to(ReplyFields& fields, const Exchange& exchange, ledger::Now now) {
  if (!exchange.bill.tab && !exchange.bill.refused) return;
  const ledger::Standings standings = exchange.bill.tab ? exchange.bill.tab->standings(now) : *exchange.bill.refused;
  const auto add = [&fields](const std::optional<ledger::Standing>& standing, Values& values, std::string_view limit,
                             std::string_view left, std::string_view reset) {
    if (!standing) return;
    fields.add(limit, decimal(values.limit, standing->limit));
    fields.add(left, decimal(values.left, standing->left));
    fields.add(reset, go_duration(standing->reset, values.reset));
  };
  add(standings.requests, requests_, "x-ratelimit-limit-requests", "x-ratelimit-remaining-requests",
      "x-ratelimit-reset-requests");
  add(standings.tokens, tokens_, "x-ratelimit-limit-tokens", "x-ratelimit-remaining-tokens",
      "x-ratelimit-reset-tokens");
}

}  // namespace sluice
