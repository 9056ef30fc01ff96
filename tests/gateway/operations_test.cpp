// Embeddings, ranks and token counts between all dialects that have them, through the running gateway.
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include <sluice/chat/operation.hpp>

#include "credential/rsa_keys.hpp"
#include "gateway/stage.hpp"

namespace sluice::test {
namespace {

using chat::Dialect;
using chat::Task;
using Json = nlohmann::json;

// How callers of a dialect ask for two vectors, and how they find them in the answer.
struct Asking {
  const char* name;
  const Dialect& dialect;
  const char* path;
  const char* body;     // %: the model's name
  const char* vectors;  // where they are: up to the list
  const char* inner;    // from an item of the list to the vector
  bool packed = false;
  bool two = true;
};

const std::vector<Asking>& askings() {
  static const std::vector<Asking> all{
      {"openai_chat", chat::openai_chat(), "/v1/embeddings", R"({"model":"%","input":["sail","anchor"]})", "/data",
       "/embedding"},
      {"openai_chat, base64", chat::openai_chat(), "/v1/embeddings",
       R"({"model":"%","input":["sail","anchor"],"encoding_format":"base64"})", "/data", "/embedding", true},
      {"gemini", chat::gemini(), "/v1beta/models/%:batchEmbedContents",
       R"({"requests":[{"model":"models/%","content":{"parts":[{"text":"sail"}]}},
           {"model":"models/%","content":{"parts":[{"text":"anchor"}]}}]})",
       "/embeddings", "/values"},
      {"gemini, one", chat::gemini(), "/v1beta/models/%:embedContent", R"({"content":{"parts":[{"text":"sail"}]}})", "",
       "/embedding/values", false, false},
      {"bedrock_converse", chat::bedrock_converse(), "/model/%/invoke",
       R"({"texts":["sail","anchor"],"input_type":"search_document"})", "/embeddings", ""},
      {"bedrock_converse, one", chat::bedrock_converse(), "/model/%/invoke", R"({"inputText":"sail"})", "",
       "/embedding", false, false},
      {"cohere_v2", chat::cohere_v2(), "/v2/embed",
       R"({"model":"%","texts":["sail","anchor"],"input_type":"search_document","embedding_types":["float"]})",
       "/embeddings/float", ""},
      {"cohere_v2, base64", chat::cohere_v2(), "/v2/embed",
       R"({"model":"%","texts":["sail","anchor"],"input_type":"search_document","embedding_types":["base64"]})",
       "/embeddings/base64", "", true},
      {"ollama", chat::ollama(), "/api/embed", R"({"model":"%","input":["sail","anchor"]})", "/embeddings", ""},
      {"ollama, one", chat::ollama(), "/api/embed", R"({"model":"%","input":"sail"})", "", "/embeddings/0", false,
       false},
  };
  return all;
}

// How a provider of a dialect answers, with one vector or two.
std::string answer_of(const Dialect& dialect, bool two) {
  const std::string first = "[0.10, -2, 1e-3]";
  const std::string second = "[0.5,0.25,0]";
  const auto listed = [&](const std::string& before, const std::string& after) {
    return before + first + after + (two ? "," + before + second + after : std::string());
  };
  if (&dialect == &chat::openai_chat()) {
    return R"({"object":"list","data":[)" + listed(R"({"embedding":)", "}") +
           R"(],"model":"far","usage":{"prompt_tokens":6,"total_tokens":6}})";
  }
  if (&dialect == &chat::gemini()) {
    return R"({"embeddings":[)" + listed(R"({"values":)", "}") + R"(],"usageMetadata":{"promptTokenCount":6}})";
  }
  if (&dialect == &chat::bedrock_converse()) {
    return R"({"id":"i","embeddings":[)" + listed("", "") + R"(],"inputTextTokenCount":6})";
  }
  if (&dialect == &chat::ollama()) {
    return R"({"model":"far","embeddings":[)" + listed("", "") + R"(],"total_duration":9,"prompt_eval_count":6})";
  }
  return R"({"id":"i","embeddings":{"float":[)" + listed("", "") + R"(]},"meta":{"billed_units":{"input_tokens":6}}})";
}

