// Every dialect of callers with every dialect of providers, through the running gateway: nothing is lost in silence.
#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>
#include <utility>

#include <sluice/chat/dialect.hpp>

#include "gateway/dialect_scenarios.hpp"
#include "gateway/stage.hpp"

namespace sluice::test {
namespace {

using chat::Dialect;
using Facts = std::multiset<std::string>;

// Where the gateway serves a dialect, up to what the dialect itself appends.
std::string front_of(const Dialect& dialect) {
  static const std::map<std::string_view, std::string> fronts{
      {"openai_chat", "/v1"}, {"openai_responses", "/v1"}, {"anthropic_messages", "/v1"},
      {"gemini", "/v1beta"},  {"bedrock_converse", ""},    {"cohere_v2", "/v2"},
      {"ollama", "/api"}};
  return fronts.at(dialect.name());
}

Result<chat::Response> read_answer(const Dialect& dialect, const std::string& body, bool stream) {
  if (!stream) return dialect.codec()->decode_response(body);
  std::vector<chat::Event> events;
  const auto decoder = dialect.codec()->stream_decoder();
  const auto taken = decoder->decode(body, events);
  if (!taken) return taken.error();
  const auto finished = decoder->finish(events);
  if (!finished) return finished.error();
  chat::Fold fold;
  for (const chat::Event& event : events) fold.take(event);
  return std::move(fold).finish();
}

std::string write_answer(const Dialect& dialect, const chat::Response& answer, bool stream) {
  std::string body;
  if (!stream) {
    chat::Dropped dropped;
    dialect.codec()->encode_response(answer, {}, body, dropped);
    return body;
  }
  const auto encoder = dialect.codec()->stream_encoder({});
  for (const chat::Event& event : chat::unfold(answer)) encoder->encode(event, body);
  return body;
}

std::string as_http(const Dialect& dialect, const std::string& body, bool stream) {
  const std::string type = stream ? std::string(dialect.codec()->stream_type({})) : "application/json";
  return "HTTP/1.1 200 OK\r\ncontent-type: " + type + "\r\ncontent-length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}

// Where an answer has what its caller sends back as the model's turn.
const char* turn_in_answer(std::string_view dialect) {
  static const std::map<std::string_view, const char*> places{{"openai_chat", "/choices/0/message"},
                                                              {"openai_responses", "/output"},
                                                              {"anthropic_messages", ""},
                                                              {"gemini", "/candidates/0/content"},
                                                              {"bedrock_converse", "/output/message"},
                                                              {"cohere_v2", "/message"},
                                                              {"ollama", "/message"}};
  return places.at(dialect);
}

// A request whose model's turn is what the caller's clients keep of an answer of ours: with all that other makers'
// models want to see again, which nobody could write who had only his own dialect.
std::string with_answer_of_ours(const Dialect& caller, const chat::Request& wanted, const std::string& body) {
  const auto turn = std::find_if(wanted.messages.begin(), wanted.messages.end(),
                                 [](const chat::Message& message) { return message.role == chat::Role::assistant; });
  chat::Response response;
  response.id = "answer-1";
  response.model = wanted.model;
  response.created = 1;
  response.choices.push_back({turn->parts, {chat::Finish::tool_calls, "", ""}, {}});
  const auto answer = nlohmann::ordered_json::parse(write_answer(caller, response, false));
  auto kept = answer.at(nlohmann::ordered_json::json_pointer(turn_in_answer(caller.name())));
  if (caller.name() == "anthropic_messages") kept = {{"role", "assistant"}, {"content", answer["content"]}};
  auto request = nlohmann::ordered_json::parse(body);
  for (const char* const name : {"messages", "contents", "input"}) {
    if (!request.contains(name)) continue;
    auto all = nlohmann::ordered_json::array();
    bool is_in = false;
    for (const auto& one : request[name]) {
      const std::string role = one.value("role", "");
      const std::string type = one.value("type", "");
      const bool is_models = role == "assistant" || role == "model" || type == "function_call" || type == "reasoning";
      if (!is_models) {
        all.push_back(one);
      } else if (!std::exchange(is_in, true)) {
        if (!kept.is_array()) all.push_back(kept);
        if (kept.is_array()) all.insert(all.end(), kept.begin(), kept.end());
      }
    }
    request[name] = all;
  }
  return request.dump();
}

Facts without(const Facts& all, const Facts& some) {
  Facts rest;
  std::set_difference(all.begin(), all.end(), some.begin(), some.end(), std::inserter(rest, rest.end()));
  return rest;
}

// The name by which x-sluice-dropped tells that a fact was lost, or how it begins.
std::string_view name_of(std::string_view fact) {
  constexpr std::pair<std::string_view, std::string_view> names[] = {
      {"must call ", "tool_choice"},     {"tool ", "tools"},           {"think first", "reasoning"},
      {"answer as ", "response_format"}, {"user shows ", "messages."}, {"assistant thinks ", "messages.reasoning"},
      {"a tool says ", "messages.tool"}, {"ended: ", "finish_reason"}, {"tools.strict", "tools.strict"}};
  for (const auto& [beginning, name] : names) {
    if (fact.starts_with(beginning)) return name;
  }
  return fact.substr(0, fact.find(' '));  // "seed 7"
}

// Those of the lost that no name in the list accounts for.
Facts unnamed(const Facts& lost, const std::string& dropped) {
  Facts rest;
  for (const std::string& fact : lost) {
    if ((", " + dropped).find(", " + std::string(name_of(fact))) == std::string::npos) rest.insert(fact);
  }
  return rest;
}

std::string text_of(const Facts& facts) {
  std::string text;
  for (const std::string& fact : facts) text += "\n    " + fact.substr(0, 200);
  return text;
}

class DialectMatrix : public ::testing::Test {
 protected:
  void SetUp() override {
    scenarios_ = dialect_scenarios();
    Script script;
    script.read_request().decide([this](const SeenRequest& request) { return answer(request); }).again();
    upstream_ = &stage_.upstream(script);
    std::string yaml = "server: {listen: \"127.0.0.1:0\", workers: 1}\nadmin: {listen: \"127.0.0.1:0\"}\nproviders:\n";
    std::string models = "models:\n";
    for (const Dialect* dialect : chat::dialects()) {
      const std::string name(dialect->name());
      yaml.append("  ").append(name).append(": {kind: openai-compatible, dialect: ").append(name);
      yaml.append(", base_url: \"http://127.0.0.1:").append(std::to_string(upstream_->port())).append("/at\"}\n");
      models.append("  \"").append(name).append("--*\": {targets: [{provider: ").append(name);
      models.append("}], retry: {attempts: 1}}\n");
    }
    yaml_ = yaml + models + "keys:\n  - {name: app, secret: \"${CALLER_KEY}\"}\n";
    stage_.open_with(yaml_);
  }
  void TearDown() override { stage_.settle(); }

  // The model's name says who is asked for what: PROVIDER--NUMBER--plain.
  static std::string model_of(const Dialect& provider, std::size_t scenario, bool stream) {
    return std::string(provider.name()) + "--" + std::to_string(scenario) + (stream ? "--s" : "--p");
  }

  // A caller's request for that model, as bytes.
  static std::string request_of(const Dialect& caller, const std::string& body, const std::string& model, bool stream,
                                const std::string& more_fields = "") {
    std::string path = front_of(caller);
    caller.append_path({chat::Task::chat, model, stream}, path);
    return "POST " + path + " HTTP/1.1\r\nhost: x\r\nauthorization: Bearer " + std::string(caller_key) + "\r\n" +
           more_fields + "content-type: application/json\r\ncontent-length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
  }

  Script answer(const SeenRequest& request) {
    if (!failure_.empty()) {
      Script script;
      script.send(failure_);
      if (closes_) script.close();
      return script;
    }
    const std::string all = request.target() + request.body;
    for (const Dialect* provider : chat::dialects()) {
      const std::string mark = std::string(provider->name()) + "--";
      const std::size_t at = all.find(mark);
      if (at == std::string::npos) continue;
      const std::size_t number = std::stoul(all.substr(at + mark.size()));
      const bool stream = all.find("--s", at + mark.size()) == all.find("--", at + mark.size());
      Script script;
      script.send(as_http(*provider, write_answer(*provider, scenarios_.at(number).answer, stream), stream));
      return script;
    }
    Script script;
    script.close();
    return script;
  }

  Stage stage_;
  ScriptedUpstream* upstream_ = nullptr;
  std::string yaml_;
  std::vector<Scenario> scenarios_;
  std::string failure_;  // what providers answer instead, if it is set
  bool closes_ = false;  // after that
};

// What became of one feature between one caller and one provider.
struct Cell {
  bool asked = true;  // false: the caller's dialect cannot ask for it
  std::string dropped;
  bool answered = false;  // false: the provider's dialect cannot say such an answer
};

TEST_F(DialectMatrix, loses_nothing_without_saying_so) {
  std::map<std::string, std::map<std::string, std::map<std::string, Cell>>> table;  // feature, caller, provider
  std::size_t cells = 0;
  for (const Dialect* caller : chat::dialects()) {
    for (const Dialect* provider : chat::dialects()) {
      for (std::size_t number = 0; number < scenarios_.size(); ++number) {
        for (const bool stream : {false, true}) {
          const Scenario& scenario = scenarios_[number];
          SCOPED_TRACE(std::string(caller->name()) + " asks " + std::string(provider->name()) + " for " +
                       scenario.name + (stream ? ", streamed" : ""));
          chat::Request wanted = scenario.request;
          wanted.model = model_of(*provider, number, stream);
          wanted.stream = stream;
          wanted.wants_usage = true;
          // Who writes it in a dialect of his own needs no leave of ours.
          if (wanted.metadata) wanted.dialect = caller->name();
          auto written = caller->codec()->encode_request(wanted, {});
          ASSERT_TRUE(written);
          if (scenario.comes_back) written->body = with_answer_of_ours(*caller, wanted, written->body);
          const auto sent = caller->codec()->decode_request(written->body, wanted.model, stream);
          ASSERT_TRUE(sent) << sent.error().message();
          // A provider whose own words cannot say such an answer never gives one.
          const auto from_provider = read_answer(*provider, write_answer(*provider, scenario.answer, stream), stream);
          if (!from_provider) continue;

          const std::size_t before = upstream_->requests();
          const Answer answer = stage_.ask(request_of(*caller, written->body, wanted.model, stream));
          ++cells;
          ASSERT_EQ(answer.status, 200) << answer.body << '\n' << written->body;
          ASSERT_TRUE(answer.whole());
          const auto seen = upstream_->seen();
          ASSERT_EQ(seen.size(), before + 1);
          const auto received = provider->codec()->decode_request(seen.back().body, wanted.model, stream);
          ASSERT_TRUE(received) << received.error().message() << '\n' << seen.back().body;

          const std::string dropped = answer.field("x-sluice-dropped");
          const Facts lost = unnamed(without(facts_of(*sent), facts_of(*received)), dropped);
          EXPECT_TRUE(lost.empty()) << "lost on the way there:" << text_of(lost) << "\n  named: " << dropped;

          const auto got = read_answer(*caller, answer.body, stream);
          if (!read_answer(*caller, write_answer(*caller, *from_provider, stream), stream)) {
            EXPECT_FALSE(got) << "the caller's dialect can only call this a failure";
            continue;
          }
          ASSERT_TRUE(got) << got.error().message() << '\n' << answer.body;
          const Facts lost_back = unnamed(without(facts_of(*from_provider), facts_of(*got)), dropped);
          EXPECT_TRUE(lost_back.empty()) << "lost on the way back:" << text_of(lost_back) << "\n  of"
                                         << text_of(facts_of(*from_provider)) << '\n'
                                         << answer.body;
          const Facts full = without(facts_of(scenario.request), facts_of(*sent));
          Cell& cell = table[scenario.name][std::string(caller->name())][std::string(provider->name())];
          if (stream) {
            EXPECT_TRUE(!cell.answered || dropped == cell.dropped)
                << "streamed: " << dropped << ", whole: " << cell.dropped;
          } else {
            cell = {full.empty(), dropped, true};
          }
        }
      }
    }
  }
  record("cells", static_cast<long>(cells));
  EXPECT_GT(stage_.gateway().metric("sluice_dropped_fields_total", {"field=\"seed\""}), 0);
  EXPECT_GT(cells, chat::dialects().size() * chat::dialects().size() * (scenarios_.size() - 1) * 2);

  std::ostringstream page;
  page << "# Which dialect can tell which what\n\n"
          "Written by the tests (`gateway_dialect_matrix`), from what the running gateway did. Rows are the caller's\n"
          "dialect, columns the provider's. *yes*: everything arrived, there and back, streamed and in one piece. A "
          "name: it\n"
          "was left out and listed in `x-sluice-dropped`. *–*: the caller's own dialect has no words for it. *never*: "
          "the\n"
          "provider's dialect has none for such an answer.\n";
  for (const Scenario& scenario : scenarios_) {
    page << "\n## " << static_cast<char>(std::toupper(scenario.name[0])) << scenario.name.substr(1) << "\n\n|";
    for (const Dialect* provider : chat::dialects()) page << " | " << provider->name();
    page << " |\n|---";
    for (std::size_t i = 0; i < chat::dialects().size(); ++i) page << "|---";
    page << "|\n";
    for (const Dialect* caller : chat::dialects()) {
      page << "| **" << caller->name() << "**";
      for (const Dialect* provider : chat::dialects()) {
        const Cell& cell = table[scenario.name][std::string(caller->name())][std::string(provider->name())];
        page << " | " << (!cell.answered ? "never" : !cell.dropped.empty() ? cell.dropped : cell.asked ? "yes" : "–");
      }
      page << " |\n";
    }
  }
  if (std::getenv("SLUICE_WRITE_DOCS") != nullptr) std::ofstream(SLUICE_DIALECTS_PAGE) << page.str();
  std::ifstream file(SLUICE_DIALECTS_PAGE);
  const std::string published((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  EXPECT_TRUE(published == page.str()) << "docs/dialects.md is out of date: run this test with SLUICE_WRITE_DOCS=1";
}

// What a provider's failure is, whoever reports it and whoever hears of it.
TEST_F(DialectMatrix, failures_keep_their_class_in_the_callers_words) {
  struct Case {
    Error error;
    int status;    // of the provider's answer
    int expected;  // of the caller's
  };
  const Error too_long(Fault::bad_request, Blame::client, "context_length_exceeded",
                       "This model's maximum context length is 8192 tokens: the prompt is too long.");
  const Error limited(Fault::rate_limited, Blame::upstream, "rate_limit_exceeded", "Rate limit reached.");
  const Error wrong_key(Fault::unauthenticated, Blame::client, "invalid_api_key", "Incorrect API key provided.");
  const Error broken(Fault::internal, Blame::upstream, "internal_error", "The server had an error.");
  const std::vector<Case> cases{{too_long, 400, 400}, {limited, 429, 429}, {wrong_key, 401, 502}, {broken, 500, 502}};
  for (const Dialect* caller : chat::dialects()) {
    for (const Dialect* provider : chat::dialects()) {
      for (const Case& one : cases) {
        for (const bool stream : {false, true}) {
          SCOPED_TRACE(std::string(caller->name()) + " hears " + std::to_string(one.status) + " of " +
                       std::string(provider->name()) + (stream ? ", streamed" : ""));
          std::string theirs;
          provider->encode_error(one.error, theirs);
          failure_ = response(one.status, theirs);
          stage_.open_with(yaml_);  // which knows nothing of the failures before
          chat::Request wanted = scenarios_.front().request;
          wanted.model = model_of(*provider, 0, stream);
          wanted.stream = stream;
          const auto written = caller->codec()->encode_request(wanted, {});
          ASSERT_TRUE(written);
          const Answer answer = stage_.ask(request_of(*caller, written->body, wanted.model, stream));
          EXPECT_EQ(answer.status, one.expected) << answer.body;
          const Error heard = caller->decode_error(answer.status, answer.body);
          const Fault expected = one.expected == 400   ? Fault::bad_request
                                 : one.expected == 429 ? Fault::rate_limited
                                                       : heard.fault();
          EXPECT_EQ(heard.fault(), expected) << answer.body;
          EXPECT_TRUE(nlohmann::json::accept(answer.body)) << answer.body;
        }
      }
    }
  }
}

TEST_F(DialectMatrix, a_strict_caller_is_refused_instead) {
  chat::Request wanted = scenarios_.at(1).request;  // with a seed, which one of the two cannot be told
  const Dialect& caller = chat::openai_chat();
  const Dialect& provider = chat::bedrock_converse();
  wanted.model = model_of(provider, 1, false);
  const auto written = caller.codec()->encode_request(wanted, {});
  ASSERT_TRUE(written);
  const Answer refused = stage_.ask(request_of(caller, written->body, wanted.model, false, "x-sluice-strict: 1\r\n"));
  expect_error(refused, 400, "unsupported_parameter");
  EXPECT_NE(refused.body.find("seed"), std::string::npos) << refused.body;
  EXPECT_EQ(refused.field("x-sluice-attempts"), "") << "nobody was asked";
  const auto lines = stage_.gateway().access_lines(1);
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0]["dropped"], "seed");
  EXPECT_EQ(lines[0]["attempts"], 0);
  EXPECT_TRUE(lines[0]["cost_nano_usd"].is_null());
  EXPECT_EQ(upstream_->requests(), 0u);
}

TEST_F(DialectMatrix, a_stream_that_breaks_midway_never_ends_cleanly) {
  for (const Dialect* caller : chat::dialects()) {
    for (const Dialect* provider : chat::dialects()) {
      // Cut before the provider's last words, with and without a proper end of the HTTP message.
      for (const bool framed : {false, true}) {
        SCOPED_TRACE(std::string(caller->name()) + " of " + std::string(provider->name()) + (framed ? ", framed" : ""));
        const std::string whole = write_answer(*provider, scenarios_.front().answer, true);
        failure_ = "HTTP/1.1 200 OK\r\ncontent-type: " + std::string(provider->codec()->stream_type({})) +
                   "\r\ntransfer-encoding: chunked\r\n\r\n" + chunk(whole.substr(0, whole.size() * 2 / 3)) +
                   (framed ? std::string(last_chunk) : "");
        closes_ = !framed;
        chat::Request wanted = scenarios_.front().request;
        wanted.model = model_of(*provider, 0, true);
        wanted.stream = true;
        const auto written = caller->codec()->encode_request(wanted, {});
        ASSERT_TRUE(written);
        const Answer answer = stage_.ask(request_of(*caller, written->body, wanted.model, true));
        if (answer.status != 200) continue;  // nothing was said yet: an ordinary failure
        EXPECT_FALSE(answer.whole()) << answer.body;
        EXPECT_FALSE(read_answer(*caller, answer.body, true)) << answer.body;
      }
    }
  }
}

}  // namespace
}  // namespace sluice::test
