#include <exception>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <sluice/chat/dialect.hpp>

#include "chat/exchanges.hpp"

//   reencode RECORDINGS FIXTURES FILE
// Reads every exchange of both folders as its dialect's provider said it, and writes it for the callers of every
// dialect, its request for the providers of every dialect: one JSON object a line, which schemas_test.py validates.
namespace sluice::chat {
namespace {

using nlohmann::json;

// What was asked, and in which dialect; none: it is not translated.
struct Kind {
  Task task;
  const Dialect* dialect;
};

// As the path says; models that are invoked with a dialect's own body are told by that.
Kind kind_of(const Exchange& exchange) {
  const std::string path = exchange.path();
  const auto ends = [&](std::string_view end) { return path.ends_with(end); };
  if (ends("/api/chat")) return {Task::chat, &ollama()};
  if (ends("/v2/chat")) return {Task::chat, &cohere_v2()};
  if (ends("/chat/completions")) return {Task::chat, &openai_chat()};
  if (ends("/responses")) return {Task::chat, &openai_responses()};
  const bool invoked = ends("/invoke") && exchange.request.find("\"anthropic_version\"") != std::string::npos;
  if (ends("/v1/messages") || invoked) return {Task::chat, &anthropic_messages()};
  if (path.find("enerateContent") != std::string::npos) return {Task::chat, &gemini()};
  if (ends("/converse") || ends("/converse-stream")) return {Task::chat, &bedrock_converse()};
  if (ends("/v2/embed")) return {Task::embedding, &cohere_v2()};
  if (ends("/embeddings") && path.find("/api/") != 0) return {Task::embedding, &openai_chat()};
  if (ends("mbedContent") || ends("mbedContents")) return {Task::embedding, &gemini()};
  if (ends("/v2/rerank")) return {Task::rerank, &cohere_v2()};
  if (ends("/rerank")) return {Task::rerank, &openai_chat()};
  if (ends("/count_tokens")) return {Task::count, &anthropic_messages()};
  if (ends("countTokens")) return {Task::count, &gemini()};
  if (ends("/count-tokens")) return {Task::count, &bedrock_converse()};
  if (ends("/input_tokens")) return {Task::count, &openai_responses()};
  return {Task::chat, nullptr};
}

class Lines {
 public:
  explicit Lines(const std::string& file) : out_(file, std::ios::binary) {}

  // Whose words the next ones were said in.
  void begin(const Dialect& source) { source_ = source.name(); }

  // `document` is JSON as an encoder wrote it; `frame` the name beside it where a stream has one.
  void add(const Dialect& dialect, std::string_view what, const std::string& from, std::string_view document,
           std::string_view frame = {}) {
    std::string line = R"({"dialect":)" + json(dialect.name()).dump() + R"(,"source":)" + json(source_).dump() +
                       R"(,"what":)" + json(what).dump() + R"(,"from":)" + json(from).dump() + R"(,"frame":)" +
                       json(frame).dump() + R"(,"document":)";
    // Between values these mean nothing, and inside of strings JSON has none.
    for (const char c : document) line += c == '\n' || c == '\r' ? ' ' : c;
    out_ << line << "}\n";
  }

  bool good() {
    out_.flush();
    return out_.good();
  }