std::string filled(std::string text, const std::string& model) {
  for (std::size_t at = text.find('%'); at != std::string::npos; at = text.find('%')) text.replace(at, 1, model);
  return text;
}

std::string posted(const std::string& path, const std::string& body, const std::string& fields = "") {
  return post(path, body, bearer() + fields);
}

std::vector<const Dialect*> with_embeddings() {
  std::vector<const Dialect*> found;
  for (const Dialect* dialect : chat::dialects()) {
    if (dialect->embedding_codec() != nullptr) found.push_back(dialect);
  }
  return found;
}

class Operations : public ::testing::Test {
 protected:
  // Opens a gateway with one provider for each line ("NAME: {…}"; the address is put in), and one model for all of them
  // together: `all`; the models NAME have that one alone.
  struct Offer {
    std::string name;
    std::string members;  // "kind: openai-compatible, dialect: gemini"
    std::string answer;
    int status = 200;
    std::string model = "far";  // as the provider calls it
  };
  void open(const std::vector<Offer>& offers, const std::string& model = "") {
    std::string yaml = "server: {listen: \"127.0.0.1:0\", workers: 1}\nadmin: {listen: \"127.0.0.1:0\"}\nproviders:\n";
    std::string models = "models:\n";
    std::string all;
    upstreams_.clear();
    for (const Offer& offer : offers) {
      ScriptedUpstream& upstream = stage_.upstream(always(response(offer.status, offer.answer)));
      upstreams_[offer.name] = &upstream;
      yaml += "  " + offer.name + ": {" + offer.members +
              ", api_key: \"${PROVIDER_KEY}\", base_url: \"http://127.0.0.1:" + std::to_string(upstream.port()) +
              "/at\"}\n";
      models += "  " + offer.name + ": {targets: [{provider: " + offer.name + ", model: " + offer.model + "}]" + model +
                "}\n";
      all += (all.empty() ? "" : ", ") + ("{provider: " + offer.name + ", model: far}");
    }
    stage_.open_with(yaml + models + "  all: {targets: [" + all +
                     "]}\nkeys:\n  - {name: app, secret: \"${CALLER_KEY}\"}\n");
  }
  static Offer speaking(const Dialect& dialect, std::string answer, int status = 200) {
    const std::string name(dialect.name());
    return {name, "kind: openai-compatible, dialect: " + name, std::move(answer), status, "far"};
  }

  const ScriptedUpstream& upstream(const std::string& name) { return *upstreams_.at(name); }
  SeenRequest last(const std::string& name) { return upstream(name).seen().back(); }
  void TearDown() override { stage_.settle(); }

  Stage stage_;
  std::map<std::string, ScriptedUpstream*> upstreams_;
};

