#include <algorithm>
#include <utility>

#include <sluice/ledger/book.hpp>

#include "ledger/held.hpp"

namespace sluice::ledger {
namespace {

// A stream is metered with each event; so many more are let go by before everybody is asked again.
NanoUsd generous(NanoUsd reserved, NanoUsd missing) { return std::max(missing, reserved / 4); }

}  // namespace

Permit::Permit(Permit&& other) noexcept
    : held_(std::exchange(other.held_, nullptr)), reserved_(other.reserved_), metered_(other.metered_) {}

Permit::~Permit() { pay(metered_); }

bool Permit::meter(NanoUsd so_far) {
  if (held_ == nullptr) return false;
  if (so_far > metered_) {
    held_->owe(so_far - metered_);
    metered_ = so_far;
  }
  if (metered_ <= reserved_) return true;
  const NanoUsd missing = metered_ - reserved_;
  const std::optional<NanoUsd> more = held_->extend(generous(reserved_, missing), missing);
  if (!more) return false;
  reserved_ = sum_of(reserved_, *more);
  return true;
}

void Permit::pay(NanoUsd cost) {
  Held* const held = std::exchange(held_, nullptr);
  if (held != nullptr) held->pay(reserved_, metered_, not_negative(cost));
}

Tab::Tab(std::unique_ptr<Held> held) : held_(std::move(held)) {}
Tab::Tab(Tab&& other) noexcept = default;
Tab::~Tab() = default;

std::optional<Refusal> Tab::reserve(NanoUsd bound, Now now, std::optional<Permit>& permit) {
  const NanoUsd amount = not_negative(bound);
  if (auto refusal = held_->reserve(amount, now.wall)) return refusal;
  permit.reset();
  permit.emplace(Permit(held_.get(), amount));
  return std::nullopt;
}

NanoUsd Tab::spent() const { return held_->spent(); }

void Tab::used(std::uint64_t input_tokens, std::uint64_t output_tokens) { held_->used({input_tokens, output_tokens}); }

Standings Tab::standings(Now now) const { return held_->standings(now.steady); }

bool Tab::has_budget() const { return held_->has_budget(); }

}  // namespace sluice::ledger
