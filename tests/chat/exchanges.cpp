#include "chat/exchanges.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <random>
#include <set>
#include <sstream>
#include <utility>

#include "chat/events.hpp"

namespace sluice::chat {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using nlohmann::ordered_json;

// How far apart the cuts of one pass over a stream are: there are as many passes. A sanitizer's build, several times
// slower, makes fewer.
#if defined(SLUICE_SANITIZE_ADDRESS)
constexpr std::size_t cuts_apart = 64;
#else
constexpr std::size_t cuts_apart = 1024;
#endif

std::vector<Exchange> exchanges_in(const fs::path& root, std::string_view dialect, const Wanted& wanted) {
  std::vector<Exchange> found;
  const fs::path folder = root / dialect;
  if (!fs::exists(folder)) return found;
  for (const auto& scenario : fs::directory_iterator(folder)) {
    if (!fs::exists(scenario.path() / "meta.json")) continue;
    Exchange exchange;
    exchange.name = std::string(dialect) + "/" + scenario.path().filename().string();
    exchange.meta = ordered_json::parse(contents_of((scenario.path() / "meta.json").string()));
    exchange.request = contents_of((scenario.path() / "request.json").string());
    for (const char* const extension : {"json", "sse", "bin", "ndjson", "html"}) {
      const fs::path file = scenario.path() / (std::string("response.") + extension);
      if (!fs::exists(file)) continue;
      exchange.extension = extension;
      exchange.response = contents_of(file.string());
    }
    if (wanted(exchange)) found.push_back(std::move(exchange));
  }
  std::sort(found.begin(), found.end(), [](const auto& left, const auto& right) { return left.name < right.name; });
  return found;
}

template <class What>
std::string joined(const Response& response) {
  std::string text;
  for (const Choice& choice : response.choices) {
    for (const Part& part : choice.parts) {
      if (const auto* what = std::get_if<What>(&part.what)) text += what->text;
    }
  }
  return text;
}

json parsed_arguments(const std::string& text) {
  return json::parse(text.empty() ? std::string("{}") : text, nullptr, false);
}

// A call's arguments as an observer wrote them down: as text, or already parsed.
json expected_arguments(const ordered_json& call) {
  const ordered_json given = call.value("arguments", ordered_json(""));
  if (given.is_string()) return parsed_arguments(given.get<std::string>());
  return json::parse(given.dump());
}

std::string dump(const Part& part) {
  std::ostringstream out;
  std::visit(
      [&](const auto& what) {
        using What = std::decay_t<decltype(what)>;
        if constexpr (std::is_same_v<What, Text>) {
          out << "text(" << what.text << '|' << what.signature << '|' << what.citations.bytes << ')';
        } else if constexpr (std::is_same_v<What, Media>) {
          out << "media(" << static_cast<int>(what.kind) << '|' << what.media_type << '|' << what.data.size() << '|'
              << what.url << '|' << what.file_id << '|' << what.name << '|' << what.detail << ')';
        } else if constexpr (std::is_same_v<What, Thinking>) {
          out << "thinking(" << what.text << '|' << what.signature << '|' << what.data << '|' << what.id << '|'
              << what.format << '|' << what.is_summary << ')';
        } else if constexpr (std::is_same_v<What, ToolCall>) {
          out << "call(" << what.id << '|' << what.name << '|' << what.arguments << '|' << what.signature << '|'
              << what.item_id << '|' << what.is_custom << ')';
        } else if constexpr (std::is_same_v<What, ToolResult>) {
          out << "result(" << what.call_id << '|' << what.name << '|' << what.json.bytes << '|' << what.is_error << '|';
          for (const auto& piece : what.content) {
            out << piece.index();
            if (const auto* text = std::get_if<Text>(&piece)) out << text->text;
            out << ';';
          }
          out << ')';
        } else if constexpr (std::is_same_v<What, Refusal>) {
          out << "refusal(" << what.text << ')';
        } else {
          out << "opaque(" << what.dialect << '|' << what.kind << '|' << what.json.bytes << ')';
        }
      },
      part.what);
  if (part.cache) out << "cache(" << part.cache->ttl << ')';
  return out.str();
}

std::string dump(const Ending& ending) {
  return std::to_string(static_cast<int>(ending.finish)) + '|' + ending.raw + '|' + ending.stop_sequence;
}

std::string dump(const Usage& usage) {
  std::ostringstream out;
  out << usage.input << '+' << usage.cache_read << '+' << usage.cache_write << '(' << usage.cache_write_1h << ") "
      << usage.output << '+' << usage.reasoning;
  return out.str();
}

std::string dump(const Event& event) {
  std::ostringstream out;
  std::visit(
      [&](const auto& what) {
        using What = std::decay_t<decltype(what)>;
        if constexpr (std::is_same_v<What, AnswerStart>) {
          out << "start " << what.id << ' ' << what.model << ' ' << what.created << ' ' << what.service_tier << ' '
              << what.system_fingerprint;
        } else if constexpr (std::is_same_v<What, BlockStart>) {
          out << "block " << what.block << " of " << what.choice << ": " << dump(what.part);
        } else if constexpr (std::is_same_v<What, BlockDelta>) {
          out << "delta " << what.block << ": " << what.text << '|' << what.signature << '|' << what.data << '|'
              << what.citations.bytes;
        } else if constexpr (std::is_same_v<What, BlockEnd>) {
          out << "block end " << what.block;
        } else if constexpr (std::is_same_v<What, LogprobsSeen>) {
          out << "logprobs of " << what.choice << ": " << what.content.bytes;
        } else if constexpr (std::is_same_v<What, ChoiceEnd>) {
          out << "choice end " << what.choice << ": " << dump(what.ending);
        } else if constexpr (std::is_same_v<What, UsageSeen>) {
          out << "usage " << dump(what.usage);
        } else if constexpr (std::is_same_v<What, AnswerFailed>) {
          out << "failed " << status_of(what.error.fault()) << ' ' << what.error.code() << ' ' << what.error.message();
        } else {
          out << (std::is_same_v<What, AnswerEnd> ? "end" : "heartbeat");
        }
      },
      event);
  return out.str();
}

// Whether two sequences say the same, quicker than by their texts.
bool are_same(const std::vector<Event>& left, const std::vector<Event>& right) {
  return std::equal(left.begin(), left.end(), right.begin(), right.end(), [](const Event& one, const Event& other) {
    const auto* const a = std::get_if<BlockDelta>(&one);
    const auto* const b = std::get_if<BlockDelta>(&other);
    if (a == nullptr || b == nullptr) return one.index() == other.index() && dump(one) == dump(other);
    return a->block == b->block && a->text == b->text && a->signature == b->signature && a->data == b->data &&
           a->citations == b->citations;
  });
}

// Sorted, so that calls of several choices or dialects with their own order compare.
std::vector<std::pair<std::string, json>> sorted(std::vector<std::pair<std::string, json>> calls) {
  std::sort(calls.begin(), calls.end());
  return calls;
}

}  // namespace