TEST_F(Operations, give_every_caller_the_vectors_of_every_provider) {
  long cells = 0;
  for (const bool two : {true, false}) {
    std::vector<Offer> offers;
    for (const Dialect* provider : with_embeddings()) {
      Offer offer = speaking(*provider, answer_of(*provider, two));
      if (provider == &chat::bedrock_converse() && two) {
        offer.members = "kind: bedrock";  // which knows whose models take lists
        offer.model = "cohere.far";
      }
      offers.push_back(offer);
    }
    open(offers);
    for (const Asking& asking : askings()) {
      if (asking.two != two) continue;
      for (const Dialect* provider : with_embeddings()) {
        SCOPED_TRACE(std::string(asking.name) + " asks " + std::string(provider->name()));
        if (provider == &asking.dialect) continue;  // goes through as it is
        const std::string model(provider->name());
        const Answer answer = stage_.ask(posted(filled(asking.path, model), filled(asking.body, model)));
        ASSERT_EQ(answer.status, 200) << answer.body;
        const auto sent = provider->embedding_codec()->decode_request(last(model).body, "far");
        ASSERT_TRUE(sent) << last(model).body;
        ASSERT_EQ(sent->inputs.size(), two ? 2u : 1u);
        EXPECT_EQ(std::get<std::string>(sent->inputs.front().parts.at(0)), "sail");
        const Json said = Json::parse(answer.body);
        const Json& item = said.at(Json::json_pointer(asking.vectors + std::string(two ? "/0" : "") + asking.inner));
        if (asking.packed) {
          EXPECT_EQ(item, "zczMPQAAAMBvEoM6");
        } else {
          EXPECT_EQ(item.size(), 3u);
          EXPECT_NE(answer.body.find("[0.10, -2, 1e-3]"), std::string::npos) << "no number is rewritten";
        }
        ++cells;
      }
    }
  }
  record("cells", cells);
  EXPECT_GT(cells, 15);
  EXPECT_EQ(stage_.gateway().metric("sluice_usage_missing_total"), 0);
}

TEST_F(Operations, take_the_tokens_of_embeddings_into_the_books) {
  open({speaking(chat::gemini(), answer_of(chat::gemini(), true))});
  ASSERT_EQ(stage_.ask(posted("/v1/embeddings", R"({"model":"gemini","input":["a","b"]})")).status, 200);
  EXPECT_EQ(stage_.lines().back()["input_tokens"], 6);
  EXPECT_EQ(last("gemini").target(), "/at/models/far:batchEmbedContents");
  EXPECT_EQ(stage_.gateway().await_metric("sluice_tokens_total", 6, {"type=\"input\""}), 6);
}

TEST_F(Operations, go_through_byte_for_byte_where_the_dialect_is_the_same) {
  const std::string said = answer_of(chat::ollama(), true);
  open({speaking(chat::ollama(), said)});
  const Answer answer = stage_.ask(
      posted("/api/embed", R"({"input" : ["a","b"],"unheard_of":[ 1.0 ], "model":"ollama", "truncate":true})"));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, said);
  EXPECT_EQ(last("ollama").target(), "/at/embed");
  EXPECT_EQ(last("ollama").body, R"({"input" : ["a","b"],"unheard_of":[ 1.0 ], "model":"far", "truncate":true})");
  EXPECT_EQ(stage_.lines().back()["input_tokens"], 6);
}

TEST_F(Operations, tell_what_was_left_out_or_refuse_when_that_is_wanted) {
  open({speaking(chat::gemini(), answer_of(chat::gemini(), true))});
  const std::string body = R"({"model":"gemini","input":["a","b"],"user":"u","dimensions":3})";
  const Answer answer = stage_.ask(posted("/v1/embeddings", body));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.field("x-sluice-dropped"), "user");
  expect_error(stage_.ask(posted("/v1/embeddings", body, "x-sluice-strict: 1\r\n")), 400, "unsupported_parameter");
  EXPECT_EQ(upstream("gemini").requests(), 1u);
}

TEST_F(Operations, are_refused_by_strict_models_without_a_word_from_the_caller) {
  open({speaking(chat::gemini(), answer_of(chat::gemini(), true))}, ", strict: true");
  const std::string more = R"({"model":"gemini","input":["a","b"],"user":"u"})";
  expect_error(stage_.ask(posted("/v1/embeddings", more)), 400, "unsupported_parameter");
  EXPECT_EQ(upstream("gemini").requests(), 0u);
  EXPECT_EQ(stage_.ask(posted("/v1/embeddings", R"({"model":"gemini","input":["a","b"]})")).status, 200);
}

TEST_F(Operations, cannot_leave_out_what_they_are_about) {
  open({speaking(chat::gemini(), answer_of(chat::gemini(), true))});
  const Answer answer = stage_.ask(posted("/v1/embeddings", R"({"model":"gemini","input":[[1,2],[3]]})"));
  expect_error(answer, 400, "unsupported_parameter");
  EXPECT_NE(answer.body.find("token"), std::string::npos) << answer.body;
}

