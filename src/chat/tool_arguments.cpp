#include "chat/tool_arguments.hpp"

#include "chat/json_tree.hpp"
#include "chat/json_writer.hpp"

namespace sluice::chat {

std::string arguments_object(std::string_view text, bool is_json) {
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) return "{}";
  if (is_json) {
    const json::Tree tree = json::Tree::read(text);
    if (tree.root().is_object()) return std::string(tree.root().raw());
  }
  std::string wrapped;
  json::Writer(wrapped).open_object().member("_raw", text).close_object();
  return wrapped;
}

}  // namespace sluice::chat
