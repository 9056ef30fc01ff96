// Row 26: every golden stream, cut at every byte offset on the wire, comes out byte for byte as it went in, but
// for the usage event that the caller did not ask for.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "gateway/stage.hpp"

namespace sluice::test {
namespace {

struct Golden {
  std::string name;
  std::string bytes;
};

// A stream's events as raw bytes, by the line rules of the standard (WHATWG HTML §9.2.6), written down independently
// of the code under test.
std::vector<std::string> events_of(const std::string& stream) {
  std::vector<std::string> events;
  std::string event;
  bool line_empty = true;
  for (std::size_t i = 0; i < stream.size(); ++i) {
    event += stream[i];
    if (stream[i] != '\n' && stream[i] != '\r') {
      line_empty = false;
      continue;
    }
    if (stream[i] == '\r' && i + 1 < stream.size() && stream[i + 1] == '\n') event += stream[++i];
    if (line_empty && event.find(':') != std::string::npos) events.push_back(std::exchange(event, {}));
    line_empty = true;
  }
  if (!event.empty()) events.push_back(event);
  return events;
}

std::string data_of(const std::string& event) {
  std::string data;
  std::size_t begin = 0;
  while (begin < event.size()) {
    const std::size_t end = std::min(event.find_first_of("\r\n", begin), event.size());
    const std::string line = event.substr(begin, end - begin);
    if (line.starts_with("data:")) data += line.substr(5);
    begin = end + 1;
  }
  return data;
}

bool is_usage_alone(const std::string& event) {
  const auto json = nlohmann::json::parse(data_of(event), nullptr, false);
  return json.is_object() && json.contains("choices") && json["choices"].is_array() && json["choices"].empty() &&
         json.contains("usage") && json["usage"].is_object();
}

bool reports_failure(const std::string& event) {
  const auto json = nlohmann::json::parse(data_of(event), nullptr, false);
  return json.is_object() && json.contains("error") && !json["error"].is_null();
}

// Whether this is a stream that ends as it should.
bool is_whole(const std::string& stream) {
  const auto events = events_of(stream);
  return !events.empty() && data_of(events.back()).find("[DONE]") != std::string::npos &&
         std::none_of(events.begin(), events.end(), reports_failure);
}

std::vector<Golden> inline_streams() {
  const std::string open = R"(data: {"choices":[{"index":0,"delta":{"role":"assistant","content":""}}],"usage":null})";
  const std::string text =
      "data:{\"choices\":[{\"delta\":{\"content\":\"gr\xc3\xbc\xc3\x9f \xf0\x9f\x8c\x8a\"}}],\"usage\":null}";
  const std::string usage = R"(data: {"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 2}})";
  const std::string done = "data: [DONE]";
  std::vector<Golden> all;
  for (const auto& [name, end] : {std::pair<std::string, std::string>{"lf", "\n"}, {"crlf", "\r\n"}, {"cr", "\r"}}) {
    const std::string blank = end + end;
    all.push_back({"inline_" + name, ": hello" + blank + open + blank + ": note" + end + text + blank + usage + blank +
                                         "id: 7" + end + "event: message" + end + "data: {\"choices\":[{}]," + end +
                                         "data: \"x\":1}" + blank + done + blank});
  }
  all.push_back({"inline_byte_order_mark", "\xef\xbb\xbf" + open + "\n\n" + done + "\n\n"});
  all.push_back({"inline_usage_first", usage + "\n\n" + open + "\n\n" + done + "\n\n"});
  all.push_back({"inline_two_usages", open + "\n\n" + usage + "\n\n" + usage + "\n\n" + done + "\n\n"});
  all.push_back({"inline_not_json", open + "\n\ndata: {not json\n\ndata:\n\n" + done + "\n\n"});
  return all;
}

std::vector<Golden> golden_streams() {
  std::vector<Golden> all = inline_streams();
  for (const auto& entry :
       std::filesystem::directory_iterator(std::filesystem::path(SLUICE_FIXTURES) / "openai_chat")) {
    if (entry.path().extension() != ".sse") continue;
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    if (is_whole(bytes)) all.push_back({entry.path().stem().string(), bytes});
  }
  std::sort(all.begin(), all.end(), [](const Golden& left, const Golden& right) { return left.name < right.name; });
  return all;
}

