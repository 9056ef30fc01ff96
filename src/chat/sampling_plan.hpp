#pragma once

#include <string>

#include <sluice/chat/codec.hpp>
#include <sluice/chat/conversation.hpp>

// How a model is told to choose its words, for the dialects that leave to their models what of it they take.
namespace sluice::chat {

// The numbers as they are written; empty: not said. `lost`: what was asked for and is not said, or less of it.
struct SamplingPlan {
  std::string temperature{};
  std::string top_p{};
  std::string top_k{};
  Dropped lost{};
};

// For requests of other dialects. `thinks`: whether the model is asked to think first, which leaves it little choice. A
// temperature of at most 1 is what these dialects have.
SamplingPlan plan_sampling(const Sampling& wanted, const Quirks::Takes& can, bool thinks);

// For requests of the dialect itself: as it was said.
SamplingPlan sampling_as_said(const Sampling& wanted);

}  // namespace sluice::chat