std::vector<DialectFolders> dialect_folders() {
  return {{openai_chat(),
           {"openai_chat", "azure_openai", "groq", "deepseek", "mistral", "xai", "openrouter", "together", "vllm",
            "llamacpp", "cerebras", "perplexity", "zai", "huggingface_router", "gemini_openai_compat"}},
          {openai_responses(), {"openai_responses", "bedrock_mantle_openai"}},
          {anthropic_messages(), {"anthropic_messages"}},
          {gemini(), {"gemini_generate_content", "vertex_gemini"}},
          {bedrock_converse(), {"bedrock_converse"}},
          {cohere_v2(), {"cohere_v2"}},
          {ollama(), {"ollama"}}};
}

int Exchange::status() const { return meta.value("status", 0); }

std::string Exchange::path() const {
  const ordered_json::json_pointer where("/request/path");
  return meta.contains(where) && meta[where].is_string() ? meta[where].get<std::string>() : std::string();
}

const ordered_json& Exchange::observed(const std::string& member) const {
  static const ordered_json nothing;
  const ordered_json::json_pointer where("/observed/" + member);
  return meta.contains(where) ? meta[where] : nothing;
}

std::set<std::string>& recordings_used() {
  static std::set<std::string> names;
  return names;
}

namespace {

class EveryRecording : public ::testing::Environment {
 public:
  explicit EveryRecording(Wanted wanted) : wanted_(std::move(wanted)) {}
  void TearDown() override {
    const char* const root = std::getenv("SLUICE_RECORDINGS");
    if (root == nullptr || GTEST_FLAG_GET(filter) != "*") return;
    for (const Exchange& exchange : exchanges_below(root)) {
      EXPECT_TRUE(!wanted_(exchange) || recordings_used().count(exchange.name) > 0)
          << exchange.name << " is used by no test";
    }
  }

 private:
  Wanted wanted_;
};

}  // namespace

void expect_all_recordings_are_used(const Wanted& wanted) {
  ::testing::AddGlobalTestEnvironment(new EveryRecording(wanted));
}

bool is_embedding(const Exchange& exchange) {
  const std::string path = exchange.path();
  if (path.ends_with("/invoke"))
    return exchange.request.find("\"inputText\"") < 40 || exchange.request.find("\"texts\"") < 40;
  return (path.ends_with("/embeddings") && path != "/api/embeddings") || path.ends_with("/v2/embed") ||
         path.ends_with("mbedContent") || path.ends_with("mbedContents");
}

