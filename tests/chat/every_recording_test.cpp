#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "chat/exchanges.hpp"

// No recorded exchange is left out. What is neither a conversation nor has a codec goes through the gateway as it is:
// of that, what is asked for is found, failures are understood, and an answer is never taken for a conversation.
namespace sluice::chat {
namespace {

[[maybe_unused]] const bool every_one = [] {
  expect_all_recordings_are_used([](const Exchange& exchange) {
    return !exchange.is_good() ||
           !(is_embedding(exchange) || is_prediction(exchange) || is_rerank(exchange) || is_count(exchange));
  });
  return true;
}();

const Dialect& dialect_of(std::string_view folder) {
  for (const DialectFolders& source : dialect_folders()) {
    for (const std::string_view known : source.folders) {
      if (known == folder) return source.dialect;
    }
  }
  if (folder == "bedrock_invoke") return anthropic_messages();
  if (folder == "bedrock_agent_rerank") return bedrock_converse();
  return openai_chat();
}

bool is_beside_conversations(const Exchange& exchange) {
  const std::string path = exchange.path();
  if (path.ends_with("/models") || path.starts_with("/v1/models/") || path.find("/operations/") != std::string::npos)
    return true;
  for (const std::string_view part : {"/images", "/audio", "/moderations", "/batches", "/invoke"}) {
    if (path.find(part) != std::string::npos && !is_embedding(exchange)) return true;
  }
  // What one provider has instead of what its dialect has by now.
  if (path == "/rerank" || path == "/api/embeddings") return true;
  return !exchange.is_good() && (is_embedding(exchange) || is_rerank(exchange) || is_count(exchange));
}

class Beside : public ::testing::TestWithParam<std::string_view> {
 protected:
  std::vector<Exchange> exchanges() const { return recorded(GetParam(), is_beside_conversations); }
  const Dialect& dialect() const { return dialect_of(GetParam()); }
};

TEST_P(Beside, conversations_failures_are_understood) {
  for (const Exchange& exchange : exchanges()) {
    if (exchange.status() < 400) continue;
    const Error error = dialect().decode_error(exchange.status(), exchange.response);
    EXPECT_FALSE(error.message().empty()) << exchange.name;
    const Fault fault = error.fault();
    const bool is_callers = fault == Fault::bad_request || fault == Fault::not_found || fault == Fault::too_large;
    const int status = exchange.status();
    EXPECT_TRUE(is_callers || (status != 400 && status != 422)) << exchange.name;
    EXPECT_TRUE(fault == Fault::not_found || status != 404) << exchange.name;
    EXPECT_TRUE(!is_callers || status != 401) << exchange.name << ": it is our key that is wrong";
    EXPECT_TRUE(error.retryable() || status < 500) << exchange.name;
  }
}

TEST_P(Beside, conversations_answers_are_none) {
  for (const Exchange& exchange : exchanges()) {
    const bool is_native =
        GetParam() == "bedrock_invoke" && exchange.request.find("anthropic_version") < exchange.request.size();
    if (!exchange.is_good() || is_native) continue;
    EXPECT_FALSE(dialect().codec()->decode_response(exchange.response)) << exchange.name;
    // What is counted there, if anything, is no negative number and no text.
    const auto usage = dialect().usage_of(exchange.response);
    const auto& told = exchange.observed("usage");
    EXPECT_TRUE(usage || told.is_null()) << exchange.name;
  }
}

INSTANTIATE_TEST_SUITE_P(Recorded, Beside,
                         ::testing::Values("openai_audio", "openai_images", "openai_moderations", "openai_models",
                                           "groq", "mistral", "xai", "bedrock_invoke", "anthropic_messages",
                                           "cohere_v2", "gemini_generate_content", "bedrock_agent_rerank", "ollama",
                                           "openai_embeddings", "voyage"),
                         [](const auto& folder) { return std::string(folder.param); });

}  // namespace
}  // namespace sluice::chat
