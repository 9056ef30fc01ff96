#include "chat/operations.hpp"

namespace sluice::chat {
namespace {

const EmbeddingCodec& embeddings() { return *gemini().embedding_codec(); }
const CountCodec& counting() { return *gemini().count_codec(); }

TEST(GeminiEmbeddings, go_out_as_a_batch_whatever_came_in) {
  const EmbeddingRequest one = question(
      embeddings(),
      R"({"content":{"parts":[{"text":"a"}]},"taskType":"RETRIEVAL_QUERY","title":"t","output_dimensionality":8})");
  EXPECT_FALSE(one.is_list);
  EXPECT_EQ(one.purpose, Purpose::query);
  EXPECT_EQ(written(embeddings(), one),
            Json::parse(R"({"requests":[{"model":"models/m","content":{"parts":[{"text":"a"}]},
      "taskType":"RETRIEVAL_QUERY","title":"t","outputDimensionality":8}]})"));
  const EmbeddingRequest two = question(embeddings(), R"({"requests":[
      {"model":"models/m","content":{"parts":[{"text":"a"}]},"autoTruncate":false},
      {"model":"models/m","content":{"parts":[{"text":"b"},{"inlineData":{"mimeType":"image/png","data":"iVBORw0KGgo="}}]},
       "autoTruncate":false}]})");
  EXPECT_TRUE(two.is_list);
  EXPECT_EQ(two.inputs.at(1).parts.size(), 2u);
  const Json body = written(embeddings(), two);
  EXPECT_EQ(body["requests"][1]["autoTruncate"], false);
  EXPECT_EQ(body["requests"][1]["content"]["parts"][1]["inlineData"]["data"], "iVBORw0KGgo=");
}

// The cloud's newer form has an object for them.
TEST(GeminiEmbeddings, may_say_their_settings_in_either_form) {
  const EmbeddingRequest older = question(
      embeddings(), R"({"content":{"parts":[{"text":"a"}]},"taskType":"RETRIEVAL_QUERY","outputDimensionality":8,
                        "title":"t","autoTruncate":false})");
  const EmbeddingRequest newer =
      question(embeddings(), R"({"content":{"parts":[{"text":"a"}]},"embedContentConfig":{"taskType":"RETRIEVAL_QUERY",
                        "outputDimensionality":8,"title":"t","autoTruncate":false}})");
  EXPECT_EQ(older, newer);
  EXPECT_EQ(newer.truncate, "NONE");
  EXPECT_EQ(newer.inputs.at(0).title, "t");
  EXPECT_EQ(refused_member(embeddings(),
                           R"({"content":{"parts":[{"text":"a"}]},"embedContentConfig":{"taskType":"POETRY"}})"),
            "taskType");
}

TEST(GeminiEmbeddings, must_ask_for_the_same_throughout_a_batch) {
  EXPECT_EQ(refused_member(embeddings(), R"({"requests":[{"content":{"parts":[{"text":"a"}]},"outputDimensionality":8},
      {"content":{"parts":[{"text":"b"}]}}]})"),
            "requests");
  EXPECT_EQ(refused_member(embeddings(), R"({"requests":[]})"), "requests");
  EXPECT_EQ(refused_member(embeddings(), R"({"content":{"parts":[]}})"), "content");
  EXPECT_EQ(refused_member(embeddings(), R"({"content":{"parts":[{"functionCall":{"name":"f"}}]}})"), "content");
  EXPECT_EQ(refused_member(embeddings(), R"({"content":{"parts":[{"text":"a"}]},"taskType":"POETRY"})"), "taskType");
}

TEST(GeminiEmbeddings, name_what_they_cannot_say) {
  EmbeddingRequest request = asks_for({"a"});
  request.types = {"base64", "int8"};
  request.user = "u";
  request.truncate = "NONE";
  request.extras = {{"priority", {"1"}}};
  EXPECT_EQ(dropped(embeddings(), request), (Dropped{"embedding_types", "user", "priority", "truncate"}));
  request.inputs = {tokens()};
  EXPECT_EQ(untold(embeddings(), request), "unsupported_parameter");
}