bool is_prediction(const Exchange& exchange) { return exchange.path().ends_with(":predict"); }

bool is_rerank(const Exchange& exchange) {
  return exchange.path().ends_with("/rerank") && exchange.path() != "/rerank";
}

bool is_count(const Exchange& exchange) {
  const std::string path = exchange.path();
  return path.ends_with("count_tokens") || path.ends_with("countTokens") || path.ends_with("count-tokens") ||
         path.ends_with("input_tokens");
}

std::vector<Exchange> recorded(std::string_view dialect, const Wanted& wanted) {
  const char* const folder = std::getenv("SLUICE_RECORDINGS");
  if (folder == nullptr) {
    std::cout << "\n*** SLUICE_RECORDINGS is not set: NO RECORDED EXCHANGE WAS CHECKED. ***\n\n";
    return {};
  }
  auto found = exchanges_in(folder, dialect, wanted);
  EXPECT_FALSE(found.empty()) << dialect << " has no recordings in SLUICE_RECORDINGS";
  std::cout << found.size() << " recorded exchanges of " << dialect << '\n';
  for (const Exchange& exchange : found) recordings_used().insert(exchange.name);
  return found;
}

std::vector<Exchange> own(std::string_view dialect, const Wanted& wanted) {
  auto found = exchanges_in(SLUICE_FIXTURES, dialect, wanted);
  EXPECT_FALSE(found.empty()) << dialect << " has no fixtures of our own";
  return found;
}

std::vector<Exchange> exchanges_below(const std::string& root) {
  std::set<std::string> folders;
  for (const auto& folder : fs::directory_iterator(root)) folders.insert(folder.path().filename().string());
  std::vector<Exchange> all;
  for (const std::string& folder : folders) {
    for (Exchange& exchange : exchanges_in(root, folder, [](const Exchange&) { return true; })) {
      all.push_back(std::move(exchange));
    }
  }
  return all;
}

std::vector<Event> events_of(const Codec& codec, std::string_view stream, const std::vector<std::size_t>& cuts) {
  std::vector<Event> events;
  const auto decoder = codec.stream_decoder();
  std::size_t done = 0;
  std::vector<std::size_t> ends(cuts);
  ends.push_back(stream.size());
  for (const std::size_t end : ends) {
    const std::string arrived(stream.substr(done, end - done));  // memory of its own: reading past it is seen
    auto taken = decoder->decode(arrived, events);
    if (!taken) {
      events.emplace_back(AnswerFailed{taken.error()});
      return events;
    }
    EXPECT_LE(*taken, arrived.size());
    done += std::min(*taken, arrived.size());
  }
  if (const auto finished = decoder->finish(events); !finished) events.emplace_back(AnswerFailed{finished.error()});
  return events;
}

Result<Response> fold(const std::vector<Event>& events) {
  Fold fold;
  for (const Event& event : events) fold.take(event);
  return std::move(fold).finish();
}

std::string text_of(const std::vector<Event>& events) {
  std::string text;
  for (const Event& event : events) {
    if (!std::holds_alternative<Heartbeat>(event)) text += dump(event) + '\n';
  }
  return text;
}

std::string text_of(const Response& response) {
  std::ostringstream out;
  out << response.id << ' ' << response.model << ' ' << response.created << ' ' << response.service_tier << ' '
      << response.system_fingerprint << '\n';
  for (const Choice& choice : response.choices) {
    for (const Part& part : choice.parts) out << "  " << dump(part) << '\n';
    out << "  logprobs " << choice.logprobs.bytes << "\n  end " << dump(choice.ending) << '\n';
  }
  out << "usage " << (response.usage ? dump(*response.usage) : "none") << '\n';
  for (const Extra& extra : response.extras) out << extra.name << '=' << extra.value.bytes << '\n';
  return out.str();
}

void expect_observed(const Exchange& exchange, const Response& response) {
  SCOPED_TRACE(exchange.name);
  if (const auto& text = exchange.observed("text"); text.is_string()) {
    EXPECT_EQ(joined<Text>(response), text.get<std::string>());
  }
  if (const auto& refusal = exchange.observed("refusal"); refusal.is_string()) {
    EXPECT_EQ(joined<Refusal>(response), refusal.get<std::string>());
  }
  if (const auto& size = exchange.observed("reasoning_chars"); size.is_number() && size.get<int>() > 0) {
    EXPECT_FALSE(joined<Thinking>(response).empty());
  }
  const auto& expected = exchange.observed("tool_calls");
  if (!expected.is_array()) return;
  std::vector<std::pair<std::string, json>> wanted;
  for (const auto& call : expected) {
    const ordered_json name = call.value("name", ordered_json(""));
    wanted.emplace_back(name.is_string() ? name.get<std::string>() : "", expected_arguments(call));
  }
  std::vector<std::pair<std::string, json>> found;
  for (const Choice& choice : response.choices) {
    for (const Part& part : choice.parts) {
      const auto* call = std::get_if<ToolCall>(&part.what);
      if (call != nullptr) found.emplace_back(call->name, parsed_arguments(call->arguments));
    }
  }
  EXPECT_EQ(sorted(found), sorted(wanted));
}

