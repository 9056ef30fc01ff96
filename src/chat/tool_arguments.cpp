#include "chat/tool_arguments.hpp"

#include <algorithm>
#include <cctype>

#include "chat/json_tree.hpp"
#include "chat/json_writer.hpp"

namespace sluice::chat {

std::string arguments_object(std::string_view text, bool is_json) {
  if (text.find_first_not_of(json::white_space) == std::string_view::npos) return "{}";
  if (is_json) {
    const json::Tree tree = json::Tree::read(text);
    if (tree.root().is_object()) return std::string(tree.root().raw());
  }
  std::string wrapped;
  json::Writer(wrapped).open_object().member("_raw", text).close_object();
  return wrapped;
}

std::string minted_id(std::string_view answer_id, std::size_t number) {
  constexpr std::size_t longest = 26;
  const bool plain = std::all_of(answer_id.begin(), answer_id.end(),
                                 [](unsigned char c) { return std::isalnum(c) != 0 || c == '_' || c == '-'; });
  std::string id = "call_";
  if (plain && !answer_id.empty()) (id += answer_id.substr(0, longest)) += '_';
  return id += std::to_string(number);
}

}  // namespace sluice::chat
