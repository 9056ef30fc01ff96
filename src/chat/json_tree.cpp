#include "chat/json_tree.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <system_error>

#include <sluice/base/text.hpp>

namespace sluice::chat::json {
namespace {

constexpr std::uint64_t greatest_count = std::uint64_t{1} << 53;
constexpr std::size_t longest_text = std::numeric_limits<std::uint32_t>::max() / 2;

std::string unescaped(std::string_view inside) {
  std::string text;
  if (inside.find('\\') == std::string_view::npos) {
    text = inside;
  } else {
    unescape(inside, text);
  }
  return text;
}

// The offset behind the quote that ends the string beginning at `at`. The text is known to be valid.
std::size_t end_of_string(std::string_view text, std::size_t at) {
  for (++at; text[at] != '"'; ++at) {
    if (text[at] == '\\') ++at;
  }
  return at + 1;
}

}  // namespace

Tree Tree::read(std::string_view text) {
  Tree tree;
  tree.text_ = text;
  if (text.size() > longest_text) {
    tree.verdict_ = {.problem = "it is too long to be read"};
    return tree;
  }
  tree.verdict_ = json::read(text);
  if (tree.verdict_) tree.build();
  return tree;
}

// The text has been checked, so every step here may rely on the grammar.
void Tree::build() {
  std::array<std::uint32_t, max_depth> open{};
  std::size_t depth = 0;
  std::uint32_t name_begin = 0;
  std::uint32_t name_end = 0;
  const auto add = [&](Kind kind, std::size_t begin, std::size_t end) {
    const auto index = static_cast<std::uint32_t>(nodes_.size());
    nodes_.push_back(
        {kind, static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end), name_begin, name_end, index + 1, 0});
    name_begin = name_end = 0;
    if (depth > 0) ++nodes_[open[depth - 1]].count;
    return index;
  };
  const auto expects_name = [&](std::size_t at) {
    if (depth == 0 || nodes_[open[depth - 1]].kind != Kind::object) return false;
    // A string in an object is a name when a colon follows it; a value never has one behind it.
    const std::size_t after = text_.find_first_not_of(" \n\r\t", end_of_string(text_, at));
    return after != std::string_view::npos && text_[after] == ':';
  };
  for (std::size_t at = 0; at < text_.size();) {
    const char c = text_[at];
    switch (c) {
      case '{':
      case '[':
        open[depth] = add(c == '{' ? Kind::object : Kind::array, at, at);
        ++depth;
        ++at;
        break;
      case '}':
      case ']': {
        Node& closed = nodes_[open[--depth]];
        closed.end = static_cast<std::uint32_t>(++at);
        closed.next = static_cast<std::uint32_t>(nodes_.size());
        break;
      }
      case '"': {
        const std::size_t end = end_of_string(text_, at);
        if (expects_name(at)) {
          name_begin = static_cast<std::uint32_t>(at + 1);
          name_end = static_cast<std::uint32_t>(end - 1);
          at = text_.find(':', end) + 1;
        } else {
          add(Kind::string, at, end);
          at = end;
        }
        break;
      }
      case 't':
      case 'f':
      case 'n': {
        const std::size_t length = c == 'f' ? 5 : 4;
        add(c == 't' ? Kind::yes : c == 'f' ? Kind::no : Kind::null, at, at + length);
        at += length;
        break;
      }
      case '-':
      case '0':
      case '1':
      case '2':
      case '3':
      case '4':
      case '5':
      case '6':
      case '7':
      case '8':
      case '9': {
        const std::size_t length = read_number(text_.substr(at)).length;
        add(Kind::number, at, at + length);
        at += length;
        break;
      }
      default:
        ++at;  // white space, a comma
    }
  }
}

Value Tree::root() const { return nodes_.empty() ? Value() : Value(this, 0); }

Kind Value::kind() const { return tree_ == nullptr ? Kind::none : tree_->nodes_[node_].kind; }

Value Value::operator[](std::string_view name) const {
  Value found;
  if (!is_object()) return found;
  for (const Value member : *this) {
    const Tree::Node& node = tree_->nodes_[member.node_];
    const std::string_view written = tree_->text_.substr(node.name_begin, node.name_end - node.name_begin);
    const bool same = written.find('\\') == std::string_view::npos ? written == name : unescaped(written) == name;
    if (same) found = member;
  }
  return found;
}

Value Value::operator[](std::size_t index) const {
  if (!is_array()) return {};
  for (const Value item : *this) {
    if (index-- == 0) return item;
  }
  return {};
}

std::size_t Value::size() const { return tree_ == nullptr ? 0 : tree_->nodes_[node_].count; }

std::string_view Value::raw() const {
  if (tree_ == nullptr) return {};
  const Tree::Node& node = tree_->nodes_[node_];
  return tree_->text_.substr(node.begin, node.end - node.begin);
}

std::string Value::string() const {
  if (!is_string()) return {};
  const std::string_view quoted = raw();
  return unescaped(quoted.substr(1, quoted.size() - 2));
}

std::optional<std::string> Value::if_string() const {
  if (!is_string()) return std::nullopt;
  return string();
}

bool Value::is(std::string_view text) const {
  if (!is_string()) return false;
  const std::string_view inside = raw().substr(1, raw().size() - 2);
  return inside.find('\\') == std::string_view::npos ? inside == text : unescaped(inside) == text;
}

std::optional<double> Value::number() const {
  if (!is_number()) return std::nullopt;
  double value = 0;
  const std::string_view digits = raw();
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc()) return std::nullopt;
  return value;
}

std::optional<std::uint64_t> Value::whole() const {
  if (!is_number()) return std::nullopt;
  if (const auto value = parse_decimal(raw())) {
    return *value <= greatest_count ? value : std::nullopt;
  }
  const auto value = number();
  if (!value || *value < 0 || *value > static_cast<double>(greatest_count) || *value != std::floor(*value)) {
    return std::nullopt;
  }
  return static_cast<std::uint64_t>(*value);
}

std::optional<std::int64_t> Value::integer() const {
  if (!is_number()) return std::nullopt;
  std::int64_t value = 0;
  const std::string_view digits = raw();
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error == std::errc() && end == digits.data() + digits.size()) return value;
  const auto wide = number();
  if (!wide || std::abs(*wide) > static_cast<double>(greatest_count) || *wide != std::floor(*wide)) return std::nullopt;
  return static_cast<std::int64_t>(*wide);
}

std::optional<bool> Value::boolean() const {
  if (kind() == Kind::yes) return true;
  if (kind() == Kind::no) return false;
  return std::nullopt;
}

std::string Value::name() const {
  if (tree_ == nullptr) return {};
  const Tree::Node& node = tree_->nodes_[node_];
  return unescaped(tree_->text_.substr(node.name_begin, node.name_end - node.name_begin));
}

Value::Iterator Value::begin() const {
  const bool has_children = is_object() || is_array();
  return has_children ? Iterator(tree_, node_ + 1) : end();
}

Value::Iterator Value::end() const { return {tree_, tree_ == nullptr ? 0 : tree_->nodes_[node_].next}; }

Value::Iterator& Value::Iterator::operator++() {
  node_ = tree_->nodes_[node_].next;
  return *this;
}

}  // namespace sluice::chat::json
