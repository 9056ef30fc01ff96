#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <sluice/chat/codec.hpp>
#include <sluice/chat/conversation.hpp>

// How much a model shall think, for dialects that tell it by a budget of tokens or as an effort, whichever the model
// takes.
namespace sluice::chat {

struct ThinkingPlan {
  enum class Mode : std::uint8_t { unsaid, disabled, adaptive, enabled };
  Mode mode = Mode::unsaid;
  std::optional<std::uint64_t> budget{};
  std::string effort{};
  // What was wanted cannot be had: not at all with this model or with the rest of the request; not as an effort so
  // high; not as an amount of tokens.
  bool is_lost = false;
  bool is_less = false;
  bool is_vague = false;

  bool thinks() const { return mode == Mode::adaptive || mode == Mode::enabled; }
};

// What the quirks say of that model.
Quirks::Takes takes_of(const Quirks& quirks, std::string_view model);

// For requests of other dialects: what such a model accepts together with the rest of the request.
ThinkingPlan plan_thinking(const Request& request, const Quirks::Takes& can, std::uint64_t max_tokens);

// For requests of the dialect itself: as it was said.
ThinkingPlan thinking_as_said(const Reasoning& wanted);

}  // namespace sluice::chat
