#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/chat/features.hpp>

namespace sluice::chat {

// The tags of a request (Features::tags), few and short whatever it has.
class FeatureTags {
 public:
  // A member of the metadata; `quoted` as it stands in the text. What is no string is none.
  void add(std::string name, std::string_view quoted);
  // The end user. Of two names the better one counts.
  void add_user(std::string_view quoted, bool is_better);

  // The end user is the tag of that name, whatever the metadata say, and has room.
  std::vector<Features::Tag> take();

 private:
  std::vector<Features::Tag> tags_{};
  std::string user_{};
  bool has_better_user_ = false;
};

// What a string says, as it stands in the text with its quotes; empty when it is none.
std::string meaning_of(std::string_view quoted);

}  // namespace sluice::chat