TEST_F(Operations, report_a_provider_s_failure_in_the_caller_s_words) {
  std::string limited;
  chat::cohere_v2().encode_error(Error(Fault::rate_limited, Blame::upstream, "rate_limit_exceeded", "slow down"),
                                 limited);
  open({speaking(chat::cohere_v2(), limited, 429), speaking(chat::gemini(), "{}")});
  expect_error(stage_.ask(posted("/v1/embeddings", R"({"model":"cohere_v2","input":"a"})")), 429,
               "rate_limit_exceeded");
  const Answer nonsense = stage_.ask(posted("/v1/embeddings", R"({"model":"gemini","input":"a"})"));
  expect_error(nonsense, 502, "upstream_error");
}

// A model whose name differs at the provider is named again in each request of a batch.
TEST_F(Operations, rename_the_model_inside_of_a_batch) {
  open({speaking(chat::gemini(), answer_of(chat::gemini(), true))});
  const Asking& batch = askings()[2];
  const Answer answer = stage_.ask(posted(filled(batch.path, "gemini"), filled(batch.body, "gemini")));
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(Json::parse(last("gemini").body)["requests"][1]["model"], "models/far");
  EXPECT_EQ(last("gemini").target(), "/at/models/far:batchEmbedContents");
  const Answer one = stage_.ask(
      posted("/v1beta/models/gemini:embedContent", R"({"content":{"parts":[{"text":"a"}]},"unheard_of":1})"));
  EXPECT_EQ(last("gemini").target(), "/at/models/far:embedContent");
  EXPECT_EQ(last("gemini").body, R"({"content":{"parts":[{"text":"a"}]},"unheard_of":1})");
  const Answer other =
      stage_.ask(posted("/v1beta/models/gemini:batchEmbedContents",
                        R"({"requests":[{"model":"models/dearer","content":{"parts":[{"text":"a"}]}}]})"));
  EXPECT_EQ(other.status, 400);
}

// A cloud that serves the dialect, but has another verb for lists of inputs, and for some models for no list at all.
TEST_F(Operations, ask_a_cloud_for_vectors_by_the_verb_it_has) {
  const credential::testing::RsaKey key;
  ScriptedUpstream& tokens = stage_.upstream(always(response(200, R"({"access_token":"t","expires_in":3599})")));
  const std::string account =
      Json{{"type", "service_account"}, {"project_id", "house"},    {"client_email", "gateway@house.example"},
           {"private_key_id", "kid-1"}, {"private_key", key.pem()}, {"token_uri", "https://never.example/token"}}
          .dump();
  Script script;
  script.read_request().decide([](const SeenRequest& request) {
    const bool predicts = request.target().ends_with(":predict");
    return Script().send(
        response(200, predicts ? R"({"predictions":[{"embeddings":{"values":[0.50],"statistics":{"token_count":4}}},)"
                                 R"({"embeddings":{"values":[1],"statistics":{"token_count":2}}}]})"
                               : R"({"embedding":{"values":[0.50]},"usageMetadata":{"promptTokenCount":3}})"));
  });
  ScriptedUpstream& cloud = stage_.upstream(script.again());
  stage_.open_with(
      "server: {listen: \"127.0.0.1:0\", workers: 1}\nadmin: {listen: \"127.0.0.1:0\"}\nproviders:\n"
      "  cloud: {kind: vertex, credentials: \"${ACCOUNT}\", token_url: \"http://127.0.0.1:" +
          std::to_string(tokens.port()) + "/token\", base_url: \"http://127.0.0.1:" + std::to_string(cloud.port()) +
          "/at\"}\nmodels:\n  \"*\": {targets: [{provider: cloud, model: \"*\"}]}\n"
          "keys:\n  - {name: app, secret: \"${CALLER_KEY}\"}\n",
      {{"ACCOUNT", account}});
  const Answer ours = stage_.ask(
      posted("/v1/embeddings", R"({"model":"text-embedding-005","input":["sail","anchor"],"dimensions":8})"));
  ASSERT_EQ(ours.status, 200) << ours.body;
  EXPECT_NE(ours.body.find("0.50"), std::string::npos);
  EXPECT_EQ(stage_.lines().back()["input_tokens"], 6);
  EXPECT_EQ(cloud.seen().back().target(), "/at/models/text-embedding-005:predict");
  EXPECT_EQ(Json::parse(cloud.seen().back().body),
            Json::parse(
                R"({"instances":[{"content":"sail"},{"content":"anchor"}],"parameters":{"outputDimensionality":8}})"));

  const Answer native = stage_.ask(posted("/v1beta/models/gemini-embedding-001:batchEmbedContents",
                                          R"({"requests":[{"content":{"parts":[{"text":"sail"}]}},
                                                          {"content":{"parts":[{"text":"anchor"}]}}]})"));
  ASSERT_EQ(native.status, 200) << native.body;
  EXPECT_EQ(Json::parse(native.body)["embeddings"], Json::parse(R"([{"values":[0.5]},{"values":[1]}])"));

  const Answer one = stage_.ask(posted("/v1/embeddings", R"({"model":"gemini-embedding-2","input":"sail"})"));
  EXPECT_EQ(cloud.seen().back().target(), "/at/models/gemini-embedding-2:embedContent");
  const Answer many = stage_.ask(posted("/v1/embeddings", R"({"model":"gemini-embedding-2","input":["a","b"]})"));
  expect_error(many, 400, "unsupported_parameter");
}

