#include "chat/json_walk.hpp"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <memory>
#include <sluice/base/text.hpp>

namespace sluice::chat::json {
namespace {

constexpr std::size_t least_capacity = std::size_t{16} << 10;
constexpr std::size_t kept_capacity = std::size_t{4} << 20;

// The first of simdjson's two stages: it validates UTF-8 and control characters in strings, and finds the
// offset of every bracket, brace, colon, comma and first byte of a scalar outside of strings. The second stage
// would build a tape of the whole document, four times as dear as what is needed here.
class StructureFinder {
 public:
  // The offsets, valid until the next call on this object; or why there are none.
  simdjson::error_code find(std::string_view text, std::span<const std::uint32_t>& offsets) {
    if (const auto error = provide(text.size())) return error;
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
    if (const auto error = stages_->stage1(bytes, text.size(), simdjson::stage1_mode::regular)) return error;
    offsets = {stages_->structural_indexes.get(), stages_->n_structural_indexes};
    return simdjson::SUCCESS;
  }

  // Keeps one long text from holding its memory for as long as the thread lives.
  void give_back() {
    if (stages_ && stages_->capacity() > kept_capacity) stages_.reset();
  }

 private:
  simdjson::error_code provide(std::size_t bytes) {
    if (stages_ && stages_->capacity() >= bytes) return simdjson::SUCCESS;
    if (bytes > simdjson::SIMDJSON_MAXSIZE_BYTES) return simdjson::CAPACITY;
    const std::size_t capacity =
        std::min(std::max(std::bit_ceil(bytes), least_capacity), simdjson::SIMDJSON_MAXSIZE_BYTES);
    if (stages_) return stages_->allocate(capacity, max_depth);
    return simdjson::get_active_implementation()->create_dom_parser_implementation(capacity, max_depth, stages_);
  }

  std::unique_ptr<simdjson::internal::dom_parser_implementation> stages_;
};

// Whether a reader that folds case would take one for the other. Two letters outside ASCII fold into it: the long s
// (U+017F) and the Kelvin sign (U+212A).
bool differs_only_in_case(std::string_view name, std::string_view wanted) {
  for (const char letter : wanted) {
    std::size_t taken = 1;
    if (name.starts_with("\xC5\xBF") && letter == 's') {
      taken = 2;
    } else if (name.starts_with("\xE2\x84\xAA") && letter == 'k') {
      taken = 3;
    } else if (name.empty() || !equals_ignoring_case(name.substr(0, 1), std::string_view(&letter, 1))) {
      return false;
    }
    name.remove_prefix(taken);
  }
  return name.empty();
}

// Checks the grammar along the offsets of the structure, without recursion, and notes the wanted members.
class Walk {
 public:
  Walk(std::string_view text, std::span<const std::uint32_t> offsets, bool has_escapes, std::span<Member> wanted)
      : text_(text),
        bytes_(text.data()),
        next_(offsets.data()),
        end_(offsets.data() + offsets.size()),
        has_escapes_(has_escapes),
        wanted_(wanted) {}

  Verdict run() {
    Step step = Step::value;
    while (step != Step::done) step = step == Step::value ? take_value() : take_key();
    verdict_.root = root_.kind;
    verdict_.value = root_.value;
    return verdict_;
  }

 private:
  enum class Step : std::uint8_t { value, key, done };

  struct Level {
    std::uint32_t members;
    bool is_object;
  };

  std::size_t here() const { return next_ == end_ ? text_.size() : *next_; }
  bool next_is(char c) const { return next_ != end_ && bytes_[*next_] == c; }

  Step fail(std::string_view problem, std::size_t at) {
    verdict_.problem = problem;
    verdict_.at = at;
    return Step::done;
  }

  // Where the value that is being read is noted, if anybody wants to know.
  Member* slot() {
    if (depth_ > 1) return nullptr;
    return depth_ == 0 ? &root_ : current_;
  }

  void note_begin(Kind kind, std::size_t at) {
    if (Member* const member = slot()) {
      member->kind = kind;
      member->empty = false;
      member->value.begin = at;
    }
  }

  void note_end(std::size_t at) {
    if (Member* const member = slot()) member->value.end = at;
  }

  Step take_value() {
    if (next_ == end_) return fail("a value is missing", text_.size());
    const std::size_t at = *next_++;
    switch (bytes_[at]) {
      case '"':
        return take_string(at);
      case '{':
        return open(Kind::object, at);
      case '[':
        return open(Kind::array, at);
      case 't':
        return take_literal("true", Kind::yes, at);
      case 'f':
        return take_literal("false", Kind::no, at);
      case 'n':
        return take_literal("null", Kind::null, at);
      default:
        return take_number(at);
    }
  }

