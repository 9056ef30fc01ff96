#include "gateway/stream_pieces.hpp"

#include <map>

#include <sluice/chat/events.hpp>

namespace sluice::test {
namespace {

using chat::Dialect;
using Kind = chat::EventSense::Kind;

// Where the gateway serves a dialect, up to what the dialect itself appends.
std::string front_of(const Dialect& dialect) {
  static const std::map<std::string_view, std::string> fronts{
      {"gemini", "/v1beta"}, {"bedrock_converse", ""}, {"cohere_v2", "/v2"}, {"ollama", "/api"}};
  const auto own = fronts.find(dialect.name());
  return own == fronts.end() ? "/v1" : own->second;
}

// An answer of one word as that dialect streams it; without what comes after the word if not `ends`.
std::string stream_of(const Dialect& dialect, bool ends) {
  chat::Response answer;
  answer.id = "answer-1";
  answer.model = "real-model";
  answer.created = 1'700'000'000;
  chat::Choice& choice = answer.choices.emplace_back();
  choice.parts.emplace_back(chat::Text{.text = "one"});
  choice.ending.finish = chat::Finish::stop;
  std::string stream;
  const auto encoder = dialect.codec()->stream_encoder({.usage = false});
  for (const chat::Event& event : chat::unfold(answer)) {
    if (!ends && std::holds_alternative<chat::ChoiceEnd>(event)) break;
    encoder->encode(event, stream);
  }
  return stream;
}

}  // namespace

std::vector<Piece> pieces_of(const Dialect& dialect, std::string_view stream) {
  std::vector<Piece> pieces;
  http::SseReader reader;
  http::SseEvent event;
  while (dialect.streams_events() ? reader.next(stream, event) : dialect.next_frame(stream, event)) {
    pieces.push_back({std::string(event.raw), event.has_data ? dialect.sense(event).kind : Kind::content});
    stream.remove_prefix(event.raw.size());
    event = {};
  }
  EXPECT_EQ(stream, "") << "something is no event";
  return pieces;
}

std::string all_but_the_end(const Dialect& dialect) {
  std::string before;
  for (const Piece& piece : pieces_of(dialect, stream_of(dialect, true))) {
    if (piece.kind == Kind::end || piece.kind == Kind::last) return before;
    before += piece.bytes;
  }
  ADD_FAILURE() << dialect.name() << " has no end";
  return before;
}

std::string all_but_the_reason(const Dialect& dialect) { return stream_of(dialect, false); }

std::string streamed_by(const Dialect& dialect, const std::string& stream) {
  return "HTTP/1.1 200 OK\r\ncontent-type: " + std::string(dialect.codec()->stream_type({})) +
         "\r\ntransfer-encoding: chunked\r\n\r\n" + chunk(stream) + std::string(last_chunk);
}

std::string request_of(const Dialect& caller, const std::string& model) {
  chat::Request request;
  request.model = model;
  request.stream = true;
  chat::Message& said = request.messages.emplace_back();
  said.role = chat::Role::user;
  said.parts.emplace_back(chat::Text{.text = "hi"});
  const auto written = caller.codec()->encode_request(request, {});
  std::string path = front_of(caller);
  caller.append_path({chat::Task::chat, model, true}, path);
  return post(path, written ? written->body : "", bearer());
}

void open_all_dialects(Stage& stage, std::string (*answer)(const Dialect& dialect)) {
  std::string yaml = "server: {listen: \"127.0.0.1:0\", workers: 1}\nadmin: {listen: \"127.0.0.1:0\"}\nproviders:\n";
  std::string models = "models:\n";
  for (const Dialect* const dialect : chat::dialects()) {
    const std::string name(dialect->name());
    const auto& upstream = stage.upstream(always(answer(*dialect)));
    yaml.append("  ").append(name).append(": {kind: openai-compatible, breaker: {failures: 1000}, dialect: ");
    yaml.append(name).append(R"(, api_key: "${PROVIDER_KEY}", base_url: "http://127.0.0.1:)");
    yaml.append(std::to_string(upstream.port())).append("\"}\n");
    models.append("  ").append(name).append(": {targets: [{provider: ").append(name);
    models.append("}], retry: {attempts: 1}}\n");
  }
  stage.open_with(yaml + models + "keys:\n  - {name: app, secret: \"${CALLER_KEY}\"}\n");
}

void expect_visible_break(const Dialect& caller, const Answer& answer) {
  EXPECT_EQ(answer.status, 200) << answer.head << answer.body;
  EXPECT_EQ(answer.ending, Ending::closed);
  const std::vector<Piece> pieces = pieces_of(caller, answer.body);
  ASSERT_FALSE(pieces.empty());
  EXPECT_EQ(pieces.back().kind, Kind::error) << answer.body;
  for (const Piece& piece : pieces) EXPECT_NE(piece.kind, Kind::end) << answer.body;
}

}  // namespace sluice::test
