#include "chat/operations.hpp"

namespace sluice::chat {
namespace {

const EmbeddingCodec& embeddings() { return *openai_chat().embedding_codec(); }
const RerankCodec& rerank() { return *openai_chat().rerank_codec(); }

TEST(OpenAiEmbeddings, take_texts_and_tokens_alone_and_in_lists) {
  struct Case {
    const char* input;
    std::size_t count;
    bool is_list;
    bool is_tokens;
  };
  for (const Case& one : {Case{R"("a")", 1, false, false}, Case{R"(["a","b"])", 2, true, false},
                          Case{"[1,2]", 1, false, true}, Case{"[[1,2],[3]]", 2, true, true}}) {
    SCOPED_TRACE(one.input);
    const std::string body = std::string(R"({"model":"m","input":)") + one.input + "}";
    const EmbeddingRequest request = question(embeddings(), body);
    EXPECT_EQ(request.inputs.size(), one.count);
    EXPECT_EQ(request.is_list, one.is_list);
    EXPECT_EQ(static_cast<bool>(request.inputs.at(0).tokens), one.is_tokens);
    EXPECT_EQ(written(embeddings(), request), Json::parse(body));
  }
  for (const char* wrong : {R"({"input":[]})", R"({"input":""})", R"({"input":{}})", R"({"input":[1.5]})", "{}",
                            R"({"input":["a",[1]],"x":1})", R"({"input":[null]})"}) {
    const auto read = embeddings().decode_request(wrong, "m");
    if (read) continue;  // an empty text, and texts beside tokens, are the provider's affair
    EXPECT_EQ(read.error().param(), "input") << wrong;
  }
  EXPECT_EQ(refused_member(embeddings(), R"({"input":[{}]})"), "input");
  EXPECT_EQ(refused_member(embeddings(), R"({"input":"a","dimensions":-1})"), "dimensions");
  EXPECT_EQ(refused_member(embeddings(), R"({"input":"a","encoding_format":"hex"})"), "encoding_format");
}

TEST(OpenAiEmbeddings, keep_members_of_other_servers_for_their_own_dialect_only) {
  const std::string body = R"({"model":"m","input":"a","user":"u","dimensions":8,"truncation":false})";
  EmbeddingRequest request = question(embeddings(), body);
  EXPECT_EQ(written(embeddings(), request), Json::parse(body));
  request.dialect = "cohere_v2";
  EXPECT_EQ(dropped(embeddings(), request), Dropped{"truncation"});
}

TEST(OpenAiEmbeddings, use_a_server_s_own_names) {
  const Quirks quirks{.unsupported = {"user"}, .dimensions = "output_dimension", .purpose = "input_type"};
  EmbeddingRequest request = asks_for({"a"});
  request.dimensions = 8;
  request.purpose = Purpose::query;
  request.user = "u";
  const Json body = written(embeddings(), request, quirks);
  EXPECT_EQ(body, Json::parse(R"({"model":"m","input":["a"],"output_dimension":8,"input_type":"query"})"));
  EXPECT_EQ(dropped(embeddings(), request, quirks), Dropped{"user"});
  EXPECT_EQ(dropped(embeddings(), request), Dropped{"input_type"});

  EXPECT_TRUE(embeddings().must_rewrite(R"({"input":"a","dimensions":8})", false, quirks));
  EXPECT_FALSE(embeddings().must_rewrite(R"({"input":"a"})", true, quirks));
  EXPECT_FALSE(embeddings().must_rewrite(R"({"input":"a","dimensions":8})", true, {}));
}

TEST(OpenAiEmbeddings, name_what_they_cannot_say) {
  EmbeddingRequest request = asks_for({"a"});
  request.inputs.front().title = "t";
  request.types = {"int8"};
  request.truncate = "END";
  request.purpose = Purpose::fact_check;
  EXPECT_EQ(dropped(embeddings(), request), (Dropped{"input_type", "embedding_types", "title", "truncate"}));
  request.inputs = {picture()};
  EXPECT_EQ(untold(embeddings(), request), "unsupported_parameter");
}

TEST(OpenAiEmbeddings, put_vectors_in_order_and_numbers_in_their_own_bytes) {
  const EmbeddingRequest request = asks_for({"a", "b"});
  const EmbeddingAnswer answer = answer_in(
      embeddings(),
      R"({"data":[{"index":1,"embedding":[2]},{"index":0,"embedding":[1.50, 0]}],"usage":{"prompt_tokens":3}})",
      request);
  ASSERT_EQ(answer.sets.size(), 1u);
  EXPECT_EQ(answer.sets[0].vectors, (std::vector<std::string>{"[1.50, 0]", "[2]"}));
  EXPECT_EQ(answer.usage->all_input(), 3u);
  std::string out;
  ASSERT_TRUE(embeddings().encode_answer(answer, request, out));
  EXPECT_NE(out.find("[1.50, 0]"), std::string::npos) << out;
  EXPECT_EQ(Json::parse(out)["usage"], Json::parse(R"({"prompt_tokens":3,"total_tokens":3})"));
}

TEST(OpenAiEmbeddings, pack_vectors_for_those_who_want_them_packed) {
  EmbeddingRequest request = asks_for({"a"});
  EmbeddingAnswer answer;
  answer.sets = {{"float", {"[1,-2]"}}};
  request.types = {"base64"};
  EXPECT_EQ(answered(embeddings(), answer, request)["data"][0]["embedding"], "AACAPwAAAMA=");
  answer.sets = {{"base64", {"AACAPwAAAMA="}}};
  EXPECT_EQ(answered(embeddings(), answer, request)["data"][0]["embedding"], "AACAPwAAAMA=");
  request.types.clear();
  EXPECT_EQ(answered(embeddings(), answer, request)["data"][0]["embedding"], Json::parse("[1,-2]"));
  EXPECT_EQ(answered(embeddings(), answer, request)["usage"]["total_tokens"], 0) << "clients rely on the member";
}

TEST(OpenAiEmbeddings, do_not_believe_answers_that_make_no_sense) {
  const EmbeddingRequest request = asks_for({"a", "b"});
  for (const char* wrong :
       {"", "{}", R"({"data":[]})", R"({"data":[{"embedding":[1]}]})",
        R"({"data":[{"embedding":[1]},{"embedding":[]}]})", R"({"data":[{"embedding":[1]},{"embedding":"AAAA"}]})",
        R"({"data":[{"embedding":[1]},{"embedding":["1"]}]})",
        R"({"data":[{"index":0,"embedding":[1]},{"index":0,"embedding":[1]}]})",
        R"({"data":[{"index":9,"embedding":[1]},{"index":0,"embedding":[1]}]})"}) {
    const auto read = embeddings().decode_answer(wrong, request);
    ASSERT_FALSE(read) << wrong;
    EXPECT_EQ(read.error().blame(), Blame::upstream) << wrong;
  }
}

constexpr std::string_view ranked =
    R"({"model":"m","query":"q","documents":["a",{"text":"b"},{"title":"c","text":"d"}],"top_n":2,"return_documents":true})";

TEST(OpenAiRerank, reads_and_writes_documents_of_both_kinds) {
  const RerankRequest request = question(rerank(), ranked);
  EXPECT_EQ(request.top_n, 2u);
  EXPECT_EQ(request.documents.at(1).text, "b");
  EXPECT_EQ(request.documents.at(2).text, "");
  const Json body = written(rerank(), request);
  EXPECT_EQ(body["documents"], Json::parse(ranked)["documents"]);
  EXPECT_FALSE(body.contains("return_documents")) << "they come back from the request";
  EXPECT_EQ(written(rerank(), request, {.top_n = "top_k"})["top_k"], 2);
  for (const char* wrong : {R"({"documents":["a"]})", R"({"query":1,"documents":["a"]})"}) {
    EXPECT_EQ(refused_member(rerank(), wrong), "query") << wrong;
  }
  for (const char* wrong :
       {R"({"query":"q"})", R"({"query":"q","documents":[]})", R"({"query":"q","documents":[1]})"}) {
    EXPECT_EQ(refused_member(rerank(), wrong), "documents") << wrong;
  }
  EXPECT_EQ(refused_member(rerank(), R"({"query":"q","documents":["a"],"top_n":"x"})"), "top_n");
  EXPECT_EQ(refused_member(rerank(), R"({"query":"q","documents":["a"],"return_documents":3})"), "return_documents");
}

TEST(OpenAiRerank, answers_in_the_form_of_the_question) {
  RerankRequest request = question(rerank(), ranked);
  const RerankAnswer answer = answer_in(
      rerank(), R"({"object":"list","data":[{"relevance_score":0.50,"index":2},{"relevance_score":1e-3,"index":0}],
                    "model":"theirs","usage":{"total_tokens":12}})",
      request);
  EXPECT_EQ(answer.results.at(0).score.bytes, "0.50");
  EXPECT_EQ(answer.usage->all_input(), 12u);
  EXPECT_EQ(answered(rerank(), answer, request),
            Json::parse(R"({"object":"list","model":"theirs","usage":{"total_tokens":12},"results":[
              {"index":2,"relevance_score":0.5,"document":{"title":"c","text":"d"}},
              {"index":0,"relevance_score":0.001,"document":{"text":"a"}}]})"));
  request = question(rerank(), R"({"query":"q","documents":["a","b","c"],"top_k":null})");
  EXPECT_FALSE(answered(rerank(), answer, request).contains("results"));
  EXPECT_EQ(answered(rerank(), answer, request)["data"][1], Json::parse(R"({"index":0,"relevance_score":0.001})"));
}

TEST(OpenAiRerank, is_rewritten_only_for_servers_known_to_have_the_other_form) {
  const std::string ours = R"({"query":"q","documents":["a"],"top_n":1})";
  const std::string others = R"({"query":"q","documents":["a"],"top_k":1})";
  EXPECT_TRUE(rerank().must_rewrite(ours, false, {.top_n = "top_k"}));
  EXPECT_FALSE(rerank().must_rewrite(others, false, {.top_n = "top_k"}));
  EXPECT_TRUE(rerank().must_rewrite(others, false, {.top_n = "top_n"}));
  EXPECT_FALSE(rerank().must_rewrite(others, true, {}));
}

TEST(OpenAiRerank, does_not_believe_answers_about_documents_nobody_sent) {
  const RerankRequest request = question(rerank(), ranked);
  for (const char* wrong :
       {"{}", R"({"results":[{"index":3,"relevance_score":1}]})", R"({"results":[{"index":0}]})",
        R"({"results":[{"index":-1,"relevance_score":1}]})", R"({"results":[{"index":0,"relevance_score":"1"}]})"}) {
    EXPECT_FALSE(rerank().decode_answer(wrong, request)) << wrong;
  }
}

}  // namespace
}  // namespace sluice::chat
