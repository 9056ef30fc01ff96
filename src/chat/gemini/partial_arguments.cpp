#include <algorithm>

#include <sluice/base/text.hpp>

#include "chat/gemini/parts.hpp"

namespace sluice::chat::generate_content {
namespace {

// A provider's paths are not trusted: no deeper, no longer lists and no more values than these.
constexpr std::size_t deepest = 64;
constexpr std::size_t longest_list = 10'000;
constexpr std::size_t most_nodes = 100'000;
constexpr std::size_t most_members = 1'000;  // of one object: they are looked for one after the other

struct Step {
  std::string name;   // of a member
  std::size_t index;  // of an item, when `is_index`
  bool is_index;
};

// The step behind a '[': an index, or a name in quotes. Moves `at` behind the ']'.
std::optional<Step> read_bracket(std::string_view path, std::size_t& at) {
  const char quote = at < path.size() ? path[at] : '\0';
  if (quote == '\'' || quote == '"') {
    std::string name;
    for (++at; at < path.size() && path[at] != quote; ++at) {
      if (path[at] == '\\' && at + 1 < path.size()) ++at;
      name += path[at];
    }
    if (at + 1 >= path.size() || path[at + 1] != ']') return std::nullopt;
    at += 2;
    return Step{std::move(name), 0, false};
  }
  const std::size_t end = path.find(']', at);
  if (end == std::string_view::npos) return std::nullopt;
  const auto index = parse_decimal(path.substr(at, end - at));
  if (!index || *index >= longest_list) return std::nullopt;
  at = end + 1;
  return Step{{}, static_cast<std::size_t>(*index), true};
}

// The steps of a path like $.order.items[2]['a name']; nothing when it is none.
std::optional<std::vector<Step>> read_path(std::string_view path) {
  if (!path.starts_with('$')) return std::nullopt;
  std::vector<Step> steps;
  std::size_t at = 1;
  while (at < path.size()) {
    if (steps.size() >= deepest) return std::nullopt;
    if (path[at] == '[') {
      auto step = read_bracket(path, ++at);
      if (!step) return std::nullopt;
      steps.push_back(*std::move(step));
    } else if (path[at] == '.') {
      const std::size_t end = std::min(path.find_first_of(".[", at + 1), path.size());
      steps.push_back({std::string(path.substr(at + 1, end - at - 1)), 0, false});
      at = end;
    } else {
      return std::nullopt;
    }
  }
  return steps;
}

}  // namespace

struct PartialArguments::Node {
  enum class Kind : std::uint8_t { unset, text, scalar, object, list };
  Kind kind = Kind::unset;
  std::string name{};   // in an object
  std::string value{};  // a text, or a scalar's JSON
  std::vector<Node> children{};

  void write(json::Writer& out) const {
    switch (kind) {
      case Kind::text:
        out.string(value);
        return;
      case Kind::scalar:
        out.raw(value);
        return;
      case Kind::unset:
        out.null();
        return;
      default:
        break;
    }
    const bool is_list = kind == Kind::list;
    is_list ? out.open_array() : out.open_object();
    for (const Node& child : children) {
      if (!is_list) out.name(child.name);
      child.write(out);
    }
    is_list ? out.close_array() : out.close_object();
  }
};

PartialArguments::PartialArguments() = default;
PartialArguments::~PartialArguments() = default;
PartialArguments::PartialArguments(PartialArguments&&) noexcept = default;
PartialArguments& PartialArguments::operator=(PartialArguments&&) noexcept = default;

PartialArguments::Node* PartialArguments::place_of(std::string_view path) {
  const auto steps = read_path(path);
  if (!steps) return nullptr;
  if (!root_) {
    root_ = std::make_unique<Node>();
    root_->kind = Node::Kind::object;
  }
  Node* node = root_.get();
  for (const Step& step : *steps) {
    const auto kind = step.is_index ? Node::Kind::list : Node::Kind::object;
    if (node->kind == Node::Kind::unset) node->kind = kind;
    if (node->kind != kind) return nullptr;
    std::size_t child = step.index;
    if (!step.is_index) {
      const auto found = std::find_if(node->children.begin(), node->children.end(),
                                      [&](const Node& each) { return each.name == step.name; });
      child = static_cast<std::size_t>(found - node->children.begin());
    }
    if (child >= node->children.size()) {
      if (!step.is_index && child >= most_members) return nullptr;
      nodes_ += child + 1 - node->children.size();
      if (nodes_ > most_nodes) return nullptr;
      node->children.resize(child + 1);
      node->children[child].name = step.name;
    }
    node = &node->children[child];
  }
  return node;
}

void PartialArguments::take(json::Value partial) {
  Node* const node = place_of(member(partial, "jsonPath").string());
  if (node == nullptr || node->kind == Node::Kind::object || node->kind == Node::Kind::list) return;
  const json::Value text = member(partial, "stringValue");
  const json::Value number = member(partial, "numberValue");
  const json::Value truth = member(partial, "boolValue");
  if (text.is_string()) {
    // A text comes in fragments.
    if (node->kind != Node::Kind::text) node->value.clear();
    node->kind = Node::Kind::text;
    node->value += text.string();
  } else if (number.is_number() || truth.boolean()) {
    node->kind = Node::Kind::scalar;
    node->value = number.is_number() ? number.raw() : truth.raw();
  } else if (partial["nullValue"] || partial["null_value"]) {
    node->kind = Node::Kind::scalar;
    node->value = "null";
  }
}

std::string PartialArguments::text() const {
  std::string text;
  if (!root_) return text;
  json::Writer out(text);
  root_->write(out);
  return text;
}

}  // namespace sluice::chat::generate_content
