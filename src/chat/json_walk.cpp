#include "chat/json_walk.hpp"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstring>
#include <limits>
#include <memory>
#include <system_error>

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

constexpr int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// The four hexadecimal digits at `at`, or -1.
int hex_quad(const char* at, const char* end) {
  if (end - at < 4) return -1;
  int unit = 0;
  for (int i = 0; i < 4; ++i) {
    const int digit = hex_value(at[i]);
    if (digit < 0) return -1;
    unit = unit * 16 + digit;
  }
  return unit;
}

constexpr bool is_high_surrogate(int unit) { return unit >= 0xD800 && unit < 0xDC00; }
constexpr bool is_low_surrogate(int unit) { return unit >= 0xDC00 && unit < 0xE000; }

// The byte after the escape that begins at `at` with a backslash, or null if it is none (RFC 8259 §7).
const char* after_escape(const char* at, const char* end) {
  if (end - at < 2) return nullptr;
  switch (at[1]) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
      return at + 2;
    case 'u':
      break;
    default:
      return nullptr;
  }
  const int unit = hex_quad(at + 2, end);
  if (unit < 0 || is_low_surrogate(unit)) return nullptr;
  if (!is_high_surrogate(unit)) return at + 6;
  const char* second = at + 6;
  if (end - second < 6 || second[0] != '\\' || second[1] != 'u') return nullptr;
  return is_low_surrogate(hex_quad(second + 2, end)) ? at + 12 : nullptr;
}

// What is known of all backslashes of a text. One outside a string is not judged: the walk refuses it.
struct Escapes {
  bool any = false;
  const char* wrong = nullptr;
};

// The characters that may follow a backslash, but for `u`.
constexpr std::array<bool, 256> simple_escapes = [] {
  std::array<bool, 256> simple{};
  for (const unsigned char c : {'"', '\\', '/', 'b', 'f', 'n', 'r', 't'}) simple[c] = true;
  return simple;
}();

Escapes check_escapes(std::string_view text) {
  const char* const end = text.data() + text.size();
  const auto* at = static_cast<const char*>(std::memchr(text.data(), '\\', text.size()));
  Escapes escapes{at != nullptr, nullptr};
  while (at != nullptr) {
    const char* after =
        end - at > 1 && simple_escapes[static_cast<unsigned char>(at[1])] ? at + 2 : after_escape(at, end);
    if (after == nullptr) {
      escapes.wrong = at;
      return escapes;
    }
    at = static_cast<const char*>(std::memchr(after, '\\', static_cast<std::size_t>(end - after)));
  }
  return escapes;
}

void append_utf8(std::string& out, int code_point) {
  const auto put = [&out](int byte) { out.push_back(static_cast<char>(byte)); };
  if (code_point < 0x80) return put(code_point);
  if (code_point < 0x800) {
    put(0xC0 | code_point >> 6);
  } else {
    if (code_point < 0x10000) {
      put(0xE0 | code_point >> 12);
    } else {
      put(0xF0 | code_point >> 18);
      put(0x80 | (code_point >> 12 & 0x3F));
    }
    put(0x80 | (code_point >> 6 & 0x3F));
  }
  put(0x80 | (code_point & 0x3F));
}

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

// What may stand behind a number or literal.
constexpr bool ends_scalar(char c) {
  return is_space(c) || c == ',' || c == '}' || c == ']' || c == ':' || c == '{' || c == '[';
}

const char* skip_digits(const char* at, const char* end) {
  while (at != end && is_digit(*at)) ++at;
  return at;
}

// A number as RFC 8259 §6 writes it: where it ends, and whether it has an exponent. Null if it is none.
struct Number {
  const char* end = nullptr;
  const char* exponent = nullptr;
};

Number scan_number(const char* at, const char* end) {
  if (at != end && *at == '-') ++at;
  if (at == end || !is_digit(*at)) return {};
  at = *at == '0' ? at + 1 : skip_digits(at, end);
  if (at != end && *at == '.') {
    const char* const fraction = ++at;
    at = skip_digits(at, end);
    if (at == fraction) return {};
  }
  if (at == end || (*at != 'e' && *at != 'E')) return {at, nullptr};
  const char* const exponent = at++;
  if (at != end && (*at == '+' || *at == '-')) ++at;
  const char* const digits = at;
  at = skip_digits(at, end);
  if (at == digits) return {};
  return {at, exponent};
}

// Whether a number of at most 64 characters is finite as a double. Without an exponent it always is, and with a
// negative one it can only be too small.
bool is_finite(const char* begin, const Number& number) {
  if (number.exponent == nullptr || number.exponent[1] == '-') return true;
  double value = 0;
  return std::from_chars(begin, number.end, value).ec != std::errc::result_out_of_range;
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
    while (step < Step::done) {
      switch (step) {
        case Step::value:
          step = take_value();
          break;
        default:
          step = take_key();
          break;
      }
    }
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
    const char* const begin = text_.data() + at;
    const char* const limit = text_.data() + text_.size();
    const Number number = scan_number(begin, limit);
    if (number.end == nullptr || (number.end != limit && !ends_scalar(*number.end))) {
      return fail("there is something that is no value", at);
    }
    if (static_cast<std::size_t>(number.end - begin) > max_number) return fail("a number is too long", at);
    if (!is_finite(begin, number)) return fail("a number is too large", at);
    note_begin(Kind::number, at);
    note_end(static_cast<std::size_t>(number.end - text_.data()));
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

void unescape(std::string_view inside, std::string& out) {
  const char* at = inside.data();
  const char* const end = at + inside.size();
  while (at != end) {
    if (*at != '\\') {
      out.push_back(*at++);
      continue;
    }
    const char* const after = after_escape(at, end);
    if (after == nullptr) return;
    constexpr std::string_view written = "bfnrt";
    constexpr std::string_view meant = "\b\f\n\r\t";
    const std::size_t control = written.find(at[1]);
    if (control != std::string_view::npos) {
      out.push_back(meant[control]);
    } else if (at[1] != 'u') {
      out.push_back(at[1]);
    } else {
      const int unit = hex_quad(at + 2, end);
      const bool pair = after - at == 12;
      append_utf8(out, pair ? 0x10000 + (unit - 0xD800) * 0x400 + (hex_quad(at + 8, end) - 0xDC00) : unit);
    }
    at = after;
  }
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

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace sluice::chat::json
