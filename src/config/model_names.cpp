#include <algorithm>

#include "config/model_table.hpp"

namespace sluice::config {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool all_digits(std::string_view text) { return !text.empty() && std::all_of(text.begin(), text.end(), is_digit); }

// Whether text and pattern are alike, in which `0` stands for any digit.
bool looks_like(std::string_view text, std::string_view pattern) {
  return std::equal(text.begin(), text.end(), pattern.begin(), pattern.end(),
                    [](char c, char like) { return like == '0' ? is_digit(c) : c == like; });
}

// "eu." and the like in front of a name that has another dot.
std::string_view without_region(std::string_view name) {
  const std::size_t dot = name.find('.');
  if (dot == std::string_view::npos || dot < 2 || dot > 8) return name;
  const std::string_view region = name.substr(0, dot);
  const bool is_plain = region.find_first_not_of("abcdefghijklmnopqrstuvwxyz-") == std::string_view::npos;
  const bool has_more = name.find('.', dot + 1) != std::string_view::npos;
  return is_plain && has_more ? name.substr(dot + 1) : name;
}

// "-v1:0" or "-v2"
std::string_view without_number(std::string_view name) {
  const std::size_t mark = name.rfind("-v");
  if (mark == std::string_view::npos) return name;
  const std::string_view version = name.substr(mark + 2);
  const std::size_t colon = version.find(':');
  const bool is_version = all_digits(version.substr(0, colon)) &&
                          (colon == std::string_view::npos || all_digits(version.substr(colon + 1)));
  return is_version ? name.substr(0, mark) : name;
}

// One version less, of however many stand behind the name.
std::string_view without_version(std::string_view name) {
  const std::size_t at = name.find('@');
  if (at != std::string_view::npos && at > 0) return name.substr(0, at);
  for (const std::string_view pattern : {"-latest", "-00000000", "-0000-00-00"}) {
    if (name.size() <= pattern.size()) continue;
    if (looks_like(name.substr(name.size() - pattern.size()), pattern))
      return name.substr(0, name.size() - pattern.size());
  }
  return without_number(name);
}

void add_once(std::vector<std::string_view>& names, std::string_view name) {
  if (!name.empty() && std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
}

}  // namespace

std::vector<std::string_view> names_of_model(std::string_view model) {
  constexpr int most_prefixes = 4;  // callers' names may be anything
  std::vector<std::string_view> names;
  std::string_view rest = model;
  for (int prefixes = 0; prefixes <= most_prefixes; ++prefixes) {
    add_once(names, rest);
    add_once(names, without_region(rest));
    const std::size_t slash = rest.find('/');
    if (slash == std::string_view::npos) break;
    rest.remove_prefix(slash + 1);
  }
  // What is added here is looked at in its turn.
  for (std::size_t i = 0; i < names.size(); ++i) add_once(names, without_version(names[i]));
  return names;
}

}  // namespace sluice::config
