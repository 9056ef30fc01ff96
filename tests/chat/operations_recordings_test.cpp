#include <iostream>
#include <random>

#include "chat/exchanges.hpp"
#include "chat/operations.hpp"
#include "chat/vectors.hpp"

// Recorded embeddings, ranks and counts through the codecs, and from each dialect into every other.
namespace sluice::chat {
namespace {

// Who recorded what: a folder, and the dialect that was spoken there.
struct Source {
  const char* folder;
  const Dialect& dialect;
};

std::vector<Source> with_embeddings() {
  return {{"openai_embeddings", openai_chat()},
          {"azure_openai", openai_chat()},
          {"mistral", openai_chat()},
          {"openrouter", openai_chat()},
          {"voyage", openai_chat()},
          {"vllm", openai_chat()},
          {"gemini_generate_content", gemini()},
          {"vertex_gemini", gemini()},
          {"bedrock_invoke", bedrock_converse()},
          {"cohere_v2", cohere_v2()}};
}
std::vector<Source> with_ranks() {
  return {{"openrouter", openai_chat()},
          {"together", openai_chat()},
          {"voyage", openai_chat()},
          {"cohere_v2", cohere_v2()}};
}
std::vector<Source> with_counts() {
  return {{"openai_responses", openai_responses()},
          {"anthropic_messages", anthropic_messages()},
          {"gemini_generate_content", gemini()},
          {"vertex_gemini", gemini()},
          {"bedrock_converse", bedrock_converse()}};
}

[[maybe_unused]] const bool every_one = [] {
  expect_all_recordings_are_used([](const Exchange& exchange) {
    return exchange.is_good() &&
           (is_embedding(exchange) || is_prediction(exchange) || is_rerank(exchange) || is_count(exchange));
  });
  return true;
}();

// The question of an exchange; where it was not kept, one that such an answer may belong to.
template <class Codec>
typename Codec::Asks question_of(const Codec& codec, const Exchange& exchange, typename Codec::Asks unknown) {
  return exchange.request.empty() ? std::move(unknown) : question(codec, exchange.request);
}

template <class Codec>
void expect_question_survives(const Codec& codec, const typename Codec::Asks& asked, const Quirks& quirks) {
  const auto first = codec.encode_request(asked, quirks);
  ASSERT_TRUE(first) << first.error().message();
  const auto again = codec.decode_request(first->body, asked.model);
  ASSERT_TRUE(again) << again.error().message() << '\n' << first->body.substr(0, 500);
  const auto second = codec.encode_request(*again, quirks);
  ASSERT_TRUE(second);
  EXPECT_EQ(first->body, second->body);
}

// Cut short or with a byte changed, it is an answer or an Error.
template <class Codec>
void expect_damage_is_survived(const Codec& codec, const std::string& body, const typename Codec::Asks& asked) {
  std::mt19937 random(11);
  for (int i = 0; i < 40; ++i) {
    std::string damaged = body;
    if (i % 2 == 0) {
      damaged.resize(random() % body.size());
      EXPECT_FALSE(codec.decode_answer(damaged, asked)) << "a cut answer is none";
    } else {
      damaged[random() % body.size()] = static_cast<char>(random() % 256);
      const auto read = codec.decode_answer(damaged, asked);
      std::string out;
      if (read) static_cast<void>(codec.encode_answer(*read, asked, out));
    }
  }
}

EmbeddingRequest unknown_texts(const Exchange& exchange) {
  const Json answer = Json::parse(exchange.response);
  std::size_t count = 1;
  if (answer.contains("data")) count = answer["data"].size();
  if (answer.contains("embeddings") && answer["embeddings"].contains("float")) {
    count = answer["embeddings"]["float"].size();
  }
  return asks_for(std::vector<std::string>(count, "text"));
}

// A server of an old version packed doubles: its vectors can be handed on, and nothing else.
bool packs_doubles(const Exchange& exchange) { return exchange.name == "vllm/embeddings_8000"; }

void expect_same_vectors_everywhere(const EmbeddingAnswer& answer, const EmbeddingRequest& asked) {
  const auto vectors = vectors_as(answer, vector_type::packed);
  ASSERT_TRUE(vectors);
  for (const Dialect* other : dialects()) {
    if (other->embedding_codec() == nullptr) continue;
    EmbeddingRequest theirs = asked;
    theirs.types = {"float"};
    std::string out;
    ASSERT_TRUE(other->embedding_codec()->encode_answer(answer, theirs, out)) << other->name();
    const EmbeddingAnswer again = answer_in(*other->embedding_codec(), out, theirs);
    EXPECT_EQ((**vectors_as(again, vector_type::packed)).vectors, (*vectors)->vectors) << other->name();
  }
}

TEST(RecordedEmbeddings, mean_the_same_in_every_dialect) {
  std::size_t count = 0;
  for (const Source& source : with_embeddings()) {
    const EmbeddingCodec* const codec = source.dialect.embedding_codec();
    for (const Exchange& exchange : recorded(source.folder, is_embedding)) {
      if (!exchange.is_good()) continue;
      SCOPED_TRACE(exchange.name);
      ASSERT_NE(codec, nullptr);
      const EmbeddingRequest asked = question_of(*codec, exchange, unknown_texts(exchange));
      const EmbeddingAnswer answer = answer_in(*codec, exchange.response, asked);
      ASSERT_FALSE(answer.sets.empty());
      expect_damage_is_survived(*codec, exchange.response, asked);
      ++count;
      if (!packs_doubles(exchange)) expect_same_vectors_everywhere(answer, asked);
    }
  }
  std::cout << count << " answers checked\n";
}

TEST(RecordedEmbeddings, of_requests_survive) {
  std::size_t count = 0;
  for (const Source& source : with_embeddings()) {
    for (const Exchange& exchange : recorded(source.folder, is_embedding)) {
      if (exchange.request.empty() || !exchange.is_good()) continue;
      SCOPED_TRACE(exchange.name);
      const EmbeddingRequest asked = question(*source.dialect.embedding_codec(), exchange.request);
      const Quirks quirks{.text_lists = asked.is_list ? std::vector<std::string>{"*"} : std::vector<std::string>()};
      expect_question_survives(*source.dialect.embedding_codec(), asked, quirks);
      ++count;
    }
  }
  std::cout << count << " requests checked\n";
}

TEST(RecordedEmbeddings, say_what_they_cost) {
  for (const Source& source : with_embeddings()) {
    for (const Exchange& exchange : recorded(source.folder, is_embedding)) {
      if (!exchange.is_good()) continue;
      SCOPED_TRACE(exchange.name);
      const EmbeddingCodec& codec = *source.dialect.embedding_codec();
      const EmbeddingRequest asked = question_of(codec, exchange, unknown_texts(exchange));
      const auto whole = source.dialect.usage_of(exchange.response);
      const EmbeddingAnswer answer = answer_in(codec, exchange.response, asked);
      ASSERT_EQ(answer.usage.has_value(), whole.has_value());
      if (whole) {
        EXPECT_EQ(*answer.usage, *whole);
        EXPECT_GT(whole->all_input(), 0u);
      }
    }
  }
}

// Vectors by predict: what its own clients sent is what we send, and what came back is counted.
TEST(RecordedPredictions, are_asked_for_as_others_ask_and_mean_the_same_in_every_dialect) {
  const EmbeddingCodec& codec = *gemini().embedding_codec();
  std::size_t count = 0;
  for (const Exchange& exchange : recorded("vertex_gemini", is_prediction)) {
    SCOPED_TRACE(exchange.name);
    ASSERT_TRUE(exchange.is_good());
    const Json answered_there = Json::parse(exchange.response);
    EmbeddingRequest asked = asks_for(std::vector<std::string>(answered_there["predictions"].size(), "text"));
    if (!exchange.request.empty()) {
      const Json sent = Json::parse(exchange.request);
      asked = asks_for({});
      for (const Json& instance : sent["instances"]) asked.inputs.push_back({{instance["content"]}, {}, {}});
      if (sent["instances"][0].contains("task_type")) asked.purpose = Purpose::query;
      if (sent.contains("parameters")) asked.dimensions = sent["parameters"]["outputDimensionality"];
      EXPECT_EQ(written(codec, asked, {.instances = {"*"}}), sent);
    }
    const EmbeddingAnswer answer = answer_in(codec, exchange.response, asked);
    ASSERT_FALSE(answer.sets.empty());
    std::uint64_t tokens = 0;
    for (const Json& one : answered_there["predictions"]) {
      tokens += one["embeddings"]["statistics"]["token_count"].get<std::uint64_t>();
    }
    EXPECT_EQ(answer.usage->all_input(), tokens);
    expect_damage_is_survived(codec, exchange.response, asked);
    expect_same_vectors_everywhere(answer, asked);
    ++count;
  }
  std::cout << count << " answers checked\n";
}

RerankRequest unknown_documents() {
  RerankRequest request;
  request.query = "q";
  request.documents.resize(50);
  return request;
}

TEST(RecordedRanks, mean_the_same_in_every_dialect) {
  std::size_t count = 0;
  for (const Source& source : with_ranks()) {
    const RerankCodec* const codec = source.dialect.rerank_codec();
    for (const Exchange& exchange : recorded(source.folder, is_rerank)) {
      SCOPED_TRACE(exchange.name);
      ASSERT_NE(codec, nullptr);
      const RerankRequest asked = question_of(*codec, exchange, unknown_documents());
      expect_question_survives(*codec, asked, {});
      const RerankAnswer answer = answer_in(*codec, exchange.response, asked);
      ASSERT_FALSE(answer.results.empty());
      EXPECT_TRUE(answer.usage || answer.search_units) << "somebody has to be paid";
      expect_damage_is_survived(*codec, exchange.response, asked);
      for (const Dialect* other : dialects()) {
        if (other->rerank_codec() == nullptr) continue;
        std::string out;
        ASSERT_TRUE(other->rerank_codec()->encode_answer(answer, asked, out));
        const RerankAnswer again = answer_in(*other->rerank_codec(), out, asked);
        EXPECT_EQ(again.results, answer.results);
        EXPECT_EQ(again.search_units, answer.search_units);
      }
      ++count;
    }
  }
  std::cout << count << " answers checked\n";
}

TEST(RecordedCounts, mean_the_same_in_every_dialect) {
  std::size_t count = 0;
  for (const Source& source : with_counts()) {
    const CountCodec* const codec = source.dialect.count_codec();
    for (const Exchange& exchange : recorded(source.folder, is_count)) {
      const bool is_readable = exchange.request.find("invokeModel") == std::string::npos;
      if (!exchange.is_good() || exchange.request.empty() || !is_readable) continue;
      SCOPED_TRACE(exchange.name);
      ASSERT_NE(codec, nullptr);
      const Request asked = question(*codec, exchange.request);
      EXPECT_FALSE(asked.messages.empty());
      expect_question_survives(*codec, asked, {});
      const TokenCount counted = answer_in(*codec, exchange.response, asked);
      EXPECT_GT(counted.tokens, 0u);
      for (const Dialect* other : dialects()) {
        if (other->count_codec() == nullptr) continue;
        EXPECT_TRUE(other->count_codec()->encode_request(asked, {})) << other->name();
        const Json again = answered(*other->count_codec(), counted, asked);
        EXPECT_EQ(answer_in(*other->count_codec(), again.dump(), asked), counted);
      }
      ++count;
    }
  }
  std::cout << count << " counts checked\n";
}

}  // namespace
}  // namespace sluice::chat
