#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "chat/events.hpp"
#include "chat/exchanges.hpp"
#include "chat/openai_chat/counts.hpp"

// Recorded exchanges with providers are not part of this tree. Where SLUICE_RECORDINGS names a directory
// DIALECT/SCENARIO/{meta.json,response.*}, every recording of a compatible provider is checked.
namespace sluice::chat {
namespace {

using Counts = std::vector<std::uint64_t>;
using nlohmann::json;
namespace fs = std::filesystem;

const std::vector<std::string_view> dialects{"alibaba_qwen",
                                             "azure_openai",
                                             "cerebras",
                                             "deepseek",
                                             "gemini_openai_compat",
                                             "groq",
                                             "huggingface_router",
                                             "llamacpp",
                                             "mistral",
                                             "moonshot",
                                             "ollama",
                                             "openai_chat",
                                             "openai_completions",
                                             "openai_embeddings",
                                             "openrouter",
                                             "perplexity",
                                             "together",
                                             "vllm",
                                             "voyage",
                                             "xai",
                                             "zai"};

std::optional<fs::path> recordings() {
  if (const char* const directory = std::getenv("SLUICE_RECORDINGS")) {
    const fs::path path = directory;
    return fs::exists(path / "providers") ? path / "providers" : path;
  }
  std::cout << "\n*** SLUICE_RECORDINGS is not set: NO RECORDED EXCHANGE WAS CHECKED. ***\n\n";
  return std::nullopt;
}

struct Recording {
  std::string name;
  json meta;
  std::string response;
};

// The recordings of chat, completions and embeddings whose response has this name.
std::vector<Recording> recordings_of(const fs::path& root, const std::string& file) {
  std::vector<Recording> found;
  for (const std::string_view dialect : dialects) {
    if (!fs::exists(root / dialect)) continue;
    for (const auto& scenario : fs::directory_iterator(root / dialect)) {
      if (!fs::exists(scenario.path() / file)) continue;
      json meta = json::parse(contents_of((scenario.path() / "meta.json").string()));
      const std::string path = meta.value("/request/path"_json_pointer, json("")).is_string()
                                   ? meta.value("/request/path"_json_pointer, json("")).get<std::string>()
                                   : "";
      const bool is_ours = path.ends_with("/completions") || path.ends_with("/embeddings");
      if (!is_ours) continue;
      recordings_used().insert(std::string(dialect) + "/" + scenario.path().filename().string());
      found.push_back({std::string(dialect) + "/" + scenario.path().filename().string(), std::move(meta),
                       contents_of((scenario.path() / file).string())});
    }
  }
  return found;
}

const json& observed(const json& meta, const char* member) {
  static const json nothing;
  const json::json_pointer where(std::string("/observed/") + member);
  return meta.contains(where) ? meta[where] : nothing;
}

TEST(Recordings, of_streams_mean_what_was_observed) {
  const auto root = recordings();
  if (!root) return;
  const auto streams = recordings_of(*root, "response.sse");
  for (const Recording& recording : streams) {
    const auto senses = senses_of(recording.response);
    Counts last;
    for (const EventSense& sense : senses) {
      if (sense.usage) last = counts_of(sense.usage);
    }
    const auto count = [&](EventSense::Kind kind) {
      return std::count_if(senses.begin(), senses.end(), [&](const EventSense& sense) { return sense.kind == kind; });
    };
    EXPECT_FALSE(senses.empty()) << recording.name;
    const bool ends = recording.response.find("data: [DONE]") != std::string::npos;
    EXPECT_EQ(count(EventSense::Kind::end), ends ? 1 : 0) << recording.name;
    EXPECT_TRUE(!ends || senses.back().kind == EventSense::Kind::end) << recording.name;
    EXPECT_LE(count(EventSense::Kind::usage_only), 1) << recording.name;
    if (!recording.meta.contains("observed")) continue;
    EXPECT_EQ(last, expected_counts(observed(recording.meta, "usage"))) << recording.name;
    EXPECT_EQ(count(EventSense::Kind::error) > 0, !observed(recording.meta, "error").is_null()) << recording.name;
  }
  EXPECT_GT(streams.size(), 50U);
  std::cout << streams.size() << " recorded streams checked\n";
}

TEST(Recordings, of_answers_have_the_usage_that_was_observed) {
  const auto root = recordings();
  if (!root) return;
  std::size_t answers = 0;
  for (const Recording& recording : recordings_of(*root, "response.json")) {
    EXPECT_TRUE(is_json(recording.response)) << recording.name;
    if (recording.meta.value("status", 0) != 200 || !recording.meta.contains("observed")) continue;
    const json body = json::parse(recording.response);
    if (!body.is_object() || !body.contains("usage")) continue;
    EXPECT_EQ(counts_of(openai_chat().usage_of(recording.response)), expected_counts(body["usage"])) << recording.name;
    ++answers;
  }
  EXPECT_GT(answers, 50U);
  std::cout << answers << " recorded answers checked\n";
}

TEST(Recordings, of_failures_decode_to_errors_a_caller_may_see) {
  const auto root = recordings();
  if (!root) return;
  std::size_t failures = 0;
  for (const Recording& recording : recordings_of(*root, "response.json")) {
    const int status = recording.meta.value("status", 0);
    if (status < 400) continue;
    const Error error = openai_chat().decode_error(status, recording.response);
    const bool is_callers = error.outcome() == Outcome::client_error && error.fault() != Fault::upstream_failed;
    EXPECT_EQ(error.blame(), is_callers ? Blame::client : Blame::upstream) << recording.name;
    const bool elsewhere = error.fault() == Fault::not_found || error.code() == "upstream_auth" || status == 402 ||
                           status == 408 || status == 429;
    EXPECT_EQ(error.retryable(), elsewhere || status >= 498) << recording.name;
    EXPECT_NE(error.outcome(), Outcome::ok) << recording.name;
    std::string out;
    openai_chat().encode_error(error, out);
    EXPECT_TRUE(json::accept(out)) << recording.name;
    ++failures;
  }
  EXPECT_GT(failures, 10U);
  std::cout << failures << " recorded failures checked\n";
}

TEST(Recordings, of_requests_are_outlined) {
  const auto root = recordings();
  if (!root) return;
  std::size_t requests = 0;
  for (const std::string file : {"response.sse", "response.json"}) {
    for (const Recording& recording : recordings_of(*root, file)) {
      const std::string body = contents_of((*root / recording.name / "request.json").string());
      if (body.empty()) continue;
      const json parsed = json::parse(body);
      if (!parsed.contains("model")) continue;
      std::string scratch;
      const auto outline = openai_chat().outline({Task::chat}, body, scratch);
      ASSERT_TRUE(outline) << recording.name << ": " << outline.error().message();
      EXPECT_EQ(outline->model, parsed["model"].get<std::string>()) << recording.name;
      EXPECT_EQ(outline->stream, parsed.value("stream", false)) << recording.name;
      ++requests;
    }
  }
  EXPECT_GT(requests, 50U);
  std::cout << requests << " recorded requests outlined\n";
}

}  // namespace
}  // namespace sluice::chat