 private:
  std::ofstream out_;
  std::string_view source_{};
};

// What the gateway fills in where a provider did not say it.
template <class Answer>
void complete(Answer& answer) {
  if (answer.created == 0) answer.created = 1'800'000'000;
  if (answer.id.empty()) answer.id = "answer-1";
  if (answer.model.empty()) answer.model = "m";
}

// The events of a stream as a caller of that dialect reads them.
void add_stream(Lines& lines, const Dialect& caller, std::string_view what, const std::string& from,
                std::string_view stream) {
  http::SseReader reader;
  http::SseEvent event;
  const auto next = [&] {
    return caller.streams_events() ? reader.next(stream, event) : caller.next_frame(stream, event);
  };
  while (next() && !event.raw.empty()) {
    if (event.has_data && event.data != "[DONE]") lines.add(caller, what, from, event.data, event.name);
    stream.remove_prefix(event.raw.size());
  }
  if (!stream.empty()) lines.add(caller, what, from, "\"bytes that are no event\"");
}

// A failure ends the stream in the gateway's own words: add_error().
void add_events(Lines& lines, const std::string& from, std::vector<Event> events) {
  for (const Dialect* const caller : dialects()) {
    const auto encoder = caller->codec()->stream_encoder({});
    std::string out;
    for (Event& event : events) {
      if (auto* const start = std::get_if<AnswerStart>(&event)) complete(*start);
      if (!std::holds_alternative<AnswerFailed>(event)) encoder->encode(event, out);
    }
    add_stream(lines, *caller, "event", from, out);
  }
}

void add_response(Lines& lines, const std::string& from, Response response) {
  response.extras.clear();
  complete(response);
  for (const Dialect* const caller : dialects()) {
    std::string out;
    Dropped dropped;
    caller->codec()->encode_response(response, {}, out, dropped);
    lines.add(*caller, "response", from, out);
  }
}

void add_error(Lines& lines, const std::string& from, const Error& error) {
  for (const Dialect* const caller : dialects()) {
    std::string out;
    caller->encode_error(error, out);
    lines.add(*caller, "error", from, out);
    out.clear();
    caller->encode_error_event(error, out);
    add_stream(lines, *caller, "error event", from, out);
  }
}

bool is_streamed(const Exchange& exchange) {
  return exchange.is_stream() || exchange.path().find(":streamGenerateContent") != std::string::npos;
}

// A whole answer is streamed as well, and a stream folded.
void add_conversation(Lines& lines, const Exchange& exchange, const Dialect& dialect) {
  if (!exchange.is_good()) {
    return add_error(lines, exchange.name, dialect.decode_error(exchange.status(), exchange.response));
  }
  if (!is_streamed(exchange)) {
    const auto response = dialect.codec()->decode_response(exchange.response);
    if (!response) return add_error(lines, exchange.name, response.error());
    add_response(lines, exchange.name, *response);
    return add_events(lines, exchange.name + " unfolded", unfold(*response));
  }
  std::vector<Event> events = events_of(*dialect.codec(), exchange.response);
  const auto response = fold(events);
  if (response) add_response(lines, exchange.name + " folded", *response);
  for (const Event& event : events) {
    if (const auto* const failed = std::get_if<AnswerFailed>(&event)) add_error(lines, exchange.name, failed->error);
  }
  add_events(lines, exchange.name, std::move(events));
}

void add_request(Lines& lines, const Exchange& exchange, const Dialect& dialect) {
  const json body = json::parse(exchange.request, nullptr, false);
  if (!exchange.is_good() || !body.is_object()) return;
  const bool stream = body.value("stream", json(is_streamed(exchange))) == true;
  auto request = dialect.codec()->decode_request(exchange.request, body.value("model", "of-the-path"), stream);
  if (!request) return lines.add(dialect, "request", exchange.name, "\"a request that cannot be read\"");
  request->wants_usage = stream;
  for (const Dialect* const provider : dialects()) {
    const auto rendered = provider->codec()->encode_request(*request, {});
    if (rendered) lines.add(*provider, "request", exchange.name, rendered->body, stream ? "stream" : "");
  }
}

// Embeddings, ranks and counts. Only where the question was kept: answers are written for it.
template <class Codec>
void add_operation(Lines& lines, const Exchange& exchange, const Codec* (Dialect::*codec)() const,
                   const Dialect& dialect, const std::string& what) {
  const Codec& theirs = *(dialect.*codec)();
  const auto asked = theirs.decode_request(exchange.request, "m");
  if (!asked || !exchange.is_good()) return;
  const auto answer = theirs.decode_answer(exchange.response, *asked);
  for (const Dialect* const other : dialects()) {
    const Codec* const ours = (other->*codec)();
    if (ours == nullptr) continue;
    const auto rendered = ours->encode_request(*asked, {});
    if (rendered) lines.add(*other, what + " request", exchange.name, rendered->body);
    std::string out;
    if (answer && ours->encode_answer(*answer, *asked, out)) lines.add(*other, what, exchange.name, out);
  }
}

void add(Lines& lines, const Exchange& exchange) {
  const Kind kind = kind_of(exchange);
  if (kind.dialect == nullptr) return;
  lines.begin(*kind.dialect);
  switch (kind.task) {
    case Task::embedding:
      return add_operation(lines, exchange, &Dialect::embedding_codec, *kind.dialect, "embedding");
    case Task::rerank:
      return add_operation(lines, exchange, &Dialect::rerank_codec, *kind.dialect, "rerank");
    case Task::count:
      return add_operation(lines, exchange, &Dialect::count_codec, *kind.dialect, "count");
    default:
      add_conversation(lines, exchange, *kind.dialect);
      if (!exchange.request.empty()) add_request(lines, exchange, *kind.dialect);
  }
}

}  // namespace
}  // namespace sluice::chat

int main(int count, char** words) {
  using namespace sluice::chat;
  if (count != 4) return 64;
  try {
    Lines lines(words[3]);
    for (const char* const root : {words[1], words[2]}) {
      for (const Exchange& exchange : exchanges_below(root)) add(lines, exchange);
    }
    return lines.good() ? 0 : 1;
  } catch (const std::exception& failure) {
    std::cerr << failure.what() << '\n';
    return 1;
  }
}