  // The end of the string that began before next_, closing quote included. Only white space can lie between that
  // quote and the next offset, and the first stage has seen to it that there is a closing quote.
  std::size_t string_end(std::size_t begin) const {
    std::size_t end = here();
    while (end > begin + 2 && is_space(bytes_[end - 1])) --end;
    return end;
  }

  Step take_string(std::size_t at) {
    if (slot() != nullptr) {
      note_begin(Kind::string, at);
      note_end(string_end(at));
    }
    return take_separator();
  }

  Step take_literal(std::string_view literal, Kind kind, std::size_t at) {
    const std::size_t end = at + literal.size();
    if (text_.compare(at, literal.size(), literal) != 0 || (end < text_.size() && !ends_scalar(text_[end]))) {
      return fail("there is an unknown word", at);
    }
    note_begin(kind, at);
    note_end(end);
    return take_separator();
  }

  Step take_number(std::size_t at) {
    const Number number = read_number(text_.substr(at));
    if (number.length == 0) return fail(number.problem, at);
    note_begin(Kind::number, at);
    note_end(at + number.length);
    return take_separator();
  }

  Step open(Kind kind, std::size_t at) {
    if (depth_ == max_depth) return fail("it is nested too deeply", at);
    note_begin(kind, at);
    const bool is_object = kind == Kind::object;
    if (next_is(is_object ? '}' : ']')) {
      if (Member* const member = slot()) member->empty = true;
      note_end(*next_++ + std::size_t{1});
      return take_separator();
    }
    levels_[depth_++] = {0, is_object};
    return is_object ? Step::key : Step::value;
  }

  Step take_key() {
    if (!next_is('"')) return fail("the name of a member is missing", here());
    if (++levels_[depth_ - 1].members > max_members) return fail("an object has too many members", here());
    const std::size_t at = *next_++;
    if (!next_is(':')) return fail("a colon is missing", here());
    if (depth_ == 1) current_ = wanted_.empty() ? nullptr : find_wanted(at);
    ++next_;
    return take_value();
  }

  // What follows a value: closing brackets, then a comma or the end.
  Step take_separator() {
    while (depth_ != 0) {
      if (next_ == end_) return fail("it ends too early", text_.size());
      const bool is_object = levels_[depth_ - 1].is_object;
      const std::size_t at = *next_++;
      const char c = bytes_[at];
      if (c == ',') return is_object ? Step::key : Step::value;
      if (c != (is_object ? '}' : ']')) return fail("a comma or a closing bracket is missing", at);
      --depth_;
      note_end(at + 1);
    }
    return next_ == end_ ? Step::done : fail("something follows its end", here());
  }

  Member* find_wanted(std::size_t at) {
    std::string_view name = text_.substr(at + 1, string_end(at) - at - 2);
    std::string unescaped;
    if (has_escapes_ && name.find('\\') != std::string_view::npos) {
      unescape(name, unescaped);
      name = unescaped;
    }
    for (Member& member : wanted_) {
      // Lengths first: they tell most names apart.
      if (member.is_prefix ? !name.starts_with(member.name) : member.name.size() != name.size()) continue;
      if (!member.is_prefix && std::memcmp(member.name.data(), name.data(), name.size()) != 0) continue;
      member.repeated = member.kind != Kind::none;
      return &member;
    }
    for (Member& member : wanted_) member.other_case = member.other_case || differs_only_in_case(name, member.name);
    return nullptr;
  }

