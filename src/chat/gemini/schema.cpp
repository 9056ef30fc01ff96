#include <algorithm>
#include <array>

#include <sluice/base/text.hpp>

#include "chat/gemini/parts.hpp"

namespace sluice::chat::generate_content {
namespace {

bool is_count(std::string_view name) {
  constexpr std::array<std::string_view, 6> counts{"minItems",  "maxItems",      "minLength",
                                                   "maxLength", "minProperties", "maxProperties"};
  return std::find(counts.begin(), counts.end(), name) != counts.end();
}

std::string small(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
  return text;
}

void write_schema(json::Writer& out, json::Value schema);

void write_named_schemas(json::Writer& out, json::Value schemas) {
  if (!schemas.is_object()) {
    out.raw(schemas.raw());
    return;
  }
  out.open_object();
  for (const json::Value schema : schemas) {
    out.name(schema.name());
    write_schema(out, schema);
  }
  out.close_object();
}

void write_schemas(json::Writer& out, json::Value schemas) {
  if (!schemas.is_array()) {
    write_schema(out, schemas);
    return;
  }
  out.open_array();
  for (const json::Value schema : schemas) write_schema(out, schema);
  out.close_array();
}

void write_type(json::Writer& out, json::Value type, bool nullable) {
  if (!type.is_string()) {
    out.raw(type.raw());
    return;
  }
  const std::string name = small(type.string());
  if (!nullable) {
    out.string(name);
    return;
  }
  out.open_array().string(name).string("null").close_array();
}

// "nullable" means that null is one more of these.
void write_with_null(json::Writer& out, json::Value list, bool are_values) {
  bool has_null = false;
  out.open_array();
  for (const json::Value each : list) {
    has_null = has_null || each.is_null() || (!are_values && small(each["type"].string()) == "null");
    if (are_values) {
      out.raw(each.raw());
    } else {
      write_schema(out, each);
    }
  }
  if (!has_null) out.raw(are_values ? "null" : R"({"type":"null"})");
  out.close_array();
}

void write_member(json::Writer& out, json::Value value, bool nullable) {
  const std::string name = camel(value.name());
  if (name == "nullable") return;
  const std::string spelled = name == "ref" ? "$ref" : name == "defs" ? "$defs" : name;
  out.name(spelled);
  if (name == "type") {
    write_type(out, value, nullable);
  } else if ((name == "enum" || name == "anyOf") && nullable && value.is_array()) {
    write_with_null(out, value, name == "enum");
  } else if (name == "properties" || spelled == "$defs") {
    write_named_schemas(out, value);
  } else if (name == "items" || name == "anyOf" || name == "prefixItems" || name == "additionalProperties") {
    write_schemas(out, value);
  } else if (is_count(name) && parse_decimal(value.string())) {
    out.raw(value.string());
  } else {
    out.raw(value.raw());
  }
}

// As deep as the tree is at most (json_walk.hpp).
void write_schema(json::Writer& out, json::Value schema) {
  if (!schema.is_object()) {
    out.raw(schema.raw());
    return;
  }
  const bool nullable = schema["nullable"].boolean().value_or(false);
  out.open_object();
  if (nullable && (schema["$ref"] || schema["ref"]) && !schema["type"] && !schema["anyOf"]) {
    const json::Value target = schema["$ref"] ? schema["$ref"] : schema["ref"];
    out.name("anyOf").open_array().open_object().raw_member("$ref", target.raw()).close_object();
    out.raw(R"({"type":"null"})").close_array();
    for (const json::Value value : schema) {
      if (value.name() != "$ref" && value.name() != "ref") write_member(out, value, false);
    }
    out.close_object();
    return;
  }
  for (const json::Value value : schema) write_member(out, value, nullable);
  out.close_object();
}

}  // namespace

std::string json_schema_of(json::Value schema) {
  std::string text;
  json::Writer out(text);
  write_schema(out, schema);
  return text;
}

}  // namespace sluice::chat::generate_content
