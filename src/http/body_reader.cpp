#include <algorithm>
#include <array>
#include <limits>

#include <sluice/http/reader.hpp>

#include "http/fields.hpp"

namespace sluice::http {
namespace {

constexpr std::uint32_t longest_extension = 256;
constexpr std::uint32_t longest_trailers = 8 * 1024;
constexpr std::uint32_t most_digits = 16;  // what 64 bits can hold

// Where in a chunk extension we are (RFC 9112 §7.1.1, without blanks): `;name=value;name="quoted"`.
namespace extension {
constexpr std::uint32_t name_start = 0;
constexpr std::uint32_t name = 1;
constexpr std::uint32_t value_start = 2;
constexpr std::uint32_t value = 3;
constexpr std::uint32_t quoted = 4;
constexpr std::uint32_t quoted_pair = 5;
constexpr std::uint32_t after_quoted = 6;
}  // namespace extension

// Where in a trailer's name we are is its length; this is beyond any.
constexpr std::uint32_t in_trailer_value = std::numeric_limits<std::uint32_t>::max();

// Trailers that would change the framing had they come in time (RFC 9110 §6.5.1).
constexpr std::array<std::string_view, 2> framing_names{"content-length", "transfer-encoding"};
constexpr std::uint64_t all_framing_names = (1u << framing_names.size()) - 1;

// Which of the names in `alive` can still be the one whose byte at `at` is `byte`.
std::uint64_t narrow(std::uint64_t alive, std::uint32_t at, char byte) {
  for (std::size_t i = 0; i < framing_names.size(); ++i) {
    const std::string_view candidate = framing_names[i];
    if (at >= candidate.size() || candidate[at] != to_lower(byte)) alive &= ~(std::uint64_t{1} << i);
  }
  return alive;
}

bool is_framing_name(std::uint64_t alive, std::uint32_t size) {
  for (std::size_t i = 0; i < framing_names.size(); ++i) {
    if ((alive >> i & 1) != 0 && framing_names[i].size() == size) return true;
  }
  return false;
}

constexpr int hex_value(char byte) {
  if (is_digit(byte)) return byte - '0';
  const char lower = to_lower(byte);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

constexpr bool is_text(char byte) { return byte == '\t' || !is_control(byte); }

}  // namespace

BodyReader::BodyReader(Framing framing, std::uint64_t length) {
  switch (framing) {
    case Framing::none:
      break;
    case Framing::length:
      remaining_ = length;
      state_ = length == 0 ? State::done : State::counted;
      break;
    case Framing::chunked:
      state_ = State::size;
      break;
    case Framing::until_close:
      state_ = State::endless;
      break;
  }
}

Step BodyReader::next(std::string_view bytes, std::size_t& consumed, std::string_view& content, Refusal& why) {
  consumed = 0;
  content = {};
  if (state_ == State::broken) return refuse(why, "the body was refused before");
  while (consumed < bytes.size() && state_ != State::done) {
    if (state_ == State::content || state_ == State::counted || state_ == State::endless) {
      if (!content.empty()) return Step::more;
      content = take(bytes.substr(consumed));
      consumed += content.size();
      continue;
    }
    if (const std::string_view reason = step(bytes[consumed]); !reason.empty()) {
      // Content before the fault counts; the next call meets the same byte in the same state.
      return content.empty() ? refuse(why, reason) : Step::more;
    }
    ++consumed;
  }
  return state_ == State::done ? Step::done : Step::more;
}

bool BodyReader::finish() {
  if (state_ == State::endless) state_ = State::done;
  if (state_ != State::done) state_ = State::broken;
  return state_ == State::done;
}

std::string_view BodyReader::take(std::string_view bytes) {
  if (state_ == State::endless) return bytes;
  const auto run = static_cast<std::size_t>(std::min<std::uint64_t>(remaining_, bytes.size()));
  remaining_ -= run;
  if (remaining_ == 0) state_ = state_ == State::counted ? State::done : State::content_cr;
  return bytes.substr(0, run);
}

// Takes one byte of framing. The reason if it is wrong; then nothing has changed.
std::string_view BodyReader::step(char byte) {
  switch (state_) {
    case State::size:
      return step_size(byte);
    case State::extension:
      return step_extension(byte);
    case State::size_lf:
      if (byte != '\n') return "a chunk size whose CR has no LF";
      state_ = remaining_ == 0 ? State::trailer_start : State::content;
      line_ = 0;
      return {};
    case State::content_cr:
      if (byte != '\r') return "a chunk longer than its size";
      state_ = State::content_lf;
      return {};
    case State::content_lf:
      if (byte != '\n') return "a chunk whose last CR has no LF";
      state_ = State::size;
      digits_ = 0;
      return {};
    case State::trailer_start:
    case State::trailer:
    case State::trailer_lf:
      return step_trailer(byte);
    case State::end_lf:
      if (byte != '\n') return "a last CR without LF";
      state_ = State::done;
      return {};
    default:
      return {};
  }
}

std::string_view BodyReader::step_size(char byte) {
  const int digit = hex_value(byte);
  if (digit >= 0) {
    if (digits_ == most_digits) return "a chunk size with too many digits";
    remaining_ = remaining_ << 4 | static_cast<std::uint64_t>(digit);
    ++digits_;
    return {};
  }
  if (digits_ == 0) return "a chunk without a size";
  if (byte != '\r' && byte != ';') return "a chunk size that is not hexadecimal";
  state_ = byte == '\r' ? State::size_lf : State::extension;
  digits_ = extension::name_start;
  line_ = 1;
  return {};
}

std::string_view BodyReader::step_extension(char byte) {
  constexpr std::string_view malformed = "a malformed chunk extension";
  const bool token = token_bytes[index_of(byte)];
  const bool may_end = digits_ == extension::name || digits_ == extension::value || digits_ == extension::after_quoted;
  std::uint32_t after = digits_;
  if (byte == '\r' && may_end) {
    state_ = State::size_lf;
    return {};
  }
  if (line_ == longest_extension) return "a chunk extension that is too long";
  if (byte == ';' && may_end) {
    after = extension::name_start;
  } else if (digits_ == extension::name && byte == '=') {
    after = extension::value_start;
  } else if (digits_ == extension::value_start && byte == '"') {
    after = extension::quoted;
  } else if (digits_ == extension::quoted && is_text(byte)) {
    after = byte == '"' ? extension::after_quoted : byte == '\\' ? extension::quoted_pair : extension::quoted;
  } else if (digits_ == extension::quoted_pair && is_text(byte)) {
    after = extension::quoted;
  } else if (token && digits_ <= extension::value) {
    after = digits_ <= extension::name ? extension::name : extension::value;
  } else {
    return malformed;
  }
  digits_ = after;
  ++line_;
  return {};
}

// remaining_ is free here (the last chunk's size is 0): it holds which framing names the trailer's may become.
std::string_view BodyReader::step_trailer(char byte) {
  if (state_ == State::trailer_lf) {
    if (byte != '\n') return "a trailer whose CR has no LF";
    state_ = State::trailer_start;
    ++line_;
    return {};
  }
  if (state_ == State::trailer_start && byte == '\r') {
    state_ = State::end_lf;
    return {};
  }
  if (line_ >= longest_trailers) return "trailers that are too large";
  if (digits_ == in_trailer_value && state_ == State::trailer) {
    if (byte != '\r' && !is_text(byte)) return "a control byte in a trailer";
    if (byte == '\r') state_ = State::trailer_lf;
  } else {
    const std::uint32_t at = state_ == State::trailer_start ? 0 : digits_;
    const std::uint64_t alive = state_ == State::trailer_start ? all_framing_names : remaining_;
    const bool named = byte == ':' && at > 0;
    if (named && is_framing_name(alive, at)) return "a trailer that would change the framing";
    if (!named && !token_bytes[index_of(byte)]) return "a malformed trailer";
    remaining_ = narrow(alive, at, byte);
    digits_ = named ? in_trailer_value : at + 1;
    state_ = State::trailer;
  }
  ++line_;
  return {};
}

Step BodyReader::refuse(Refusal& why, std::string_view reason) {
  state_ = State::broken;
  why = {400, reason};
  return Step::refused;
}

}  // namespace sluice::http