void expect_answer_survives(const Codec& codec, const std::string& name, const Response& response) {
  SCOPED_TRACE(name);
  std::string body;
  Dropped dropped;
  codec.encode_response(response, {}, body, dropped);
  EXPECT_TRUE(json::accept(body)) << body;
  const auto again = codec.decode_response(body);
  ASSERT_TRUE(again) << again.error().message() << '\n' << body;
  EXPECT_EQ(text_of(*again), text_of(response)) << body;

  const auto encoder = codec.stream_encoder({.usage = response.usage.has_value()});
  std::string stream;
  for (const Event& event : unfold(response)) encoder->encode(event, stream);
  const auto streamed = fold(events_of(codec, stream));
  ASSERT_TRUE(streamed) << streamed.error().message() << '\n' << stream;
  Response without_extras = response;
  without_extras.extras.clear();
  Response streamed_without = *streamed;
  streamed_without.extras.clear();
  EXPECT_EQ(text_of(streamed_without), text_of(without_extras)) << stream;
}

void expect_request_survives(const Codec& codec, const std::string& name, const std::string& body,
                             const std::string& model, bool stream) {
  SCOPED_TRACE(name);
  const auto first = codec.decode_request(body, model, stream);
  ASSERT_TRUE(first) << first.error().message();
  const auto rendered = codec.encode_request(*first, {});
  ASSERT_TRUE(rendered) << rendered.error().message();
  EXPECT_TRUE(json::accept(rendered->body)) << rendered->body;
  const auto second = codec.decode_request(rendered->body, model, stream);
  ASSERT_TRUE(second) << second.error().message() << '\n' << rendered->body;
  EXPECT_TRUE(*first == *second) << body.substr(0, 4000) << "\nbecame\n" << rendered->body.substr(0, 4000);
}

void expect_splits_do_not_matter(const Codec& codec, const std::string& name, const std::string& stream) {
  SCOPED_TRACE(name);
  const std::vector<Event> in_one = events_of(codec, stream);
  const std::string whole = text_of(in_one);
  for (std::size_t first = 0; first < std::min(stream.size(), cuts_apart); ++first) {
    std::vector<std::size_t> cuts;
    for (std::size_t at = first; at < stream.size(); at += cuts_apart) cuts.push_back(at);
    const std::vector<Event> in_pieces = events_of(codec, stream, cuts);
    if (are_same(in_pieces, in_one)) continue;
    const std::string split = text_of(in_pieces);
    if (split == whole) continue;
    ADD_FAILURE() << "split at " << first << " and every " << cuts_apart << " bytes after it:\n"
                  << split.substr(0, 3000) << "\ninstead of\n"
                  << whole.substr(0, 3000);
    return;
  }
  std::vector<std::size_t> each;
  for (std::size_t at = 1; at < std::min<std::size_t>(stream.size(), 3000); ++at) each.push_back(at);
  EXPECT_EQ(text_of(events_of(codec, stream, each)), whole) << "byte by byte";
}

void expect_damage_is_survived(const Codec& codec, const std::string& name, const std::string& bytes, bool is_stream) {
  SCOPED_TRACE(name);
  std::mt19937_64 random(20262);
  const auto read = [&](const std::string& damaged) {
    if (is_stream) {
      static_cast<void>(fold(events_of(codec, damaged)));
    } else if (const auto response = codec.decode_response(damaged)) {
      std::string out;
      Dropped dropped;
      codec.encode_response(*response, {}, out, dropped);
      EXPECT_TRUE(json::accept(out)) << out;
    }
  };
  for (int round = 0; round < 30; ++round) {
    std::string damaged = bytes.substr(0, 65536);
    if (damaged.empty()) return;
    const std::size_t at = random() % damaged.size();
    switch (round % 3) {
      case 0:
        damaged.resize(at);
        break;
      case 1:
        damaged[at] = static_cast<char>(random());
        break;
      default:
        // Another kind of value where one was expected.
        damaged.replace(at, std::min<std::size_t>(3, damaged.size() - at), "[1]");
    }
    read(damaged);
  }
  std::string garbage(1u << 20, '\0');
  for (char& c : garbage) c = static_cast<char>(random());
  read(garbage);
  for (const char* const odd : {"{}", "[]", "null", "3", "\"\"", "{\"choices\":3}", "{\"content\":{}}"}) read(odd);
}

}  // namespace sluice::chat
