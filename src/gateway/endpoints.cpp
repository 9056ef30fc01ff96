#include "gateway/endpoints.hpp"

#include <array>

#include <sluice/base/percent.hpp>

namespace sluice {
namespace {

using http::Method;
using Kind = Endpoint::Kind;

using chat::Task;
using DialectOf = const chat::Dialect& (*)();

// Of OpenAI's family: with and without /v1.
constexpr Endpoint versioned(std::string_view name, std::string_view path, Task task,
                             DialectOf dialect = &chat::openai_chat) {
  return {.name = name,
          .path = path,
          .versioned = true,
          .method = Method::post,
          .kind = Kind::converse,
          .task = task,
          .dialect = dialect};
}

constexpr Endpoint fixed(std::string_view name, std::string_view path, DialectOf dialect, Task task = Task::chat) {
  return {.name = name, .path = path, .method = Method::post, .kind = Kind::converse, .task = task, .dialect = dialect};
}

// The model's name stands between the two, and whether to stream is said by the path.
constexpr Endpoint named(std::string_view name, std::string_view path, std::string_view suffix, DialectOf dialect,
                         bool stream, Task task = Task::chat) {
  return {.name = name,
          .path = path,
          .suffix = suffix,
          .names_model = true,
          .method = Method::post,
          .kind = Kind::converse,
          .task = task,
          .stream = stream,
          .dialect = dialect};
}

constexpr Endpoint single(Endpoint endpoint) {
  endpoint.way = chat::Way::single;
  return endpoint;
}

// Everything the data plane answers; the first that matches.
constexpr std::array endpoints{
    versioned("chat", "/chat/completions", Task::chat),
    versioned("completions", "/completions", Task::completion),
    versioned("embeddings", "/embeddings", Task::embedding),
    versioned("rerank", "/rerank", Task::rerank),
    versioned("moderations", "/moderations", Task::moderation),
    versioned("images", "/images/generations", Task::image),
    versioned("speech", "/audio/speech", Task::speech),
    versioned("transcriptions", "/audio/transcriptions", Task::transcription),
    versioned("translations", "/audio/translations", Task::translation),
    versioned("responses", "/responses", Task::chat, &chat::openai_responses),
    versioned("count", "/responses/input_tokens", Task::count, &chat::openai_responses),

    fixed("messages", "/v1/messages", &chat::anthropic_messages),
    fixed("count", "/v1/messages/count_tokens", &chat::anthropic_messages, Task::count),

    named("gemini", "/v1beta/models/", ":generateContent", &chat::gemini, false),
    named("gemini", "/v1beta/models/", ":streamGenerateContent", &chat::gemini, true),
    named("count", "/v1beta/models/", ":countTokens", &chat::gemini, false, Task::count),
    single(named("embeddings", "/v1beta/models/", ":embedContent", &chat::gemini, false, Task::embedding)),
    named("embeddings", "/v1beta/models/", ":batchEmbedContents", &chat::gemini, false, Task::embedding),
    named("gemini", "/v1/models/", ":generateContent", &chat::gemini, false),
    named("gemini", "/v1/models/", ":streamGenerateContent", &chat::gemini, true),

    named("converse", "/model/", "/converse", &chat::bedrock_converse, false),
    named("converse", "/model/", "/converse-stream", &chat::bedrock_converse, true),
    named("embeddings", "/model/", "/invoke", &chat::bedrock_converse, false, Task::embedding),
    named("count", "/model/", "/count-tokens", &chat::bedrock_converse, false, Task::count),

    fixed("chat", "/v2/chat", &chat::cohere_v2),
    fixed("embeddings", "/v2/embed", &chat::cohere_v2, Task::embedding),
    fixed("rerank", "/v2/rerank", &chat::cohere_v2, Task::rerank),

    fixed("chat", "/api/chat", &chat::ollama),
    fixed("completions", "/api/generate", &chat::ollama, Task::completion),
    fixed("embeddings", "/api/embed", &chat::ollama, Task::embedding),
    Endpoint{.path = "/api/tags", .method = Method::get, .kind = Kind::tags, .dialect = &chat::ollama},
    Endpoint{.path = "/api/version", .method = Method::get, .kind = Kind::version, .dialect = &chat::ollama},

    // Behind the paths that go on with a verb.
    Endpoint{.path = "/models", .versioned = true, .method = Method::get, .kind = Kind::models},
    Endpoint{.path = "/models/", .names_model = true, .versioned = true, .method = Method::get, .kind = Kind::model},
    Endpoint{.path = "/healthz", .method = Method::get, .kind = Kind::health},
};

std::string_view without_version(std::string_view path) {
  constexpr std::string_view version = "/v1";
  return path.starts_with("/v1/") ? path.substr(version.size()) : path;
}

bool matches(const Endpoint& endpoint, std::string_view path) {
  if (endpoint.versioned) path = without_version(path);
  if (!endpoint.names_model) return path == endpoint.path;
  return path.size() > endpoint.path.size() + endpoint.suffix.size() && path.starts_with(endpoint.path) &&
         path.ends_with(endpoint.suffix);
}

}  // namespace

Found find_endpoint(http::Method method, std::string_view path) {
  for (const Endpoint& endpoint : endpoints) {
    if (!matches(endpoint, path)) continue;
    // A server that has GET has HEAD (RFC 9110 §9.1).
    const bool head = method == http::Method::head && endpoint.method == http::Method::get;
    return {&endpoint, method == endpoint.method || head, endpoint.method == http::Method::get ? "GET, HEAD" : "POST"};
  }
  return {};
}

void model_in_path(const Endpoint& endpoint, std::string_view path, std::string& name) {
  name.clear();
  if (endpoint.versioned) path = without_version(path);
  append_percent_decoded(
      name, path.substr(endpoint.path.size(), path.size() - endpoint.path.size() - endpoint.suffix.size()));
}

const chat::Dialect& dialect_for(const Endpoint& endpoint, std::span<const http::Field> fields) {
  const bool is_list = endpoint.kind == Kind::models || endpoint.kind == Kind::model;
  if (is_list && http::find(fields, "anthropic-version")) return chat::anthropic_messages();
  return endpoint.dialect();
}

std::string_view without_query(std::string_view target) { return target.substr(0, target.find('?')); }

bool query_has(std::string_view target, std::string_view pair) {
  const std::size_t mark = target.find('?');
  if (mark == std::string_view::npos) return false;
  for (std::string_view rest = target.substr(mark + 1);;) {
    const std::size_t end = rest.find('&');
    if (rest.substr(0, end) == pair) return true;
    if (end == std::string_view::npos) return false;
    rest.remove_prefix(end + 1);
  }
}

}  // namespace sluice
