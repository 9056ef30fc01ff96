#include "gateway/endpoints.hpp"

#include <array>
#include <charconv>

namespace sluice {
namespace {

using http::Method;
using Kind = Endpoint::Kind;

// Everything the data plane answers.
constexpr std::array endpoints{
    Endpoint{.path = "/chat/completions",
             .versioned = true,
             .method = Method::post,
             .kind = Kind::converse,
             .task = chat::Task::chat},
    Endpoint{.path = "/completions",
             .versioned = true,
             .method = Method::post,
             .kind = Kind::converse,
             .task = chat::Task::completion},
    Endpoint{.path = "/embeddings",
             .versioned = true,
             .method = Method::post,
             .kind = Kind::converse,
             .task = chat::Task::embedding},
    Endpoint{.path = "/rerank",
             .versioned = true,
             .method = Method::post,
             .kind = Kind::converse,
             .task = chat::Task::rerank},
    Endpoint{.path = "/moderations",
             .versioned = true,
             .method = Method::post,
             .kind = Kind::converse,
             .task = chat::Task::moderation},
    Endpoint{.path = "/images/generations",
             .versioned = true,
             .method = Method::post,
             .kind = Kind::converse,
             .task = chat::Task::image},
    Endpoint{.path = "/audio/speech",
             .versioned = true,
             .method = Method::post,
             .kind = Kind::converse,
             .task = chat::Task::speech},
    Endpoint{.path = "/v1/models/",
             .suffix = ":generateContent",
             .names_model = true,
             .method = Method::post,
             .kind = Kind::converse,
             .stream = false,
             .dialect = &chat::gemini},
    Endpoint{.path = "/v1/models/",
             .suffix = ":streamGenerateContent",
             .names_model = true,
             .method = Method::post,
             .kind = Kind::converse,
             .stream = true,
             .dialect = &chat::gemini},
    Endpoint{.path = "/models", .versioned = true, .method = Method::get, .kind = Kind::models},
    Endpoint{.path = "/models/", .names_model = true, .versioned = true, .method = Method::get, .kind = Kind::model},
    Endpoint{.path = "/responses",
             .versioned = true,
             .method = Method::post,
             .kind = Kind::converse,
             .dialect = &chat::openai_responses},
    Endpoint{.path = "/responses/input_tokens",
             .versioned = true,
             .method = Method::post,
             .kind = Kind::converse,
             .task = chat::Task::count,
             .dialect = &chat::openai_responses},
    Endpoint{.path = "/v1/messages/count_tokens",
             .method = Method::post,
             .kind = Kind::converse,
             .task = chat::Task::count,
             .dialect = &chat::anthropic_messages},
    Endpoint{
        .path = "/v1/messages", .method = Method::post, .kind = Kind::converse, .dialect = &chat::anthropic_messages},
    Endpoint{.path = "/v2/chat", .method = Method::post, .kind = Kind::converse, .dialect = &chat::cohere_v2},
    Endpoint{.path = "/api/chat", .method = Method::post, .kind = Kind::converse, .dialect = &chat::ollama},
    Endpoint{.path = "/api/generate",
             .method = Method::post,
             .kind = Kind::converse,
             .task = chat::Task::completion,
             .dialect = &chat::ollama},
    Endpoint{.path = "/api/tags", .method = Method::get, .kind = Kind::tags, .dialect = &chat::ollama},
    Endpoint{.path = "/api/version", .method = Method::get, .kind = Kind::version, .dialect = &chat::ollama},
    Endpoint{.path = "/v2/embed",
             .method = Method::post,
             .kind = Kind::converse,
             .task = chat::Task::embedding,
             .dialect = &chat::cohere_v2},
    Endpoint{.path = "/v2/rerank",
             .method = Method::post,
             .kind = Kind::converse,
             .task = chat::Task::rerank,
             .dialect = &chat::cohere_v2},
    Endpoint{.path = "/v1beta/models/",
             .suffix = ":generateContent",
             .names_model = true,
             .method = Method::post,
             .kind = Kind::converse,
             .stream = false,
             .dialect = &chat::gemini},
    Endpoint{.path = "/v1beta/models/",
             .suffix = ":streamGenerateContent",
             .names_model = true,
             .method = Method::post,
             .kind = Kind::converse,
             .stream = true,
             .dialect = &chat::gemini},
    Endpoint{.path = "/model/",
             .suffix = "/converse",
             .names_model = true,
             .method = Method::post,
             .kind = Kind::converse,
             .stream = false,
             .dialect = &chat::bedrock_converse},
    Endpoint{.path = "/model/",
             .suffix = "/converse-stream",
             .names_model = true,
             .method = Method::post,
             .kind = Kind::converse,
             .stream = true,
             .dialect = &chat::bedrock_converse},
    Endpoint{.path = "/v1beta/models/",
             .suffix = ":countTokens",
             .names_model = true,
             .method = Method::post,
             .kind = Kind::converse,
             .task = chat::Task::count,
             .stream = false,
             .dialect = &chat::gemini},
    Endpoint{.path = "/v1beta/models/",
             .suffix = ":embedContent",
             .names_model = true,
             .method = Method::post,
             .kind = Kind::converse,
             .task = chat::Task::embedding,
             .stream = false,
             .single = true,
             .dialect = &chat::gemini},
    Endpoint{.path = "/v1beta/models/",
             .suffix = ":batchEmbedContents",
             .names_model = true,
             .method = Method::post,
             .kind = Kind::converse,
             .task = chat::Task::embedding,
             .stream = false,
             .dialect = &chat::gemini},
    Endpoint{.path = "/model/",
             .suffix = "/invoke",
             .names_model = true,
             .method = Method::post,
             .kind = Kind::converse,
             .task = chat::Task::embedding,
             .stream = false,
             .dialect = &chat::bedrock_converse},
    Endpoint{.path = "/model/",
             .suffix = "/count-tokens",
             .names_model = true,
             .method = Method::post,
             .kind = Kind::converse,
             .task = chat::Task::count,
             .stream = false,
             .dialect = &chat::bedrock_converse},
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
  std::string_view rest =
      path.substr(endpoint.path.size(), path.size() - endpoint.path.size() - endpoint.suffix.size());
  while (!rest.empty()) {
    unsigned char byte = 0;
    const bool escaped = rest.front() == '%' && rest.size() >= 3 &&
                         std::from_chars(rest.data() + 1, rest.data() + 3, byte, 16).ptr == rest.data() + 3;
    name += escaped ? static_cast<char>(byte) : rest.front();
    rest.remove_prefix(escaped ? 3 : 1);
  }
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