  std::string_view text_;
  const char* bytes_;  // of text_, whose own operator checks bounds that the first stage keeps
  const std::uint32_t* next_;
  const std::uint32_t* end_;
  bool has_escapes_;
  std::span<Member> wanted_;
  Member root_;
  Member* current_ = nullptr;
  Verdict verdict_;
  std::size_t depth_ = 0;
  std::array<Level, max_depth> levels_;  // only those below depth_ mean something
};

std::string_view problem_of(simdjson::error_code error) {
  switch (error) {
    case simdjson::EMPTY:
      return "it is empty";
    case simdjson::UTF8_ERROR:
      return "it is not UTF-8";
    case simdjson::UNCLOSED_STRING:
      return "a string does not end";
    case simdjson::UNESCAPED_CHARS:
      return "a string has a control character";
    case simdjson::CAPACITY:
    case simdjson::MEMALLOC:
      return "it is too long to be read";
    default:
      return "it cannot be read";
  }
}

}  // namespace

Verdict read(std::string_view text, std::span<Member> wanted) {
  if (text.empty()) return {.problem = problem_of(simdjson::EMPTY)};
  if (text.starts_with("\xEF\xBB\xBF")) return {.problem = "it begins with a byte order mark"};
  thread_local StructureFinder finder;
  std::span<const std::uint32_t> offsets;
  if (const auto error = finder.find(text, offsets)) {
    finder.give_back();
    return {.problem = problem_of(error)};
  }
  const Escapes escapes = check_escapes(text);
  Verdict verdict;
  if (escapes.wrong != nullptr) {
    verdict = {.problem = "an escape is wrong", .at = static_cast<std::size_t>(escapes.wrong - text.data())};
  } else {
    verdict = Walk(text, offsets, escapes.any, wanted).run();
  }
  finder.give_back();
  return verdict;
}

std::optional<std::string_view> string_of(const Member& member, std::string_view text, std::string& scratch) {
  if (member.kind != Kind::string) return std::nullopt;
  const std::string_view quoted = value_of(member, text);
  const std::string_view inside = quoted.substr(1, quoted.size() - 2);
  if (inside.find('\\') == std::string_view::npos) return inside;
  scratch.clear();
  unescape(inside, scratch);
  return scratch;
}

bool mentions(std::string_view text, std::string_view part) {
  return !text.empty() && memmem(text.data(), text.size(), part.data(), part.size()) != nullptr;
}

std::size_t value_begin(std::string_view data, std::size_t after_name) {
  std::size_t at = data.find_first_not_of(white_space, after_name);
  if (at == std::string_view::npos || data[at] != ':') return data.size();
  at = data.find_first_not_of(white_space, at + 1);
  return at == std::string_view::npos ? data.size() : at;
}

std::size_t find_quoted(std::string_view data, std::string_view quoted, std::size_t from) {
  const void* const found = memmem(data.data() + from, data.size() - from, quoted.data(), quoted.size());
  if (found == nullptr) return std::string_view::npos;
  return static_cast<std::size_t>(static_cast<const char*>(found) - data.data());
}

bool may_have_error(std::string_view data) {
  constexpr std::string_view name = R"("error")";
  for (std::size_t at = find_quoted(data, name, 0); at != std::string_view::npos;
       at = find_quoted(data, name, at + name.size())) {
    const std::size_t value = value_begin(data, at + name.size());
    if (value < data.size()) {
      if (data[value] == '{' || (data[value] == '"' && !data.substr(value).starts_with(R"("")"))) return true;
      continue;
    }
    const std::size_t before = data.find_last_not_of(white_space, at == 0 ? 0 : at - 1);
    if (before != std::string_view::npos && data[before] == ':' &&
        trimmed(data.substr(0, before)).ends_with(R"("object")")) {
      return true;
    }
  }
  return false;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

std::string on_one_line(std::string_view json) {
  std::string line(json);
  std::replace_if(
      line.begin(), line.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
  return line;
}

}  // namespace sluice::chat::json

namespace sluice::chat {

namespace {

// The offset of the quote that ends the string begun at `at`, or npos.
std::size_t closing_quote(std::string_view json, std::size_t at) {
  for (at = json.find('"', at + 1); at != std::string_view::npos; at = json.find('"', at + 1)) {
    std::size_t slashes = 0;
    while (json[at - 1 - slashes] == '\\') ++slashes;
    if (slashes % 2 == 0) return at;
  }
  return at;
}

}  // namespace

bool is_json(std::string_view body) { return static_cast<bool>(json::read(body)); }

bool may_be_failure(std::string_view body) {
  const std::string_view text = json::trimmed(body);
  return text.starts_with('{') || text.starts_with('[') ? json::may_have_error(text) : !is_json(text);
}

// Every value but the outermost stands behind a bracket or a comma.
std::size_t count_values(std::string_view json, std::size_t most) {
  std::size_t values = 1;
  for (std::size_t at = 0; at < json.size() && values < most; ++at) {
    const char c = json[at];
    if (c == '"') {
      at = closing_quote(json, at);
      if (at == std::string_view::npos) break;
    } else if (c == ',' || c == '[' || c == '{') {
      ++values;
    }
  }
  return values;
}

}  // namespace sluice::chat
