#include "config/lists.hpp"

#include <algorithm>
#include <utility>

#include <sluice/base/text.hpp>
#include <sluice/config/config.hpp>

namespace sluice::config {
namespace {

constexpr std::size_t longest_suggested = 64;  // edit distance is quadratic

bool is_word(std::string_view text) {
  return text.size() <= 64 && text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos;
}

}  // namespace

std::vector<Value> one_or_more(const Value& value) {
  if (!value.written()) return {};
  if (value.shape() == Shape::scalar) return {value};
  if (value.shape() == Shape::mapping) {
    value.wrong("a value or a list of them belongs here, not a mapping", "write a, or [a, b]");
    return {};
  }
  auto items = value.items();
  if (items.empty()) value.wrong("has no value", "write one or more, or remove the key");
  return items;
}

std::vector<std::string> read_texts(const Value& value) {
  std::vector<std::string> out;
  for (const Value& item : one_or_more(value)) {
    std::string text;
    read_text(item, text);
    if (!text.empty()) out.push_back(std::move(text));
  }
  return out;
}

std::vector<std::string> read_endpoints(const Value& value) {
  std::vector<std::string> out;
  for (const Value& item : one_or_more(value)) {
    std::string name;
    read_choice(item, Names(endpoint_names().begin(), endpoint_names().end()), name);
    if (!name.empty()) out.push_back(std::move(name));
  }
  return out;
}

void read_word(const Value& value, std::string& out) {
  std::string word;
  read_text(value, word);
  if (!is_word(word)) return value.wrong("no usable word", "up to 64 small letters, digits and dashes");
  if (!word.empty()) out = std::move(word);
}

bool check_reference(const Value& value, std::string_view name, const Register& known) {
  if (std::find(known.names.begin(), known.names.end(), name) != known.names.end()) return true;
  const auto near = name.size() <= longest_suggested ? nearest_name(name, known.names) : std::nullopt;
  value.wrong("no " + std::string(known.what) + " is called " + in_quotes(value.raw()),
              near ? "did you mean \"" + std::string(*near) + "\"?" : "add it to " + std::string(known.section));
  return false;
}

std::vector<std::string> read_references(const Value& value, const Register& known) {
  std::vector<std::string> out;
  for (const Value& item : one_or_more(value)) {
    std::string name;
    read_text(item, name);
    if (name.empty()) continue;
    check_reference(item, name, known);
    out.push_back(std::move(name));
  }
  return out;
}

}  // namespace sluice::config
