#include "gateway/endpoints.hpp"

#include <gtest/gtest.h>

namespace sluice {
namespace {

using http::Method;
using Kind = Endpoint::Kind;

TEST(FindEndpoint, serves_every_path_with_and_without_its_version) {
  for (const char* path :
       {"/v1/chat/completions", "/chat/completions", "/v1/completions", "/completions", "/v1/embeddings", "/embeddings",
        "/v1/moderations", "/v1/rerank", "/v1/images/generations", "/v1/audio/speech"}) {
    const Found found = find_endpoint(Method::post, path);
    ASSERT_NE(found.endpoint, nullptr) << path;
    EXPECT_EQ(found.endpoint->kind, Kind::converse) << path;
    EXPECT_TRUE(found.method_allowed) << path;
  }
  EXPECT_EQ(find_endpoint(Method::get, "/v1/models").endpoint->kind, Kind::models);
  EXPECT_EQ(find_endpoint(Method::get, "/models").endpoint->kind, Kind::models);
  EXPECT_EQ(find_endpoint(Method::get, "/healthz").endpoint->kind, Kind::health);
}

TEST(FindEndpoint, knows_what_is_asked_beside_conversations) {
  struct Case {
    const char* path;
    chat::Task task;
    const chat::Dialect& dialect;
    bool single;
  };
  for (const Case& one : {Case{"/v2/embed", chat::Task::embedding, chat::cohere_v2(), false},
                          Case{"/api/embed", chat::Task::embedding, chat::ollama(), false},
                          Case{"/v2/rerank", chat::Task::rerank, chat::cohere_v2(), false},
                          Case{"/v1/messages/count_tokens", chat::Task::count, chat::anthropic_messages(), false},
                          Case{"/responses/input_tokens", chat::Task::count, chat::openai_responses(), false},
                          Case{"/v1beta/models/m:countTokens", chat::Task::count, chat::gemini(), false},
                          Case{"/v1beta/models/m:embedContent", chat::Task::embedding, chat::gemini(), true},
                          Case{"/v1beta/models/m:batchEmbedContents", chat::Task::embedding, chat::gemini(), false},
                          Case{"/model/m/invoke", chat::Task::embedding, chat::bedrock_converse(), false},
                          Case{"/model/m/count-tokens", chat::Task::count, chat::bedrock_converse(), false}}) {
    const Found found = find_endpoint(Method::post, one.path);
    ASSERT_NE(found.endpoint, nullptr) << one.path;
    EXPECT_EQ(found.endpoint->task, one.task) << one.path;
    EXPECT_EQ(&found.endpoint->dialect(), &one.dialect) << one.path;
    EXPECT_EQ(found.endpoint->way, one.single ? chat::Way::single : chat::Way::usual) << one.path;
  }
}

TEST(DialectFor, is_the_caller_s_in_lists_of_models_only) {
  const std::vector<http::Field> fields{{"anthropic-version", "2023-06-01"}};
  const Endpoint& list = *find_endpoint(Method::get, "/v1/models").endpoint;
  EXPECT_EQ(&dialect_for(list, fields), &chat::anthropic_messages());
  EXPECT_EQ(&dialect_for(list, {}), &chat::openai_chat());
  EXPECT_EQ(&dialect_for(*find_endpoint(Method::post, "/v1/embeddings").endpoint, fields), &chat::openai_chat());
}

TEST(FindEndpoint, matches_exactly_and_nothing_that_only_looks_alike) {
  for (const char* path : {"/", "", "/v1", "/v1/", "/v1/chat/completions/", "/V1/chat/completions",
                           "/v1//chat/completions", "/v1/v1/embeddings", "/v1/../admin", "/v1/chat;x/completions",
                           "/v2/chat/completions", "/v1/healthz", "/metrics", "/admin/v1/keys", "/v1/models/"}) {
    EXPECT_EQ(find_endpoint(Method::post, path).endpoint, nullptr) << path;
    EXPECT_EQ(find_endpoint(Method::get, path).endpoint, nullptr) << path;
  }
}

TEST(FindEndpoint, knows_the_paths_of_other_dialects) {
  EXPECT_EQ(find_endpoint(Method::post, "/api/chat").endpoint->task, chat::Task::chat);
  EXPECT_EQ(find_endpoint(Method::post, "/api/generate").endpoint->task, chat::Task::completion);
  EXPECT_EQ(find_endpoint(Method::get, "/api/tags").endpoint->kind, Kind::tags);
  EXPECT_EQ(find_endpoint(Method::get, "/api/version").endpoint->kind, Kind::version);
  for (const char* path : {"/api/chat", "/api/generate", "/api/tags", "/api/version"}) {
    EXPECT_EQ(find_endpoint(Method::post, path).endpoint->dialect().name(), "ollama") << path;
    EXPECT_EQ(find_endpoint(Method::post, "/v1" + std::string(path)).endpoint, nullptr) << path;
  }
}

TEST(FindEndpoint, tells_which_methods_a_path_takes) {
  const Found get = find_endpoint(Method::get, "/v1/chat/completions");
  EXPECT_FALSE(get.method_allowed);
  EXPECT_EQ(get.allow, "POST");
  EXPECT_TRUE(find_endpoint(Method::head, "/v1/models").method_allowed);
  EXPECT_EQ(find_endpoint(Method::del, "/v1/models").allow, "GET, HEAD");
}

TEST(FindEndpoint, takes_the_verbs_on_models_in_both_versions_of_their_api) {
  for (const char* version : {"/v1", "/v1beta"}) {
    for (const auto& [verb, streams] : {std::pair{":generateContent", false}, {":streamGenerateContent", true}}) {
      const std::string path = std::string(version) + "/models/vendor/family" + verb;
      const Found found = find_endpoint(Method::post, path);
      ASSERT_TRUE(found.endpoint != nullptr && found.method_allowed) << path;
      EXPECT_EQ(found.endpoint->dialect().name(), "gemini") << path;
      EXPECT_EQ(found.endpoint->stream, streams) << path;
      std::string name;
      model_in_path(*found.endpoint, path, name);
      EXPECT_EQ(name, "vendor/family") << path;
    }
  }
  EXPECT_EQ(find_endpoint(Method::get, "/v1/models/vendor/family").endpoint->kind, Kind::model);
  EXPECT_FALSE(find_endpoint(Method::post, "/v1/models/vendor/family").method_allowed);
}

std::string name_in(std::string_view path) {
  std::string name;
  model_in_path(*find_endpoint(Method::get, path).endpoint, path, name);
  return name;
}

TEST(ModelInPath, takes_names_with_slashes_escaped_or_not) {
  EXPECT_EQ(name_in("/v1/models/openai/gpt-4o"), "openai/gpt-4o");
  EXPECT_EQ(name_in("/models/openai%2Fgpt-4o"), "openai/gpt-4o");
  EXPECT_EQ(name_in("/v1/models/a%3Ab"), "a:b");
  EXPECT_EQ(name_in("/v1/models/100%"), "100%");
  EXPECT_EQ(name_in("/v1/models/a%zz"), "a%zz");
}

}  // namespace
}  // namespace sluice
