#include "chat/feature_reader.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>

#include <sluice/base/keyed_hash.hpp>
#include <sluice/base/text.hpp>

#include "chat/json_cursor.hpp"
#include "chat/json_tree.hpp"

namespace sluice::chat {
namespace {

using json::Kind;
using Words = std::span<const Word>;

constexpr std::size_t most_tags = 16;
constexpr std::size_t longest_tag = 256;  // bytes of its name, and of its value
constexpr std::size_t deepest = 32;       // parts in parts; conversations have four

// Marks of what a cache shall keep move from turn to turn, and are no part of what was said.
constexpr std::array<std::string_view, 3> cache_marks{"cache_control", "cachePoint", "prompt_cache_breakpoint"};

std::string meaning_of(std::string_view inside) {
  std::string text;
  if (inside.find('\\') == std::string_view::npos) {
    text = inside;
  } else if (json::check_escapes(inside).wrong == nullptr) {
    json::unescape(inside, text);
  }
  return text;
}

// As much of a text as a tag may have, in whole characters.
std::string cut(std::string text) {
  if (text.size() <= longest_tag) return text;
  std::size_t end = longest_tag;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  text.resize(end);
  return text;
}

// Whether it is something else than null, false, zero, "", [] and {}.
bool says_something(std::string_view value) {
  json::Cursor cursor(value);
  switch (cursor.kind()) {
    case Kind::string:
      return value.size() > 2;
    case Kind::object:
    case Kind::array:
      return cursor.enter() && cursor.next_item();
    default:
      return false;
  }
}

class FeatureReader {
 public:
  FeatureReader(const FeatureWords& words, std::string_view body, std::uint64_t hash_key)
      : words_(words), cursor_(body), instructions_(hash_key), said_(hash_key) {}

  Features read(bool has_opening) {
    has_opening_ = has_opening;
    if (cursor_.kind() == Kind::object) read_members(words_.members);
    if (has_opening && user_spoke_) {
      instructions_.add(said_.value());
      features_.opening = std::max<std::uint64_t>(instructions_.value(), 1);
    }
    add_end_user();
    return std::move(features_);
  }

 private:
  // Takes the value ahead, and notes it where it belongs to the beginning of the conversation.
  std::string_view take() {
    const std::string_view value = cursor_.skip();
    if (hash_ == nullptr || is_cache_mark_) return value;
    hash_->add(name_.size());
    hash_->add(name_);
    hash_->add(value.size());
    hash_->add(value);
    return value;
  }

  // The value ahead is an object.
  void read_members(Words words) {
    if (depth_ == deepest) {
      take();
      return;
    }
    cursor_.enter();
    ++depth_;
    while (cursor_.next_member()) {
      const Word* const word = find(words, cursor_.name());
      note_name(cursor_.name());
      if (word != nullptr) {
        read_value(*word, word->inside.empty() ? words : word->inside);
      } else {
        take();
      }
    }
    --depth_;
  }

  void note_name(std::string_view name) {
    if (hash_ == nullptr) return;
    name_ = name;
    is_cache_mark_ = std::find(cache_marks.begin(), cache_marks.end(), name) != cache_marks.end();
  }

  static const Word* find(Words words, std::string_view name) {
    const auto found = std::find_if(words.begin(), words.end(), [&](const Word& word) { return word.name == name; });
    return found == words.end() ? nullptr : &*found;
  }

  void read_value(const Word& word, Words inside) {
    switch (word.means) {
      case Means::text:
        return read_text(take());
      case Means::parts:
        return read_parts(inside, true);
      case Means::inside:
        return read_parts(inside, false);
      case Means::instructions:
        return read_instructions(inside);
      case Means::messages:
        return read_messages(inside);
      case Means::prompt:
        return read_prompt();
      case Means::blob:
        return read_blob(take());
      case Means::source:
        return read_source(take());
      case Means::tags:
        return read_tags(word.inside);
      default:
        return read_scalar(word, take());
    }
  }