// Where a cloud has predict in the place of batches.
TEST(GeminiEmbeddings, are_asked_for_as_instances_of_models_that_want_that) {
  const Quirks quirks{.instances = {"text-*"}, .single = {"*"}};
  EmbeddingRequest request = asks_for({"a", "b"});
  request.model = "text-1";
  EXPECT_EQ(written(embeddings(), request, quirks), Json::parse(R"({"instances":[{"content":"a"},{"content":"b"}]})"));
  request.model = "models/text-1";
  EXPECT_TRUE(written(embeddings(), request, quirks).contains("instances")) << "the same model";
  request.purpose = Purpose::query;
  request.dimensions = 8;
  request.truncate = "NONE";
  request.inputs.at(0).title = "t";
  const auto rendered = embeddings().encode_request(request, quirks);
  ASSERT_TRUE(rendered);
  EXPECT_EQ(rendered->way, Way::instances);
  EXPECT_EQ(Json::parse(rendered->body),
            Json::parse(R"({"instances":[{"content":"a","task_type":"RETRIEVAL_QUERY","title":"t"},
      {"content":"b","task_type":"RETRIEVAL_QUERY"}],"parameters":{"autoTruncate":false,"outputDimensionality":8}})"));
  EXPECT_TRUE(rendered->dropped.empty());
  request.truncate = "START";
  request.user = "u";
  request.types = {"int8"};
  request.dialect = "gemini";
  request.extras = {{"priority", {"1"}}};
  EXPECT_EQ(dropped(embeddings(), request, quirks), (Dropped{"embedding_types", "user", "priority", "truncate"}));
  request.truncate = "END";
  EXPECT_EQ(written(embeddings(), request, quirks)["parameters"]["autoTruncate"], true);
  request.inputs = {picture()};
  EXPECT_EQ(untold(embeddings(), request, quirks), "unsupported_parameter");
}

TEST(GeminiEmbeddings, are_asked_for_one_by_one_of_models_that_want_that) {
  const Quirks quirks{.single = {"*"}};
  EmbeddingRequest request = asks_for({"a"});
  request.dimensions = 8;
  const auto rendered = embeddings().encode_request(request, quirks);
  ASSERT_TRUE(rendered);
  EXPECT_EQ(rendered->way, Way::single);
  EXPECT_EQ(Json::parse(rendered->body),
            Json::parse(R"({"content":{"parts":[{"text":"a"}]},"embedContentConfig":{"outputDimensionality":8}})"));
  request.truncate = "NONE";
  EXPECT_EQ(written(embeddings(), request, quirks)["embedContentConfig"]["autoTruncate"], false);
  EXPECT_TRUE(dropped(embeddings(), request, quirks).empty());
  EXPECT_EQ(written(embeddings(), asks_for({"a"}), quirks).size(), 1u);
  EXPECT_EQ(untold(embeddings(), asks_for({"a", "b"}), quirks), "unsupported_parameter");
}

TEST(GeminiEmbeddings, of_instances_are_counted_one_by_one) {
  const EmbeddingRequest request = asks_for({"a", "b"});
  const auto with = [](const std::string& first, const std::string& second) {
    return R"({"predictions":[{"embeddings":{"values":[0.50],"statistics":)" + first +
           R"(}},{"embeddings":{"values":[1],"statistics":)" + second + R"(}}],"metadata":{}})";
  };
  const EmbeddingAnswer answer =
      answer_in(embeddings(), with(R"({"token_count":4,"truncated":false})", R"({"token_count":3.0})"), request);
  EXPECT_EQ(answer.sets.at(0).vectors, (std::vector<std::string>{"[0.50]", "[1]"}));
  EXPECT_EQ(answer.usage->all_input(), 7u);
  EXPECT_FALSE(answer_in(embeddings(), with(R"({"token_count":4})", "{}"), request).usage) << "a part is no count";
  EXPECT_FALSE(embeddings().decode_answer(with("{}", "{}"), asks_for({"a"})));
  for (const char* wrong : {R"({"predictions":[]})", R"({"predictions":[{}]})", R"({"predictions":[7]})"}) {
    EXPECT_FALSE(embeddings().decode_answer(wrong, request)) << wrong;
  }
}

TEST(GeminiEmbeddings, answer_one_question_with_one_vector) {
  EmbeddingRequest request = asks_for({"a"});
  const EmbeddingAnswer answer =
      answer_in(embeddings(), R"({"embeddings":[{"values":[0.50]}],"usageMetadata":{"promptTokenCount":4}})", request);
  EXPECT_EQ(answer.usage->all_input(), 4u);
  EXPECT_EQ(answered(embeddings(), answer, request)["embeddings"], Json::parse(R"([{"values":[0.5]}])"));
  request.is_list = false;
  const Json single = answered(embeddings(), answer, request);
  EXPECT_EQ(single["embedding"], Json::parse(R"({"values":[0.5]})"));
  EXPECT_EQ(single["usageMetadata"]["promptTokenCount"], 4);
  EXPECT_EQ(answer_in(embeddings(), single.dump(), request).sets.at(0).vectors, std::vector<std::string>{"[0.5]"});
  for (const char* wrong : {"{}", R"({"embeddings":[{}]})", R"({"embeddings":[{"values":[1]},{"values":[1]}]})"}) {
    EXPECT_FALSE(embeddings().decode_answer(wrong, request)) << wrong;
  }
}

std::string outlined(Task task, const std::string& body) {
  std::string scratch;
  const auto outline = gemini().outline({task, "m", false}, body + std::string(64, ' '), scratch);
  return outline ? "accepted" : outline.error().param();
}

