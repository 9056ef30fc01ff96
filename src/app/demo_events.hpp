#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "app/demo_completion.hpp"

namespace sluice::app {

// When every answer of the demo says it was made (seconds since 1970): constant, so that answers are reproducible.
inline constexpr std::int64_t demo_created = 1'700'000'000;

// The whole answer as one JSON document.
std::string demo_document(const DemoCompletion& completion);

// The answer as server-sent events, made one at a time, so that a long one needs no more memory than its
// text. Choices take turns. Order for each: for chat a first event with the role; a word per event, or per
// tool call one event with its name and two with halves of its arguments; one with the finish reason. At the end of
// all the usage, if it was asked for, and `[DONE]`.
class DemoEvents {
 public:
  explicit DemoEvents(DemoCompletion completion);
  // Replaces `event` by the next one, from `data:` to its blank line. False after the last.
  bool next(std::string& event);

 private:
  // How far one choice has been told.
  struct Progress {
    bool introduced = false;
    bool finished = false;
    std::size_t told = 0;  // bytes of the text, or thirds of tool calls
  };

  OrderedJson step(std::size_t index, Progress& progress);
  OrderedJson delta(const DemoChoice& choice, Progress& progress) const;
  OrderedJson chunk(OrderedJson choices, OrderedJson usage) const;

  DemoCompletion completion_;
  std::vector<Progress> progress_;
  std::size_t turn_ = 0;
  std::size_t unfinished_ = 0;
  bool usage_due_ = false;
  bool done_ = false;
};

}  // namespace sluice::app
