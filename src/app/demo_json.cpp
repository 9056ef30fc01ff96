#include "app/demo_json.hpp"

#include <utility>

namespace sluice::app {
namespace {

constexpr std::size_t deepest = 128;          // what the gateway lets through, too
constexpr std::size_t most_values = 1 << 20;  // about 100 MB as a tree

// Counts nesting and separators outside strings. Says nothing about validity: the parser does.
bool fits_in_a_tree(std::string_view body) {
  std::size_t depth = 0;
  std::size_t values = 1;
  bool quoted = false;
  for (std::size_t at = 0; at < body.size(); ++at) {
    const char byte = body[at];
    if (quoted) {
      if (byte == '\\') ++at;
      if (byte == '"') quoted = false;
      continue;
    }
    if (byte == '"') quoted = true;
    if (byte == '[' || byte == '{') {
      if (++depth > deepest) return false;
    }
    if ((byte == ']' || byte == '}') && depth > 0) --depth;
    if (byte == ',' || byte == '[' || byte == '{' || byte == ':') ++values;
  }
  return values <= most_values;
}

}  // namespace

Error demo_refusal(std::string_view code, std::string message, std::string param) {
  return Error(Fault::bad_request, Blame::client, code, std::move(message)).with_param(std::move(param));
}

Result<Json> parse_demo_body(std::string_view body) {
  if (!fits_in_a_tree(body)) return demo_refusal("invalid_json", "The body is nested too deeply or too large.", "");
  Json parsed = Json::parse(body, nullptr, false);
  if (parsed.is_discarded()) return demo_refusal("invalid_json", "The body is not valid JSON.", "");
  if (!parsed.is_object()) return demo_refusal("invalid_json", "The body must be a JSON object.", "");
  return parsed;
}

const Json* demo_member(const Json& object, std::string_view name) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(name);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

std::optional<std::string_view> demo_text(const Json& object, std::string_view name) {
  const Json* member = demo_member(object, name);
  if (member == nullptr || !member->is_string()) return std::nullopt;
  return std::string_view(member->get_ref<const std::string&>());
}

Result<bool> demo_flag(const Json& object, std::string_view name) {
  const Json* member = demo_member(object, name);
  if (member == nullptr) return false;
  if (!member->is_boolean()) {
    return demo_refusal("", "'" + std::string(name) + "' must be true or false.", std::string(name));
  }
  return member->get<bool>();
}

Result<std::optional<std::uint64_t>> demo_number(const Json& object, std::string_view name, std::uint64_t least,
                                                 std::uint64_t most) {
  const Json* member = demo_member(object, name);
  if (member == nullptr) return std::optional<std::uint64_t>();
  if (member->is_number_unsigned()) {
    const auto number = member->get<std::uint64_t>();
    if (number >= least && number <= most) return std::optional(number);
  }
  return demo_refusal("",
                      "'" + std::string(name) + "' must be a whole number from " + std::to_string(least) + " to " +
                          std::to_string(most) + ".",
                      std::string(name));
}

std::string demo_dump(const OrderedJson& document) {
  return document.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
}

std::string demo_dump(const Json& document) { return document.dump(-1, ' ', false, Json::error_handler_t::replace); }

std::string demo_error_body(int status, const Error& error) {
  OrderedJson object;
  object["message"] = error.message();
  object["type"] = status < 500 ? "invalid_request_error" : "server_error";
  object["param"] = error.param().empty() ? OrderedJson() : OrderedJson(error.param());
  object["code"] = error.code().empty() ? OrderedJson() : OrderedJson(std::string(error.code()));
  OrderedJson document;
  document["error"] = std::move(object);
  return demo_dump(document);
}

}  // namespace sluice::app