TEST_F(Operations, rank_documents_across_dialects_and_forms) {
  const std::string cohere =
      R"({"id":"i","results":[{"index":1,"relevance_score":0.90}],"meta":{"billed_units":{"search_units":1}}})";
  const std::string voyage =
      R"({"object":"list","data":[{"relevance_score":0.90,"index":1}],"model":"far","usage":{"total_tokens":7}})";
  open({speaking(chat::cohere_v2(), cohere), {"voyage", "kind: voyage", voyage, 200, "far"}});
  const std::string documents = R"("query":"q","documents":["a","b"])";

  const Answer ours = stage_.ask(
      posted("/v1/rerank", R"({"model":"cohere_v2",)" + documents + R"(,"top_n":1,"return_documents":true})"));
  ASSERT_EQ(ours.status, 200) << ours.body;
  EXPECT_EQ(Json::parse(last("cohere_v2").body),
            Json::parse(R"({"model":"far","query":"q","documents":["a","b"],"top_n":1})"));
  EXPECT_EQ(Json::parse(ours.body)["results"],
            Json::parse(R"([{"index":1,"relevance_score":0.9,"document":{"text":"b"}}])"));

  const Answer theirs = stage_.ask(posted("/v2/rerank", R"({"model":"voyage",)" + documents + R"(,"top_n":1})"));
  ASSERT_EQ(theirs.status, 200) << theirs.body;
  EXPECT_EQ(Json::parse(last("voyage").body)["top_k"], 1);
  EXPECT_NE(theirs.body.find(R"("relevance_score":0.90)"), std::string::npos) << theirs.body;
  EXPECT_EQ(Json::parse(theirs.body)["meta"]["billed_units"]["input_tokens"], 7);
  EXPECT_EQ(stage_.lines().back()["input_tokens"], 7);
}

