#include "gateway/endpoints.hpp"

#include <array>
#include <charconv>

namespace sluice {
namespace {

using Kind = Endpoint::Kind;

// Everything the data plane answers. Paths under /v1 are also served without it.
constexpr std::array<Endpoint, 6> endpoints{{
    {"/chat/completions", http::Method::post, Kind::converse, chat::Task::chat},
    {"/completions", http::Method::post, Kind::converse, chat::Task::completion},
    {"/embeddings", http::Method::post, Kind::converse, chat::Task::embedding},
    {"/models", http::Method::get, Kind::models, {}},
    {"/models/", http::Method::get, Kind::model, {}},
    {"/healthz", http::Method::get, Kind::health, {}},
}};

std::string_view without_version(std::string_view path) {
  constexpr std::string_view version = "/v1";
  return path.starts_with("/v1/") ? path.substr(version.size()) : path;
}

bool matches(const Endpoint& endpoint, std::string_view path) {
  if (endpoint.kind == Kind::model) return path.starts_with(endpoint.path) && path.size() > endpoint.path.size();
  return path == endpoint.path;
}

}  // namespace

Found find_endpoint(http::Method method, std::string_view path) {
  for (const Endpoint& endpoint : endpoints) {
    const std::string_view asked = endpoint.kind == Kind::health ? path : without_version(path);
    if (!matches(endpoint, asked)) continue;
    // A server that has GET has HEAD (RFC 9110 §9.1).
    const bool head = method == http::Method::head && endpoint.method == http::Method::get;
    return {&endpoint, method == endpoint.method || head, endpoint.method == http::Method::get ? "GET, HEAD" : "POST"};
  }
  return {};
}

std::string model_in_path(std::string_view path) {
  constexpr std::string_view prefix = "/models/";
  std::string_view rest = without_version(path).substr(prefix.size());
  std::string name;
  while (!rest.empty()) {
    unsigned char byte = 0;
    const bool escaped = rest.front() == '%' && rest.size() >= 3 &&
                         std::from_chars(rest.data() + 1, rest.data() + 3, byte, 16).ptr == rest.data() + 3;
    name += escaped ? static_cast<char>(byte) : rest.front();
    rest.remove_prefix(escaped ? 3 : 1);
  }
  return name;
}

std::string_view without_query(std::string_view target) { return target.substr(0, target.find('?')); }

}  // namespace sluice
