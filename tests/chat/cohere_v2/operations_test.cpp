#include "chat/operations.hpp"

namespace sluice::chat {
namespace {

const EmbeddingCodec& embeddings() { return *cohere_v2().embedding_codec(); }
const RerankCodec& rerank() { return *cohere_v2().rerank_codec(); }

TEST(CohereEmbeddings, always_say_what_they_are_for) {
  EmbeddingRequest request = asks_for({"a", "b"});
  EXPECT_EQ(
      written(embeddings(), request),
      Json::parse(R"({"model":"m","texts":["a","b"],"input_type":"search_document","embedding_types":["float"]})"));
  struct Case {
    Purpose purpose;
    const char* word;
    bool is_exact;
  };
  for (const Case& one :
       {Case{Purpose::query, "search_query", true}, Case{Purpose::document, "search_document", true},
        Case{Purpose::classification, "classification", true}, Case{Purpose::clustering, "clustering", true},
        Case{Purpose::question, "search_query", false}, Case{Purpose::similarity, "search_document", false}}) {
    request.purpose = one.purpose;
    EXPECT_EQ(written(embeddings(), request)["input_type"], one.word);
    EXPECT_EQ(dropped(embeddings(), request), one.is_exact ? Dropped{} : Dropped{"input_type"}) << one.word;
  }
}

TEST(CohereEmbeddings, read_what_they_write) {
  for (
      const char* body :
      {R"({"model":"m","texts":["a"],"input_type":"search_query","embedding_types":["int8","float"],"truncate":"END"})",
       R"({"model":"m","texts":["a"],"input_type":"clustering","embedding_types":["float"],"output_dimension":256,"max_tokens":9})",
       R"({"model":"m","inputs":[{"content":[{"type":"text","text":"a"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}]}],"input_type":"search_document","embedding_types":["float"]})"}) {
    EXPECT_EQ(written(embeddings(), question(embeddings(), body)), Json::parse(body));
  }
}

TEST(CohereEmbeddings, take_pictures_in_two_forms) {
  const EmbeddingRequest request =
      question(embeddings(), R"({"images":["data:image/png;base64,iVBORw0KGgo="],"input_type":"image"})");
  EXPECT_EQ(request.inputs, std::vector<EmbeddingInput>{picture()});
  EXPECT_EQ(request.purpose, Purpose::unset);
  EXPECT_EQ(written(embeddings(), request)["inputs"][0]["content"][0]["image_url"]["url"],
            "data:image/png;base64,iVBORw0KGgo=");
}

TEST(CohereEmbeddings, refuse_what_cannot_be_understood) {
  EXPECT_EQ(refused_member(embeddings(), R"({"input_type":"search_query"})"), "texts");
  EXPECT_EQ(refused_member(embeddings(), R"({"texts":["a"],"images":["data:image/png;base64,AAAA"]})"), "texts");
  EXPECT_EQ(refused_member(embeddings(), R"({"texts":[]})"), "texts");
  EXPECT_EQ(refused_member(embeddings(), R"({"texts":["a"],"input_type":"poetry"})"), "input_type");
  EXPECT_EQ(refused_member(embeddings(), R"({"texts":["a"],"embedding_types":["float64"]})"), "embedding_types");
  EXPECT_EQ(refused_member(embeddings(), R"({"texts":["a"],"truncate":"MIDDLE"})"), "truncate");
  EmbeddingRequest request = asks_for({});
  request.inputs = {tokens()};
  EXPECT_EQ(untold(embeddings(), request), "unsupported_parameter");
}

TEST(CohereEmbeddings, answer_in_all_types_that_were_asked_for) {
  EmbeddingRequest request = asks_for({"a"});
  request.types = {"float", "base64", "int8"};
  EXPECT_EQ(written(embeddings(), request)["embedding_types"], Json::parse(R"(["float","int8"])"));
  const EmbeddingAnswer answer = answer_in(embeddings(), R"({"id":"i","embeddings":{"float":[[1,-2]],"int8":[[7]]},
      "meta":{"billed_units":{"input_tokens":5,"image_tokens":2}}})",
                                           request);
  EXPECT_EQ(answer.usage->all_input(), 7u);
  const Json said = answered(embeddings(), answer, request);
  EXPECT_EQ(said["embeddings"], Json::parse(R"({"float":[[1,-2]],"base64":["AACAPwAAAMA="],"int8":[[7]]})"));
  EXPECT_EQ(said["texts"], Json::parse(R"(["a"])"));
  EXPECT_EQ(said["meta"]["billed_units"]["input_tokens"], 7);
  request.types = {"ubinary"};
  EXPECT_TRUE(answered(embeddings(), answer, request)["embeddings"].contains("float")) << "what there is";
}

TEST(CohereEmbeddings, understand_the_form_of_older_answers) {
  const EmbeddingRequest request = asks_for({"a"});
  const auto answer = answer_in(embeddings(), R"({"embeddings":[[0.5]],"response_type":"embeddings_floats"})", request);
  EXPECT_EQ(answer.sets, (std::vector<VectorSet>{{"float", {"[0.5]"}}}));
  for (const char* wrong : {"{}", R"({"embeddings":{}})", R"({"embeddings":{"float":[[1],[2]]}})",
                            R"({"embeddings":{"float":[["1"]]}})", R"({"embeddings":{"float":{}}})"}) {
    EXPECT_FALSE(embeddings().decode_answer(wrong, request)) << wrong;
  }
}

TEST(CohereUsage, is_found_where_each_kind_of_answer_has_it) {
  const Dialect& dialect = cohere_v2();
  EXPECT_EQ(dialect.usage_of(R"({"embeddings":{},"meta":{"billed_units":{"input_tokens":4}}})")->all_input(), 4u);
  EXPECT_FALSE(dialect.usage_of(R"({"results":[],"meta":{"billed_units":{"search_units":1}}})"));
}

TEST(CohereRerank, takes_texts_and_gives_objects_as_their_json) {
  RerankRequest request = question(rerank(), R"({"query":"q","documents":["a",{"text":"b"},{"x":1}],"top_n":2,
      "max_tokens_per_doc":9,"priority":3})");
  EXPECT_EQ(written(rerank(), request), Json::parse(R"({"model":"m","query":"q","documents":["a","b","{\"x\":1}"],
      "top_n":2,"max_tokens_per_doc":9,"priority":3})"));
  request.dialect = "openai_chat";
  EXPECT_EQ(dropped(rerank(), request), Dropped{"priority"});
}

TEST(CohereRerank, answers_with_what_was_billed) {
  const RerankRequest request = question(rerank(), R"({"query":"q","documents":["a","b"],"return_documents":true})");
  const RerankAnswer answer = answer_in(rerank(), R"({"id":"i","results":[{"index":1,"relevance_score":0.90}],
      "meta":{"billed_units":{"search_units":1}}})",
                                        request);
  EXPECT_FALSE(answer.usage) << "search units are no tokens";
  EXPECT_EQ(answered(rerank(), answer, request),
            Json::parse(R"({"id":"i","results":[{"index":1,"relevance_score":0.9,"document":{"text":"b"}}],
              "meta":{"api_version":{"version":"2"},"billed_units":{"search_units":1}}})"));
}

}  // namespace
}  // namespace sluice::chat