// Two servers of one dialect that call the same thing otherwise.
TEST_F(Operations, fit_requests_to_a_server_s_own_names_and_leave_the_rest_alone) {
  const std::string voyage =
      R"({"object":"list","data":[{"relevance_score":0.90,"index":1}],"model":"far","usage":{"total_tokens":7}})";
  open({{"voyage", "kind: voyage", voyage, 200, "far"}});
  const Answer fitted = stage_.ask(
      posted("/v1/rerank", R"({"model":"voyage","query":"q","documents":["a","b"],"top_n":1,"truncation":true})"));
  EXPECT_EQ(Json::parse(last("voyage").body),
            Json::parse(R"({"model":"far","query":"q","documents":["a","b"],"top_k":1,"truncation":true})"));
  EXPECT_EQ(Json::parse(fitted.body)["results"][0]["index"], 1);
  const std::string native = R"({"model":"voyage", "query":"q", "documents":["a","b"], "top_k":1})";
  EXPECT_EQ(stage_.ask(posted("/v1/rerank", native)).body, voyage);
  EXPECT_EQ(last("voyage").body, R"({"model":"far", "query":"q", "documents":["a","b"], "top_k":1})");
}

struct Counting {
  const Dialect& dialect;
  const char* path;
  const char* body;
  const char* answer;  // #: the number
};

const std::vector<Counting>& countings() {
  static const std::vector<Counting> all{
      {chat::openai_responses(), "/v1/responses/input_tokens",
       R"({"model":"%","instructions":"be brief","input":"hi"})",
       R"({"object":"response.input_tokens","input_tokens":#})"},
      {chat::anthropic_messages(), "/v1/messages/count_tokens",
       R"({"model":"%","system":"be brief","messages":[{"role":"user","content":"hi"}]})", R"({"input_tokens":#})"},
      {chat::gemini(), "/v1beta/models/%:countTokens",
       R"({"generateContentRequest":{"model":"models/%","contents":[{"role":"user","parts":[{"text":"hi"}]}],
           "systemInstruction":{"parts":[{"text":"be brief"}]}}})",
       R"({"totalTokens":#})"},
      {chat::bedrock_converse(), "/model/%/count-tokens",
       R"({"input":{"converse":{"messages":[{"role":"user","content":[{"text":"hi"}]}],"system":[{"text":"be brief"}]}}})",
       R"({"inputTokens":#})"},
  };
  return all;
}

TEST_F(Operations, count_tokens_between_all_dialects_that_can) {
  std::vector<Offer> offers;
  for (const Counting& provider : countings()) {
    std::string answer = provider.answer;
    offers.push_back(speaking(provider.dialect, answer.replace(answer.find('#'), 1, "42")));
  }
  open(offers);
  for (const Counting& caller : countings()) {
    for (const Counting& provider : countings()) {
      const std::string model(provider.dialect.name());
      SCOPED_TRACE(std::string(caller.dialect.name()) + " asks " + model);
      const Answer answer = stage_.ask(posted(filled(caller.path, model), filled(caller.body, model)));
      ASSERT_EQ(answer.status, 200) << answer.body;
      std::string expected = caller.answer;
      EXPECT_EQ(Json::parse(answer.body), Json::parse(expected.replace(expected.find('#'), 1, "42")));
      const auto sent = provider.dialect.count_codec()->decode_request(last(model).body, "far");
      ASSERT_TRUE(sent) << last(model).body;
      ASSERT_EQ(sent->messages.size(), 2u) << last(model).body;
      EXPECT_TRUE(last(model).target().find("ount") != std::string::npos ||
                  last(model).target().ends_with("/input_tokens"));
    }
  }
  EXPECT_EQ(stage_.gateway().metric("sluice_usage_missing_total"), 0) << "to count takes no tokens";
}

