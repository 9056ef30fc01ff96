#include "chat/operations.hpp"

namespace sluice::chat {
namespace {

const EmbeddingCodec& embeddings() { return *ollama().embedding_codec(); }

TEST(OllamaEmbeddings, read_what_they_write) {
  for (const char* body :
       {R"({"model":"m","input":"a"})", R"({"model":"m","input":["a"]})",
        R"({"model":"m","input":["a","b"],"truncate":false,"dimensions":256})",
        R"({"model":"m","input":"a","truncate":true,"keep_alive":"5m","options":{"num_ctx":4096,"seed":1}})"}) {
    EXPECT_EQ(written(embeddings(), question(embeddings(), body)), Json::parse(body));
  }
}

TEST(OllamaEmbeddings, take_what_says_nothing_for_nothing) {
  const EmbeddingRequest request = question(
      embeddings(),
      R"({"input":"","truncate":null,"dimensions":null,"options":{"num_ctx":null},"keep_alive":null,"unheard_of":null})");
  EXPECT_EQ(request.inputs, std::vector<EmbeddingInput>{{{""}}});
  EXPECT_FALSE(request.is_list);
  EXPECT_TRUE(request.extras.empty());
  EXPECT_TRUE(request.truncate.empty());
  EXPECT_FALSE(request.dimensions);
}

TEST(OllamaEmbeddings, cut_the_end_or_nothing) {
  EXPECT_EQ(question(embeddings(), R"({"input":"a","truncate":true})").truncate, "END");
  EXPECT_EQ(question(embeddings(), R"({"input":"a","truncate":false})").truncate, "NONE");
  EmbeddingRequest request = asks_for({"a"});
  request.truncate = "START";
  EXPECT_FALSE(written(embeddings(), request).contains("truncate"));
  EXPECT_EQ(dropped(embeddings(), request), Dropped{"truncate"});
}

TEST(OllamaEmbeddings, refuse_what_cannot_be_understood) {
  EXPECT_EQ(refused_member(embeddings(), R"({"model":"m"})"), "input");
  EXPECT_EQ(refused_member(embeddings(), R"({"input":[]})"), "input");
  EXPECT_EQ(refused_member(embeddings(), R"({"input":["a",1]})"), "input");
  EXPECT_EQ(refused_member(embeddings(), R"({"input":{"text":"a"}})"), "input");
  EXPECT_EQ(refused_member(embeddings(), R"({"input":"a","dimensions":-1})"), "dimensions");
  EXPECT_EQ(refused_member(embeddings(), R"({"input":"a","truncate":"END"})"), "truncate");
  EXPECT_EQ(refused_member(embeddings(), R"({"input":"a","options":[]})"), "options");
}

TEST(OllamaEmbeddings, name_what_they_cannot_say) {
  EmbeddingRequest request = asks_for({"a"});
  request.purpose = Purpose::query;
  request.types = {"base64", "int8"};
  request.user = "u";
  request.inputs.front().title = "t";
  request.dialect = "openai_chat";
  request.extras = {{"priority", {"1"}}};
  request.dimensions = 8;
  EXPECT_EQ(dropped(embeddings(), request), (Dropped{"input_type", "embedding_types", "title", "user", "priority"}));
  const Quirks quirks{.unsupported = {"dimensions"}};
  EXPECT_FALSE(written(embeddings(), request, quirks).contains("dimensions"));
  request.inputs = {tokens()};
  EXPECT_EQ(untold(embeddings(), request), "unsupported_parameter");
  request.inputs = {picture()};
  EXPECT_EQ(untold(embeddings(), request), "unsupported_parameter");
}

TEST(OllamaEmbeddings, are_told_to_others_with_the_names_of_their_options) {
  const EmbeddingRequest request =
      question(embeddings(), R"({"input":"a","keep_alive":"5m","options":{"num_ctx":4096}})");
  EXPECT_EQ(dropped(*openai_chat().embedding_codec(), request), (Dropped{"keep_alive", "options.num_ctx"}));
}

TEST(OllamaEmbeddings, keep_the_digits_of_their_vectors) {
  const EmbeddingRequest request = asks_for({"a", "b"});
  const std::string body =
      R"({"model":"far","embeddings":[[0.10, -2],[1e-3,0.5]],"total_duration":14143917,"load_duration":1019500,"prompt_eval_count":8})";
  const EmbeddingAnswer answer = answer_in(embeddings(), body, request);
  EXPECT_EQ(answer.sets.at(0).vectors, (std::vector<std::string>{"[0.10, -2]", "[1e-3,0.5]"}));
  ASSERT_TRUE(answer.usage);
  EXPECT_EQ(answer.usage->all_input(), 8u);
  EXPECT_EQ(ollama().usage_of(body), answer.usage);
  std::string out;
  ASSERT_TRUE(embeddings().encode_answer(answer, request, out));
  EXPECT_EQ(out, R"({"model":"far","embeddings":[[0.10, -2],[1e-3,0.5]],"prompt_eval_count":8})");
}

TEST(OllamaEmbeddings, list_their_vectors_whatever_was_asked_and_say_no_count_that_nobody_made) {
  EmbeddingRequest request = asks_for({"a"});
  request.is_list = false;
  EmbeddingAnswer answer;
  answer.sets = {{"base64", {"AACAPwAAAMA="}}};
  EXPECT_EQ(answered(embeddings(), answer, request), Json::parse(R"({"model":"m","embeddings":[[1,-2]]})"));
}

TEST(OllamaEmbeddings, do_not_read_answers_that_are_none) {
  const EmbeddingRequest request = asks_for({"a"});
  for (const char* body : {"{}", R"({"embeddings":[]})", R"({"embeddings":[[]]})", R"({"embeddings":[[1],[2]]})",
                           R"({"embeddings":[["1"]]})", R"({"embedding":[1]})", R"({"embeddings":[[1]])", "nothing"}) {
    EXPECT_FALSE(embeddings().decode_answer(body, request)) << body;
  }
  const auto failed = embeddings().decode_answer(R"({"error":"server busy, please try again."})", request);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().fault(), Fault::unavailable);
}

TEST(OllamaEmbeddings, are_never_streamed) {
  std::string scratch;
  const Asked asked{Task::embedding};
  const auto outline = ollama().outline(asked, R"({"model":"m","input":"a"})", scratch);
  ASSERT_TRUE(outline);
  EXPECT_FALSE(outline->stream);
  EXPECT_FALSE(ollama().outline(asked, R"({"model":"m","input":"a","input":"b"})", scratch));
  EXPECT_FALSE(ollama().outline(asked, R"({"model":"m","input":"a","Dimensions":2})", scratch));
  std::string path;
  ollama().append_path(asked, path);
  EXPECT_EQ(path, "/embed");
}

}  // namespace
}  // namespace sluice::chat
