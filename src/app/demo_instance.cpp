#include "app/demo_instance.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <utility>

namespace sluice::app {
namespace {

constexpr int deepest_value = 32;
constexpr std::size_t budget = 4096;          // values and references in all
constexpr std::size_t bytes_per_value = 256;  // what a value may weigh before it counts as several
constexpr std::uint64_t most_items = 64;
constexpr std::uint64_t longest_text = 4096;

// What is wanted of the formats that validators commonly check (JSON Schema 2020-12 validation, §7.3).
constexpr std::array<std::pair<std::string_view, std::string_view>, 8> formats = {{
    {"date", "2024-01-01"},
    {"date-time", "2024-01-01T00:00:00Z"},
    {"time", "00:00:00Z"},
    {"email", "demo@example.com"},
    {"uri", "https://example.com/demo"},
    {"uuid", "00000000-0000-4000-8000-000000000000"},
    {"ipv4", "192.0.2.1"},
    {"hostname", "example.com"},
}};

// Walks one schema. The budget counts values and references, so that a schema that refers to itself twice per
// level does not double its way to the depth bound.
class Composer {
 public:
  explicit Composer(const Json& root) : root_(root) {}

  Json compose(const Json& schema, int depth) {
    if (depth > deepest_value || ++spent_ > budget || !schema.is_object()) return nullptr;
    if (const auto constant = schema.find("const"); constant != schema.end()) return copy(*constant);
    if (const Json* values = demo_member(schema, "enum"); values && values->is_array() && !values->empty()) {
      return copy(values->front());
    }
    if (const auto reference = demo_text(schema, "$ref")) {
      const Json* target = find(*reference);
      return target ? compose(*target, depth + 1) : Json();
    }
    if (const Json* parts = demo_member(schema, "allOf"); parts && parts->is_array()) {
      return merge(schema, *parts, depth);
    }
    for (const char* choice : {"anyOf", "oneOf"}) {
      const Json* choices = demo_member(schema, choice);
      if (choices && choices->is_array() && !choices->empty()) return compose(choices->front(), depth + 1);
    }
    return of_type(type_of(schema), schema, depth);
  }

 private:
  // Long constants and names are charged by length: references may repeat them.
  Json copy(const Json& value) {
    spent_ += demo_dump(value).size() / bytes_per_value;
    return spent_ > budget ? Json() : value;
  }

  static std::string_view type_of(const Json& schema) {
    const Json* type = demo_member(schema, "type");
    if (type && type->is_array()) {
      const auto useful = std::find_if(type->begin(), type->end(), [](const Json& name) { return name != "null"; });
      if (useful != type->end()) type = &*useful;
    }
    if (type && type->is_string()) return type->get_ref<const std::string&>();
    if (demo_member(schema, "properties") || demo_member(schema, "required")) return "object";
    if (demo_member(schema, "items")) return "array";
    return schema.empty() ? "null" : "string";
  }

  Json of_type(std::string_view type, const Json& schema, int depth) {
    if (type == "object") return object(schema, depth);
    if (type == "array") return array(schema, depth);
    if (type == "string") return text(schema);
    if (type == "integer") return integer(schema);
    if (type == "number") return within(schema, 1.5);
    if (type == "boolean") return true;
    return nullptr;
  }

  Json object(const Json& schema, int depth) {
    Json result = Json::object();
    const Json* required = demo_member(schema, "required");
    if (!required || !required->is_array()) return result;
    const Json* properties = demo_member(schema, "properties");
    for (const Json& name : *required) {
      if (!name.is_string()) continue;
      const auto& key = name.get_ref<const std::string&>();
      spent_ += 1 + key.size() / bytes_per_value;
      if (spent_ > budget) break;
      const Json* property = properties ? demo_member(*properties, key) : nullptr;
      result[key] = property ? compose(*property, depth + 1) : Json("demo");
    }
    return result;
  }

  Json array(const Json& schema, int depth) {
    Json result = Json::array();
    const std::uint64_t least = std::min(bound(schema, "minItems").value_or(1), most_items);
    const std::uint64_t most = bound(schema, "maxItems").value_or(most_items);
    const Json* items = demo_member(schema, "items");
    const std::uint64_t count = std::min(std::max<std::uint64_t>(least, 1), most);
    for (std::uint64_t item = 0; item < count && spent_ <= budget; ++item) {
      result.push_back(items ? compose(*items, depth + 1) : Json("demo"));
    }
    return result;
  }

  static Json text(const Json& schema) {
    const auto format = demo_text(schema, "format");
    for (const auto& [name, example] : formats) {
      if (format == name) return std::string(example);
    }
    std::string result = "demo";
    const std::uint64_t least = std::min(bound(schema, "minLength").value_or(0), longest_text);
    while (result.size() < least) result += '.';
    result.resize(std::min<std::uint64_t>(result.size(), bound(schema, "maxLength").value_or(longest_text)));
    return result;
  }

  static Json integer(const Json& schema) {
    const double value = std::ceil(within(schema, 1));
    constexpr double exact = 9007199254740992;  // 2^53: beyond it a double holds no every integer
    return static_cast<std::int64_t>(std::clamp(value, -exact, exact));
  }

  // `value`, moved to the nearest bound when it is beyond one; exclusive bounds are passed by one.
  static double within(const Json& schema, double value) {
    const auto number = [&schema](const char* name) {
      const Json* member = demo_member(schema, name);
      return member && member->is_number() ? std::optional(member->get<double>()) : std::nullopt;
    };
    if (const auto least = number("minimum")) value = std::max(value, *least);
    if (const auto below = number("exclusiveMinimum"); below && value <= *below) value = *below + 1;
    if (const auto most = number("maximum")) value = std::min(value, *most);
    if (const auto above = number("exclusiveMaximum"); above && value >= *above) value = *above - 1;
    return value;
  }

  static std::optional<std::uint64_t> bound(const Json& schema, std::string_view name) {
    const Json* member = demo_member(schema, name);
    if (!member || !member->is_number_unsigned()) return std::nullopt;
    return member->get<std::uint64_t>();
  }

  // All parts' members together; when no part is an object, the first part decides.
  Json merge(const Json& schema, const Json& parts, int depth) {
    Json whole = object(schema, depth);
    Json first;
    for (const Json& part : parts) {
      Json value = compose(part, depth + 1);
      if (value.is_object()) {
        whole.update(value);
      } else if (first.is_null()) {
        first = std::move(value);
      }
    }
    return whole.empty() && !first.is_null() ? first : whole;
  }

  // Local references only: "#" and "#/…" (RFC 6901 pointers, without escapes).
  const Json* find(std::string_view reference) {
    if (reference.empty() || reference.front() != '#') return nullptr;
    const Json* at = &root_;
    reference.remove_prefix(1);
    while (at && !reference.empty()) {
      if (reference.front() != '/') return nullptr;
      reference.remove_prefix(1);
      const std::size_t end = std::min(reference.find('/'), reference.size());
      at = demo_member(*at, reference.substr(0, end));
      reference.remove_prefix(end);
    }
    return at;
  }

  const Json& root_;
  std::size_t spent_ = 0;
};

}  // namespace

Json minimal_instance(const Json& schema) { return Composer(schema).compose(schema, 0); }

}  // namespace sluice::app