TEST_F(Operations, say_who_cannot_be_asked_in_the_caller_s_dialect) {
  open({speaking(chat::openai_chat(), completion_json("no")), speaking(chat::cohere_v2(), "{}")});
  const Answer answer =
      stage_.ask(posted("/v1/messages/count_tokens", R"({"model":"all","messages":[{"role":"user","content":"hi"}]})"));
  EXPECT_EQ(answer.status, 400);
  const Json said = Json::parse(answer.body);
  EXPECT_EQ(said["type"], "error");
  EXPECT_EQ(said["error"]["type"], "invalid_request_error");
  EXPECT_NE(said["error"]["message"].get<std::string>().find("count tokens"), std::string::npos) << answer.body;
  EXPECT_EQ(upstream("openai_chat").requests() + upstream("cohere_v2").requests(), 0u);
  expect_error(stage_.ask(posted("/v1/moderations", R"({"model":"cohere_v2","input":"a"})")), 400,
               "unsupported_endpoint");
}

TEST_F(Operations, pass_over_targets_that_cannot_be_asked) {
  open({speaking(chat::openai_chat(), "{}"), speaking(chat::anthropic_messages(), R"({"input_tokens":9})")});
  const Answer answer =
      stage_.ask(posted("/v1beta/models/all:countTokens", R"({"contents":[{"role":"user","parts":[{"text":"hi"}]}]})"));
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(Json::parse(answer.body)["totalTokens"], 9);
  EXPECT_EQ(answer.field("x-sluice-attempts"), "1") << "who is passed over was not asked";
  EXPECT_EQ(answer.field("x-sluice-provider"), "anthropic_messages");
  EXPECT_EQ(upstream("openai_chat").requests(), 0u);
}

TEST_F(Operations, use_the_voice_of_a_provider_that_has_the_request) {
  open({{"both", "kind: vllm", R"({"input_tokens":9})", 200, "far"}});
  const Answer answer = stage_.ask(
      posted("/v1beta/models/both:countTokens", R"({"contents":[{"role":"user","parts":[{"text":"hi"}]}]})"));
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_TRUE(last("both").target().ends_with("/responses/input_tokens")) << last("both").target();
}

TEST_F(Operations, list_models_to_clients_of_two_dialects) {
  open({speaking(chat::openai_chat(), "{}")});
  const std::string theirs = bearer() + "anthropic-version: 2023-06-01\r\n";
  const Json list = Json::parse(stage_.ask(get("/v1/models", theirs)).body);
  EXPECT_EQ(list["data"][0]["type"], "model");
  EXPECT_EQ(list["data"][0]["object"], "model");
  EXPECT_EQ(list["has_more"], false);
  EXPECT_EQ(list["first_id"], list["data"][0]["id"]);
  EXPECT_EQ(Json::parse(stage_.ask(get("/v1/models/none", theirs)).body)["type"], "error");
  expect_error(stage_.ask(get("/v1/models/none", bearer())), 404, "model_not_found");
}

// Which dialects have which request; the page is made of what the code says.
TEST(OperationsPage, says_who_can_be_asked_for_what) {
  std::ostringstream page;
  page << "# Which dialect has which request\n\n"
          "Written by the tests (`gateway_operations`). A caller of any dialect that has a request reaches the "
          "providers of\n"
          "all dialects that have it; with others it is 400 `unsupported_endpoint`.\n\n| |";
  for (const Dialect* dialect : chat::dialects()) page << ' ' << dialect->name() << " |";
  page << "\n|---|";
  for (std::size_t i = 0; i < chat::dialects().size(); ++i) page << "---|";
  for (const Task task : {Task::chat, Task::embedding, Task::rerank, Task::count}) {
    page << "\n| " << chat::words_for(task) << " |";
    for (const Dialect* dialect : chat::dialects())
      page << (chat::can_translate(*dialect, *dialect, task) ? " yes |" : " – |");
  }
  page << '\n';
  if (std::getenv("SLUICE_WRITE_DOCS") != nullptr) std::ofstream(SLUICE_OPERATIONS_PAGE) << page.str();
  std::ifstream file(SLUICE_OPERATIONS_PAGE);
  const std::string published((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  EXPECT_EQ(published, page.str()) << "docs/operations.md is out of date: run this test with SLUICE_WRITE_DOCS=1";
}

}  // namespace
}  // namespace sluice::test
