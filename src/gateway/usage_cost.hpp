#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include <sluice/gateway/exchange.hpp>

namespace sluice {

// Puts what an answer costs into its own `usage`, as the member `cost` in USD, for callers who ask for it with
// `x-sluice-usage-cost: 1`. Where a stream tells its usage more than once, what it had cost by then. One per attempt,
// made before the reply begins, while the request's fields are there.
class UsageCost {
 public:
  explicit UsageCost(const Exchange& exchange);

  // Where in an answer, or an event's data, the member goes; nothing when it is not wanted or not known, or has no
  // place there. Then member() is what goes there, until the next call.
  std::optional<std::size_t> place_in(std::string_view json);
  std::string_view member() const { return {text_.data(), size_}; }
  // Puts it into an answer.
  void add_to(std::string& json);
  // Puts it into the events that begin at `from`: lines of data with JSON.
  void add_to_events(std::string& events, std::size_t from);

 private:
  bool tell();

  const Exchange& exchange_;
  const bool is_wanted_;
  std::array<char, 48> text_{};
  std::size_t size_ = 0;
};

}  // namespace sluice
