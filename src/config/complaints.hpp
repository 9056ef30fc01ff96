#pragma once

#include <compare>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/config/load.hpp>

namespace sluice::config {

// A place in the text; both count from 1, columns in characters.
struct Position {
  int line = 1;
  int column = 1;
  auto operator<=>(const Position&) const = default;
};

// Collects what is wrong. Of errors and of warnings a thousand each are kept; what goes beyond is told as one
// more complaint of the same weight, so that nothing wrong is ever passed over.
class Complaints {
 public:
  void error(Position at, std::string path, std::string what, std::string remedy);
  void warning(Position at, std::string path, std::string what, std::string remedy);

  // All of them in the order of the text; what was said of one place stays in the order it was said.
  std::vector<Complaint> in_order() &&;

 private:
  void add(std::size_t& count, Complaint complaint);

  std::vector<Complaint> list_;
  std::size_t errors_ = 0;
  std::size_t warnings_ = 0;
};

// `text` in quotes for a message: control characters escaped, and cut when it is long.
std::string in_quotes(std::string_view text);

// The path of a member ("server" + "listen") and of an item ("targets" + 2).
std::string member_path(std::string_view parent, std::string_view key);
std::string item_path(std::string_view parent, std::size_t index);

// "a, b, c"
template <class Names>
std::string listed(const Names& names) {
  std::string out;
  for (const auto& name : names) {
    if (!out.empty()) out += ", ";
    out += name;
  }
  return out;
}

}  // namespace sluice::config