std::string without_usage(const std::string& stream) {
  std::string out;
  for (const std::string& event : events_of(stream)) {
    if (!is_usage_alone(event)) out += event;
  }
  return out;
}

std::string on_the_wire(const std::string& stream) {
  std::string wire = stream_head();
  for (const std::string& event : events_of(stream)) wire += chunk(event);
  return wire + std::string(last_chunk);
}

// Every byte in a chunk of its own.
std::string in_crumbs(const std::string& stream) {
  std::string wire = stream_head();
  for (const char byte : stream) wire += chunk(std::string(1, byte));
  return wire + std::string(last_chunk);
}

// Where to cut travels in the request, in a member the gateway does not know.
std::string cut_request(std::size_t at, bool ask_for_usage) {
  std::string body = R"({"model":"m","stream":true,"cut":)" + std::to_string(at);
  if (ask_for_usage) body += R"(,"stream_options":{"include_usage":true})";
  return post("/v1/chat/completions", body + "}", bearer());
}

Script cutting(const std::string& wire) {
  Script script;
  script.read_request();
  script.decide([wire](const SeenRequest& request) {
    const auto at = nlohmann::json::parse(request.body)["cut"].get<std::size_t>();
    Script answer;
    return at == 0 ? answer.send(wire) : answer.send_split(wire, at);
  });
  return script.again();
}

class GoldenStream : public ::testing::TestWithParam<Golden> {};

void PrintTo(const Golden& golden, std::ostream* out) { *out << golden.name; }

// All cuts of one stream over a set of connections, so that the pauses at the cuts pass side by side.
void replay_all_cuts(Stage& stage, std::size_t cuts, const std::string& expected) {
  std::vector<RawClient> clients;
  for (std::size_t i = 0; i < std::min<std::size_t>(cuts, 48); ++i) clients.push_back(stage.gateway().client());
  stage.count(cuts);
  for (std::size_t first = 0; first < cuts; first += clients.size()) {
    const std::size_t many = std::min(clients.size(), cuts - first);
    for (std::size_t i = 0; i < many; ++i) ASSERT_TRUE(clients[i].send(cut_request(first + i, false)));
    for (std::size_t i = 0; i < many; ++i) {
      const Answer answer = clients[i].read_answer();
      ASSERT_EQ(answer.status, 200) << "cut at " << first + i << answer.body;
      ASSERT_TRUE(answer.whole()) << "cut at " << first + i;
      ASSERT_EQ(answer.body, expected) << "cut at " << first + i;
    }
  }
}

TEST_P(GoldenStream, row_26_is_the_same_wherever_it_was_cut) {
  const std::string& stream = GetParam().bytes;
  Stage stage;
  const std::string wire = on_the_wire(stream);
  auto& upstream = stage.upstream(cutting(wire));
  stage.open({upstream.port()}, {.model = "retry: {attempts: 1}"});
  ASSERT_NO_FATAL_FAILURE(replay_all_cuts(stage, wire.size(), without_usage(stream)));
  expect_stream(stage.ask(cut_request(0, true)), stream);
  stage.settle();
}

TEST_P(GoldenStream, row_26_is_the_same_byte_by_byte) {
  const std::string& stream = GetParam().bytes;
  Stage stage;
  auto& upstream = stage.upstream(cutting(in_crumbs(stream)));
  stage.open({upstream.port()}, {.model = "retry: {attempts: 1}"});
  expect_stream(stage.ask(cut_request(0, false)), without_usage(stream));
  expect_stream(stage.ask(cut_request(0, true)), stream);
  stage.settle();
}

INSTANTIATE_TEST_SUITE_P(all, GoldenStream, ::testing::ValuesIn(golden_streams()),
                         [](const auto& golden) { return golden.param.name; });

TEST(GoldenStreams, are_all_there) { EXPECT_GE(golden_streams().size(), 15u); }

}  // namespace
}  // namespace sluice::test