// Who may use one model must not use another by naming it further inside.
TEST(GeminiOutline, refuses_another_model_inside_of_a_body) {
  EXPECT_EQ(outlined(Task::embedding, R"({"requests":[{"model":"models/m"},{"model":"m"},{}]})"), "accepted");
  EXPECT_EQ(outlined(Task::embedding, R"({"requests":[{"model":"models/m"},{"model":"models/x"}]})"), "model");
  EXPECT_EQ(outlined(Task::embedding, R"({"requests":[{"model":"models/x","model":"models/m"}]})"), "model");
  EXPECT_EQ(outlined(Task::embedding, R"({"requests":[{"model":7}]})"), "model");
  EXPECT_EQ(outlined(Task::count, R"({"generateContentRequest":{"model":"models/x"}})"), "model");
  EXPECT_EQ(outlined(Task::count, R"({"generate_content_request":{"model":"models/x"}})"), "model");
  EXPECT_EQ(outlined(Task::embedding, R"({"requests":[],"requests":[]})"), "requests");
}

TEST(GeminiOperations, are_rewritten_for_a_model_of_another_name_only_where_that_is_repeated) {
  EXPECT_TRUE(embeddings().must_rewrite(R"({"requests":[]})", true, {}));
  EXPECT_FALSE(embeddings().must_rewrite(R"({"requests":[]})", false, {}));
  EXPECT_FALSE(embeddings().must_rewrite(R"({"content":{}})", true, {}));
  EXPECT_TRUE(embeddings().must_rewrite(R"({"content":{}})", false, {.single = {"x"}})) << "who has no batches";
  EXPECT_TRUE(counting().must_rewrite(R"({"generateContentRequest":{}})", true, {}));
  EXPECT_FALSE(counting().must_rewrite(R"({"contents":[]})", true, {}));
}

TEST(GeminiOperations, have_paths_of_their_own) {
  const auto path = [](const Asked& asked) {
    std::string out;
    gemini().append_path(asked, out);
    return out;
  };
  EXPECT_EQ(path({Task::embedding, "m"}), "/models/m:batchEmbedContents");
  EXPECT_EQ(path({Task::embedding, "m", {}, Way::single}), "/models/m:embedContent");
  EXPECT_EQ(path({Task::embedding, "m", {}, Way::instances}), "/models/m:predict");
  EXPECT_EQ(path({Task::count, "models/m"}), "/models/m:countTokens");
}

// Where a cloud knows no wrapping.
TEST(GeminiCounting, sends_a_requests_members_to_who_wants_them_bare) {
  const std::string request =
      R"({"generateContentRequest":{"model":"models/m","contents":[{"role":"user","parts":[{"text":"hi"}]}],
      "systemInstruction":{"parts":[{"text":"be brief"}]}}})";
  const Quirks quirks{.bare_counts = true};
  const Json body = written(counting(), question(counting(), request), quirks);
  EXPECT_EQ(body["systemInstruction"]["parts"][0]["text"], "be brief");
  EXPECT_TRUE(body.contains("contents"));
  EXPECT_FALSE(body.contains("generateContentRequest"));
  EXPECT_FALSE(body.contains("model")) << "the path has it";
  EXPECT_TRUE(counting().must_rewrite(request, false, quirks));
  EXPECT_FALSE(counting().must_rewrite(R"({"contents":[]})", true, quirks));
}

TEST(GeminiCounting, sends_bare_contents_bare_and_all_else_as_a_whole_request) {
  const std::string contents = R"([{"role":"user","parts":[{"text":"hi"}]}])";
  const Request bare = question(counting(), R"({"contents":)" + contents + "}");
  EXPECT_EQ(written(counting(), bare), Json::parse(R"({"contents":)" + contents + "}"));
  const Request whole = question(counting(), R"({"generateContentRequest":{"model":"models/x","contents":)" + contents +
                                                 R"(,"systemInstruction":{"parts":[{"text":"be brief"}]}}})");
  const Json body = written(counting(), whole);
  EXPECT_EQ(body.size(), 1u);
  EXPECT_EQ(body["generateContentRequest"]["model"], "models/m");
  EXPECT_EQ(body["generateContentRequest"]["contents"], Json::parse(contents));
  EXPECT_EQ(body["generateContentRequest"]["systemInstruction"]["parts"][0]["text"], "be brief");
  EXPECT_EQ(answer_in(counting(), R"({"totalTokens":31})", bare).tokens, 31u);
  EXPECT_EQ(answered(counting(), TokenCount{31}, bare), Json::parse(R"({"totalTokens":31})"));
  EXPECT_FALSE(counting().decode_answer(R"({"totalTokens":-1})", bare));
}

}  // namespace
}  // namespace sluice::chat
