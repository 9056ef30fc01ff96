#include "ledger/account.hpp"

namespace sluice::ledger {
namespace {

std::string in_words(const Block& block) {
  if (block.limit) return block.limit->name();
  if (!block.window) return "concurrent";
  if (*block.window == Budget::Window::total) return "budget in total";
  return "budget per " + std::string(to_string(*block.window));
}

}  // namespace

Refusal refusal_of(const Block& block) {
  return {.why = block.why,
          .level = block.account->level(),
          .name = block.account->name(),
          .what = in_words(block),
          .of_share = block.of_share,
          .retry_after = block.retry_after,
          .resets = block.resets,
          .budget = block.budget,
          .left = block.left,
          .hopeless = block.hopeless};
}

void add(std::optional<Block>& worst, const Block& block) {
  const auto is_worse = [&] {
    if (block.retry_after != worst->retry_after) return block.retry_after > worst->retry_after;
    return block.account->level() < worst->account->level();
  };
  if (!worst || is_worse()) worst = block;
}

}  // namespace sluice::ledger
