#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <sluice/base/error.hpp>
#include <sluice/base/result.hpp>
#include <sluice/chat/conversation.hpp>

// A streamed answer as a sequence of events, the same for all dialects. Folding them gives the Response that the
// provider would have sent in one piece; unfolding a Response gives the events.
//
// Order: AnswerStart first and once. Each block is BlockStart, any BlockDelta, BlockEnd; blocks are numbered from 0 in
// the order they start, over all choices, and may overlap. Each choice ends once with ChoiceEnd, after its blocks.
// UsageSeen may come several times, the last counts. AnswerEnd or AnswerFailed comes last and once; a stream without
// either was cut.
namespace sluice::chat {

struct AnswerStart {
  std::string id{};
  std::string model{};
  std::int64_t created = 0;
  std::string service_tier{};
  std::string system_fingerprint{};
};

// The part as far as it is known when it starts: a Text, Thinking or Refusal with empty text, a ToolCall with id and
// name and empty arguments; a Media or Opaque is complete and gets no deltas.
struct BlockStart {
  std::size_t block = 0;
  std::size_t choice = 0;
  Part part{};
};

// More of a block: text of a Text, Thinking or Refusal, a fragment of a ToolCall's arguments (cut anywhere); or what
// came late: a signature (replaces), encrypted data (replaces), citations (a JSON array to append), an item id.
struct BlockDelta {
  std::size_t block = 0;
  std::string text{};
  std::string signature{};
  std::string data{};
  RawJson citations{};
};

struct BlockEnd {
  std::size_t block = 0;
};

// Entries of OpenAI's `content` list, as a JSON array, to append to the choice's: behind the text they belong to, and
// before its block ends, where there is one.
struct LogprobsSeen {
  std::size_t choice = 0;
  RawJson content{};
};

struct ChoiceEnd {
  std::size_t choice = 0;
  Ending ending{};
};

struct UsageSeen {
  Usage usage{};
};

// Something is alive and nothing was said; never has meaning.
struct Heartbeat {};

struct AnswerEnd {};

struct AnswerFailed {
  Error error;
};

using Event = std::variant<AnswerStart, BlockStart, BlockDelta, BlockEnd, LogprobsSeen, ChoiceEnd, UsageSeen, Heartbeat,
                           AnswerEnd, AnswerFailed>;

// What a stream is that ended before its own end: the provider's failure, worth a retry.
Error ended_early();

// Puts a Response together from the events of a stream. A failure or a missing end makes the result an Error.
class Fold {
 public:
  void take(const Event& event);
  Result<Response> finish() &&;

 private:
  Part* block(std::size_t number);

  struct Place {
    std::size_t choice = 0;
    std::size_t part = 0;
  };
  Response response_;
  std::vector<Place> blocks_{};
  std::optional<Error> failure_{};
  bool ended_ = false;
};

// The events that stand for a complete answer, in order.
std::vector<Event> unfold(const Response& response);

}  // namespace sluice::chat