  // What is known when the whole value is.
  void read_scalar(const Word& word, std::string_view value) {
    switch (word.means) {
      case Means::role:
        role_ = json::inside(value);
        break;
      case Means::kind:
        if (const Word* const kind = find(word.inside, json::inside(value))) count(kind->means, 1);
        break;
      case Means::images:
        count(Means::image, items_in(value));
        break;
      case Means::tools:
        features_.tools = features_.tools || says_something(value);
        features_.prompt_bytes += value.size();
        break;
      case Means::schema:
        if (value.starts_with('{')) take_schema(value);
        break;
      case Means::schema_text:
        if (value.starts_with('"') && says_something(value)) take_schema(json::inside(value));
        break;
      case Means::limit:
      case Means::better_limit:
        take_limit(value, word.means == Means::better_limit);
        break;
      case Means::user:
      case Means::other_user:
        take_user(value, word.means == Means::user);
        break;
      case Means::answer:
        if (value.starts_with('"')) features_.previous_response = meaning_of(json::inside(value));
        count(Means::bound, says_something(value) ? 1 : 0);
        break;
      default:
        count(word.means, says_something(value) ? 1 : 0);
    }
  }

  void count(Means means, std::uint32_t times) {
    if (means == Means::image) features_.images += times;
    if (means == Means::document) features_.documents += times;
    if (means == Means::audio) features_.audio += times;
    if (means == Means::bound && times > 0) features_.is_bound = true;
  }

  void read_text(std::string_view value) {
    if (value.starts_with('"')) {
      features_.prompt_bytes += json::meant_bytes(json::inside(value));
    } else if (value.starts_with('{')) {
      features_.prompt_bytes += value.size();
    } else if (value.starts_with('[')) {
      json::Cursor list(value);
      list.enter();
      while (list.next_item()) {
        const std::string_view item = list.skip();
        features_.prompt_bytes += item.starts_with('"') ? json::meant_bytes(json::inside(item))
                                  : item == "null"      ? 0
                                                        : item.size();
      }
    }
  }

  // `are_read`: what is no object is text.
  void read_parts(Words words, bool are_read) {
    if (cursor_.kind() == Kind::object) return read_members(words);
    if (cursor_.kind() != Kind::array) {
      const std::string_view value = take();
      if (are_read) read_text(value);
      return;
    }
    cursor_.enter();
    while (cursor_.next_item()) {
      note_name({});
      if (cursor_.kind() == Kind::object) {
        read_members(words);
      } else if (const std::string_view value = take(); are_read) {
        read_text(value);
      }
    }
  }

  void read_instructions(Words words) {
    begin_hashing(has_opening_ ? &instructions_ : nullptr);
    read_parts(words, true);
    begin_hashing(nullptr);
  }

  void read_messages(Words words) {
    const bool is_list = cursor_.kind() == Kind::array;
    if (is_list) cursor_.enter();
    while (!is_list || cursor_.next_item()) {
      begin_hashing(has_opening_ && !user_spoke_ ? &said_ : nullptr);
      const bool is_object = cursor_.kind() == Kind::object;
      role_ = {};
      read_parts(words, true);
      // A text without more around it is the user's.
      const bool is_users = !is_object || role_ == "user" || (role_.empty() && words_.absent_role_is_user);
      user_spoke_ = user_spoke_ || is_users || equals_ignoring_case(role_, "user");
      if (!is_list) break;
    }
    begin_hashing(nullptr);
  }

  void read_prompt() {
    begin_hashing(has_opening_ && !user_spoke_ ? &said_ : nullptr);
    read_text(take());
    user_spoke_ = true;
    begin_hashing(nullptr);
  }

  void begin_hashing(KeyedHash* hash) {
    hash_ = hash;
    name_ = {};
    is_cache_mark_ = false;
  }

