#include "chat/schemas.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "chat/json_tree.hpp"
#include "chat/json_writer.hpp"

namespace sluice::chat {
namespace {

using json::Value;
using json::Writer;

constexpr std::string_view any_arguments = R"({"type":"object","properties":{}})";
constexpr std::string_view beside = "additionalProperties";

constexpr std::array<std::string_view, 11> limits{
    "minimum",   "maximum",  "exclusiveMinimum", "exclusiveMaximum", "multipleOf",   "minLength",
    "maxLength", "maxItems", "uniqueItems",      "minProperties",    "maxProperties"};
// Where schemas stand: one or a list of them, or under names.
constexpr std::array<std::string_view, 6> inner{"items", "anyOf", "allOf", "oneOf", "prefixItems", "not"};
constexpr std::array<std::string_view, 3> named{"properties", "$defs", "definitions"};

template <class Names>
bool is_among(const Names& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool is_object_schema(Value schema) {
  const Value type = schema["type"];
  if (type.is("object") || schema["properties"].is_object()) return true;
  if (!type.is_array()) return false;
  for (const Value each : type) {
    if (each.is("object")) return true;
  }
  return false;
}

class StrictWriter {
 public:
  StrictWriter(std::string& out, bool& changed) : writer_(out), changed_(changed) {}

  // Whether anything is not as it was.
  bool touched() const { return touched_ || changed_; }

  // As deep as the tree is at most (json_walk.hpp).
  void write(Value schema) {
    if (schema.is_array()) {
      writer_.open_array();
      for (const Value each : schema) write(each);
      writer_.close_array();
      return;
    }
    if (!schema.is_object()) {
      writer_.raw(schema.raw());
      return;
    }
    const bool is_object = is_object_schema(schema);
    writer_.open_object();
    for (const Value member : schema) write_member(member, is_object);
    if (is_object && schema[beside].boolean() != false) {
      writer_.member(beside, false);
      touched_ = true;
    }
    writer_.close_object();
  }

 private:
  void write_member(Value member, bool of_object) {
    const std::string name = member.name();
    if (name == beside && of_object && member.boolean() != false) {
      changed_ = true;
    } else if (is_among(limits, name) || (name == "minItems" && member.whole().value_or(2) > 1)) {
      changed_ = true;
    } else if (is_among(inner, name)) {
      writer_.name(name);
      write(member);
    } else if (is_among(named, name) && member.is_object()) {
      writer_.name(name).open_object();
      for (const Value each : member) {
        writer_.name(each.name());
        write(each);
      }
      writer_.close_object();
    } else {
      writer_.raw_member(name, member.raw());
    }
  }

  Writer writer_;
  bool& changed_;
  bool touched_ = false;
};

}  // namespace

std::string object_schema(const RawJson& schema) {
  const json::Tree tree = json::Tree::read(schema.bytes);
  const Value root = tree.root();
  if (!root.is_object() || root.size() == 0) return std::string(any_arguments);
  if (root["type"]) return schema.bytes;
  return R"({"type":"object",)" + std::string(root.raw().substr(1));
}

std::string strict_schema(const RawJson& schema, bool& changed) {
  const json::Tree tree = json::Tree::read(schema.bytes);
  if (!tree) return schema.bytes;
  std::string text;
  StrictWriter writer(text, changed);
  writer.write(tree.root());
  return writer.touched() ? text : schema.bytes;
}

}  // namespace sluice::chat
