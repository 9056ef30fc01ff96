#include <algorithm>
#include <array>
#include <utility>

#include <sluice/http/sse.hpp>

#include "chat/openai_chat/codec.hpp"
#include "chat/openai_chat/parts.hpp"

// Whole answers and streams of them, from a provider.
namespace sluice::chat::openai {
namespace {

// Members of an answer that have a counterpart, or are padding.
constexpr std::array<std::string_view, 11> answer_members{
    "id", "object",     "created", "model", "choices", "usage", "service_tier", "error", "system_fingerprint",
    "p",  "obfuscation"};

class ChatStreamDecoder final : public StreamDecoder {
 public:
  Result<std::size_t> decode(std::string_view bytes, std::vector<Event>& out) override {
    std::size_t taken = 0;
    http::SseEvent event;
    while (!is_over_ && events_.next(bytes.substr(taken), event)) {
      taken += event.raw.size();
      if (auto good = take(event, out); !good) return std::move(good).error();
    }
    const std::string_view rest = json::trimmed(bytes.substr(taken));
    rest_ = !rest.empty() && rest.front() != ':';  // a comment is no part of an answer
    return is_over_ ? bytes.size() : taken;
  }

  Result<> finish(std::vector<Event>& out) override {
    if (is_over_) return Ok{};
    // Some servers end their stream with its last event instead of a mark.
    if (!answer_.is_complete() || rest_) return ended_early();
    end(out);
    return Ok{};
  }

 private:
  Result<> take(const http::SseEvent& event, std::vector<Event>& out) {
    const std::string_view data = json::trimmed(event.data);
    if (!event.has_data || data.empty()) {
      out.emplace_back(Heartbeat{});
      return Ok{};
    }
    if (data == "[DONE]") {
      if (answer_.is_empty()) return unreadable("it has no choices");
      end(out);
      return Ok{};
    }
    const json::Tree tree = json::Tree::read(data);
    if (event.name == "error" || is_failure(tree.root())) {
      is_over_ = true;
      out.emplace_back(AnswerFailed{decode_failure(200, data)});
      return Ok{};
    }
    if (!tree.root().is_object()) return unreadable("an event of its stream is not a JSON object");
    answer_.take(tree.root(), out);
    return Ok{};
  }

  void end(std::vector<Event>& out) {
    is_over_ = true;
    answer_.close(out);
  }

  http::SseReader events_;
  AnswerReader answer_{"delta"};
  bool is_over_ = false;
  bool rest_ = false;  // a piece of an event is there
};

}  // namespace

Result<Response> read_response(std::string_view body) {
  const json::Tree tree = json::Tree::read(body);
  const json::Value root = tree.root();
  if (!root.is_object()) return unreadable("it is not a JSON object");
  if (is_failure(root)) return decode_failure(200, body);
  std::vector<Event> events;
  AnswerReader answer("message");
  answer.take(root, events);
  if (answer.is_empty()) return unreadable("it has no choices");
  answer.close(events);
  Fold fold;
  for (const Event& event : events) fold.take(event);
  auto response = std::move(fold).finish();
  if (!response) return response;
  response->dialect = dialect_name;
  for (const json::Value member : root) {
    const std::string name = member.name();
    const bool is_known = std::find(answer_members.begin(), answer_members.end(), name) != answer_members.end();
    if (!is_known && !member.is_null()) response->extras.push_back({name, on_one_line(member.raw())});
  }
  return response;
}

std::unique_ptr<StreamDecoder> stream_decoder() { return std::make_unique<ChatStreamDecoder>(); }

}  // namespace sluice::chat::openai