  // {"mimeType", "data"} or a file's address.
  void read_blob(std::string_view value) {
    json::Cursor blob(value);
    std::string_view type;
    if (!value.starts_with('{') || !blob.enter()) return;
    while (blob.next_member()) {
      const bool is_type = blob.name() == "mimeType" || blob.name() == "mime_type";
      const std::string_view member = blob.skip();
      if (is_type) type = json::inside(member);
    }
    count(type.starts_with("image/") ? Means::image : type.starts_with("audio/") ? Means::audio : Means::document, 1);
  }

  // {"type":"text","data"} has words; {"type":"content","content"} parts, which may be pictures too.
  void read_source(std::string_view value) {
    json::Cursor source(value);
    std::string_view data;
    bool is_text = false;
    if (!value.starts_with('{') || !source.enter()) return;
    while (source.next_member()) {
      const bool is_type = source.name() == "type";
      const bool is_data = source.name() == "data" || source.name() == "content";
      const std::string_view member = source.skip();
      if (is_type) is_text = json::inside(member) == "text" || json::inside(member) == "content";
      if (is_data) data = member;
    }
    if (is_text) read_text(data);
  }

  static std::uint32_t items_in(std::string_view value) {
    json::Cursor list(value);
    std::uint32_t items = 0;
    if (!value.starts_with('[') || !list.enter()) return 0;
    for (; list.next_item(); list.skip()) ++items;
    return items;
  }

  void take_schema(std::string_view schema) {
    features_.json_schema = true;
    features_.prompt_bytes += schema.size();
  }

  void take_limit(std::string_view value, bool is_better) {
    if (has_better_limit_ && !is_better) return;
    auto limit = parse_decimal(value);
    // Other spellings of whole numbers are rare.
    if (!limit && !value.empty() && value.size() <= json::max_number) limit = json::Tree::read(value).root().whole();
    if (!limit) return;
    features_.max_tokens = limit;
    has_better_limit_ = is_better;
  }

  void take_user(std::string_view value, bool is_better) {
    if (!value.starts_with('"') || value.size() == 2 || (has_better_user_ && !is_better)) return;
    user_ = cut(meaning_of(json::inside(value)));
    has_better_user_ = is_better;
  }

  void read_tags(Words known) {
    if (!cursor_.enter()) return;
    while (cursor_.next_member()) {
      const Word* const word = find(known, cursor_.name());
      std::string name = word == nullptr ? cut(std::string(cursor_.name())) : std::string();
      const std::string_view value = cursor_.skip();
      if (word != nullptr) {
        read_scalar(*word, value);
      } else if (value.starts_with('"') && features_.tags.size() < most_tags) {
        features_.tags.push_back({std::move(name), cut(meaning_of(json::inside(value)))});
      }
    }
  }

  // The end user is the tag of that name, whatever the metadata say, and has room.
  void add_end_user() {
    if (user_.empty()) return;
    auto& tags = features_.tags;
    std::erase_if(tags, [](const Features::Tag& tag) { return tag.name == "user"; });
    if (tags.size() == most_tags) tags.pop_back();
    tags.push_back({"user", std::move(user_)});
  }

  const FeatureWords& words_;
  json::Cursor cursor_;
  Features features_{};
  std::size_t depth_ = 0;

  std::string_view role_{};  // of the message that is being read
  std::string user_{};
  bool has_better_user_ = false;
  bool has_better_limit_ = false;

  KeyedHash instructions_;
  KeyedHash said_;
  KeyedHash* hash_ = nullptr;  // where what is being read belongs, if it is part of the beginning
  std::string_view name_{};    // of the member that is being hashed
  bool is_cache_mark_ = false;
  bool has_opening_ = false;
  bool user_spoke_ = false;
};

}  // namespace

Features read_features(const FeatureWords& words, const Asked& asked, std::string_view body, std::uint64_t hash_key) {
  if (is_form(asked.task)) {
    Features features;
    features.audio = 1;
    return features;
  }
  const bool has_opening = asked.task == Task::chat || asked.task == Task::completion;
  return FeatureReader(words, body, hash_key).read(has_opening);
}

}  // namespace sluice::chat
