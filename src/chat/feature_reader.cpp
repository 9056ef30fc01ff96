#include "chat/feature_reader.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include <sluice/base/text.hpp>

#include "chat/feature_tags.hpp"
#include "chat/json_cursor.hpp"
#include "chat/json_tree.hpp"
#include "chat/opening.hpp"

namespace sluice::chat {
namespace {

using json::Kind;
using Words = std::span<const Word>;

constexpr std::size_t deepest = 32;  // parts in parts; conversations have four

class FeatureReader {
 public:
  FeatureReader(const FeatureWords& words, std::string_view body, Opening opening)
      : words_(words), cursor_(body), opening_(opening) {}

  Features read() {
    if (cursor_.kind() == Kind::object) read_members(words_.members);
    features_.opening = opening_.value();
    features_.tags = tags_.take();
    return std::move(features_);
  }

 private:
  // Takes the value ahead, which belongs to the beginning of the conversation while that is being read.
  std::string_view take() {
    const std::string_view value = cursor_.skip();
    opening_.note_value(value);
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
      opening_.note_name(cursor_.name());
      if (word != nullptr) {
        read_value(*word, word->inside.empty() ? words : word->inside);
      } else {
        take();
      }
    }
    --depth_;
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
        if (const Word* const kind = find(word.inside, meaning_of(value))) count(kind->means, 1);
        break;
      case Means::images:
        count(Means::image, json::items_in(value));
        break;
      case Means::tools:
        features_.tools = features_.tools || json::says_something(value);
        features_.prompt_bytes += value.size();
        break;
      case Means::schema:
        if (value.starts_with('{')) take_schema(value);
        break;
      case Means::schema_text:
        if (value.starts_with('"') && json::says_something(value)) take_schema(json::inside(value));
        break;
      case Means::limit:
      case Means::better_limit:
        take_limit(value, word.means == Means::better_limit);
        break;
      case Means::choices:
        take_choices(value);
        break;
      case Means::user:
      case Means::other_user:
        tags_.add_user(value, word.means == Means::user);
        break;
      case Means::answer:
        features_.previous_response = meaning_of(value);
        count(Means::sealed, json::says_something(value) ? 1 : 0);
        break;
      default:
        count(word.means, json::says_something(value) ? 1 : 0);
    }
  }

  void count(Means means, std::uint32_t times) {
    if (means == Means::image) features_.images += times;
    if (means == Means::document) features_.documents += times;
    if (means == Means::audio) features_.audio += times;
    if ((means == Means::bound || means == Means::sealed) && times > 0) features_.is_bound = true;
    if (means == Means::sealed && times > 0) features_.is_sealed = true;
  }

  // Of prompts that are numbers of tokens the digits count: about four bytes each, as in text.
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
      opening_.note_name({});
      if (cursor_.kind() == Kind::object) {
        read_members(words);
      } else if (const std::string_view value = take(); are_read) {
        read_text(value);
      }
    }
  }

  void read_instructions(Words words) {
    opening_.enter_instructions();
    ++features_.messages;
    read_parts(words, true);
    opening_.leave();
  }

  void read_messages(Words words) {
    const bool is_list = cursor_.kind() == Kind::array;
    if (is_list) cursor_.enter();
    while (!is_list || cursor_.next_item()) {
      opening_.enter_message();
      ++features_.messages;
      const bool is_object = cursor_.kind() == Kind::object;
      role_ = {};
      read_parts(words, true);
      // A text without more around it is the user's. To some servers case does not matter.
      const bool is_users = role_.empty() ? words_.absent_role_is_user : equals_ignoring_case(role_, "user");
      if (!is_object || is_users) opening_.note_user();
      if (!is_list) break;
    }
    opening_.leave();
  }

  void read_prompt() {
    opening_.enter_message();
    ++features_.messages;
    read_text(take());
    opening_.note_user();
    opening_.leave();
  }

  // {"mimeType", "data"} or a file's address.
  void read_blob(std::string_view value) {
    json::Cursor blob(value);
    std::string type;
    if (!value.starts_with('{') || !blob.enter()) return;
    while (blob.next_member()) {
      const bool is_type = blob.name() == "mimeType" || blob.name() == "mime_type";
      const std::string_view member = blob.skip();
      if (is_type) type = meaning_of(member);
    }
    // Media types know no case (RFC 9110 §8.3.1).
    const auto is_of = [&type](std::string_view family) {
      return equals_ignoring_case(std::string_view(type).substr(0, family.size()), family);
    };
    count(is_of("image/") ? Means::image : is_of("audio/") ? Means::audio : Means::document, 1);
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
      if (is_type) is_text = meaning_of(member) == "text" || meaning_of(member) == "content";
      if (is_data) data = member;
    }
    if (is_text) read_text(data);
  }

  void take_schema(std::string_view schema) {
    features_.json_schema = true;
    features_.prompt_bytes += schema.size();
  }

  static std::optional<std::uint64_t> whole_number(std::string_view value) {
    const auto number = parse_decimal(value);
    // Other spellings of whole numbers are rare.
    if (number || value.empty() || value.size() > json::max_number) return number;
    return json::Tree::read(value).root().whole();
  }

  void take_limit(std::string_view value, bool is_better) {
    const auto limit = whole_number(value);
    if (value != "null") features_.most_tokens = std::max(features_.most_tokens, limit.value_or(UINT32_MAX));
    if (!limit || (has_better_limit_ && !is_better)) return;
    features_.max_tokens = limit;
    has_better_limit_ = is_better;
  }

  void take_choices(std::string_view value) {
    constexpr std::uint64_t most = 1024;
    if (value == "null") return;
    const std::uint64_t choices = whole_number(value).value_or(most);
    features_.choices = std::max(features_.choices, static_cast<std::uint32_t>(std::min(choices, most)));
  }

  void read_tags(Words known) {
    if (!cursor_.enter()) return;
    while (cursor_.next_member()) {
      const Word* const word = find(known, cursor_.name());
      std::string name = word == nullptr ? std::string(cursor_.name()) : std::string();
      const std::string_view value = cursor_.skip();
      word == nullptr ? tags_.add(std::move(name), value) : read_scalar(*word, value);
    }
  }

  const FeatureWords& words_;
  json::Cursor cursor_;
  Features features_{};
  std::size_t depth_ = 0;

  std::string_view role_{};  // of the message that is being read
  Opening opening_;
  FeatureTags tags_{};
  bool has_better_limit_ = false;
};

}  // namespace

Features read_features(const FeatureWords& words, const Asked& asked, std::string_view body, std::uint64_t hash_key) {
  if (is_form(asked.task)) {
    Features features;
    features.audio = 1;
    return features;
  }
  const bool has_opening = asked.task == Task::chat || asked.task == Task::completion;
  return FeatureReader(words, body, Opening(hash_key, has_opening)).read();
}

}  // namespace sluice::chat
