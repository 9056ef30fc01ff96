#include "app/admin_guard.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

#include <sluice/base/text.hpp>

namespace sluice::app {
namespace {

constexpr std::string_view scheme = "Bearer";

// The token of "Bearer TOKEN" (RFC 6750 §2.1; the scheme in any case, RFC 9110 §11.1); empty when it is anything else.
std::string_view token_in(std::string_view authorization) {
  const std::size_t end = authorization.find(' ');
  if (end == std::string_view::npos || !equals_ignoring_case(authorization.substr(0, end), scheme)) return {};
  return trimmed(authorization.substr(end));
}

}  // namespace

Secret random_token() {
  std::array<std::uint8_t, 32> chance{};
  fill_with_random(chance);
  return Secret(hex(chance));
}

Duration FailureBook::wait_of(std::string_view peer, TimePoint now) const {
  const auto found = by_peer_.find(peer);
  if (found == by_peer_.end() || found->second.count < most_failures) return Duration::zero();
  return std::max(found->second.oldest() + window - now, Duration::zero());
}

void FailureBook::add(std::string_view peer, TimePoint now) {
  auto found = by_peer_.find(peer);
  if (found == by_peer_.end()) {
    if (by_peer_.size() >= most_peers) make_room(now);
    found = by_peer_.emplace(peer, Failures{}).first;
  }
  Failures& failures = found->second;
  failures.at[failures.count++ % most_failures] = now;
}

// Forgets everybody who failed too long ago to matter, else whoever has been quiet for longest.
void FailureBook::make_room(TimePoint now) {
  std::erase_if(by_peer_, [now](const auto& entry) { return entry.second.newest() + window <= now; });
  if (by_peer_.size() < most_peers) return;
  by_peer_.erase(std::min_element(by_peer_.begin(), by_peer_.end(), [](const auto& left, const auto& right) {
    return left.second.newest() < right.second.newest();
  }));
}

std::vector<TokenHolder> token_holders(const Secret& token, const std::vector<config::Operator>& operators) {
  std::vector<TokenHolder> holders{{{"admin", config::Role::admin}, token}};
  for (const config::Operator& one : operators) holders.push_back({{one.name, one.role, one.team}, one.token});
  return holders;
}

AdminGuard::Judgement AdminGuard::judge(std::string_view authorization, std::string_view peer, TimePoint now) {
  const std::string_view token = token_in(authorization);
  const Digest shown = sha256(token);
  const std::lock_guard lock(mutex_);
  const Duration wait = failures_.wait_of(peer, now);
  if (wait > Duration::zero()) return {Verdict::made_to_wait, wait};
  const Known* const known = find(shown);
  if (known != nullptr) return {.verdict = Verdict::admitted, .who = known->who};
  if (authorization.empty()) return {Verdict::refused};
  failures_.add(peer, now);
  return {Verdict::refused, {}, failures_.wait_of(peer, now) > Duration::zero()};
}

void AdminGuard::use(const std::vector<TokenHolder>& holders) {
  std::vector<Known> known = digests_of(holders);
  const std::lock_guard lock(mutex_);
  known_.swap(known);
}

// No token is nobody's.
std::vector<AdminGuard::Known> AdminGuard::digests_of(const std::vector<TokenHolder>& holders) {
  std::vector<Known> known;
  for (const TokenHolder& holder : holders) {
    if (!holder.token.empty()) known.push_back({holder.who, sha256(holder.token.reveal())});
  }
  return known;
}

// Goes through all of them whoever it was. Where a token of a file that is gone has become somebody's, the file counts:
// what is written stands behind `admin`.
const AdminGuard::Known* AdminGuard::find(const Digest& shown) const {
  const Known* found = nullptr;
  for (const Known& one : known_)
    if (equal_in_constant_time(shown, one.token)) found = &one;
  return found;
}

}  // namespace sluice::app
