#include <sluice/http/form.hpp>

#include <algorithm>
#include <utility>

#include <sluice/base/text.hpp>

namespace sluice::http {
namespace {

constexpr std::size_t longest_head = 8 * 1024;
constexpr std::size_t most_parts = 100;
constexpr std::size_t longest_boundary = 70;

Error not_a_form(std::string_view why) {
  return Error(Fault::bad_request, Blame::client, "invalid_form",
               "The request's body is not valid multipart/form-data: " + std::string(why) + ".");
}

// RFC 9110 §5.6.2.
bool is_token_character(char c) {
  constexpr std::string_view others = "!#$%&'*+-.^_`|~";
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         others.find(c) != std::string_view::npos;
}

bool is_boundary_character(char c) {
  constexpr std::string_view others = "'()+_,-./:=? ";
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         others.find(c) != std::string_view::npos;
}

struct Parameter {
  std::string_view name;
  std::string_view value;  // between its quotes, if it has them
};

// Takes `; name=value` off the front. A backslash before a quote is read by some as part of the value and by others as
// its end: that is refused, and so is everything else that is not a parameter.
bool next_parameter(std::string_view& rest, Parameter& out) {
  rest = trimmed(rest);
  if (!rest.starts_with(';')) return false;
  rest = trimmed(rest.substr(1));
  const auto name_end = std::find_if_not(rest.begin(), rest.end(), is_token_character);
  const auto name_size = static_cast<std::size_t>(name_end - rest.begin());
  if (name_size == 0 || name_size == rest.size() || rest[name_size] != '=') return false;
  out.name = rest.substr(0, name_size);
  rest.remove_prefix(name_size + 1);
  if (!rest.starts_with('"')) {
    const auto end = std::find_if_not(rest.begin(), rest.end(), is_token_character);
    const auto size = static_cast<std::size_t>(end - rest.begin());
    out.value = rest.substr(0, size);
    rest.remove_prefix(size);
    return size > 0;
  }
  const std::size_t close = rest.find('"', 1);
  if (close == std::string_view::npos || rest[close - 1] == '\\') return false;
  out.value = rest.substr(1, close - 1);
  rest.remove_prefix(close + 1);
  return true;
}

// Reads the value of content-disposition.
Result<Ok> read_disposition(std::string_view value, FormPart& part) {
  constexpr std::string_view type = "form-data";
  if (!equals_ignoring_case(value.substr(0, type.size()), type)) return not_a_form("a part is no form-data");
  std::string_view rest = value.substr(type.size());
  bool named = false;
  while (!trimmed(rest).empty()) {
    Parameter given;
    if (!next_parameter(rest, given)) return not_a_form("a part's content-disposition cannot be read");
    if (equals_ignoring_case(given.name, "name")) {
      if (std::exchange(named, true)) return not_a_form("a part has two names");
      // Escapes in names are read in more ways than one.
      if (given.value.find_first_of("\\%") != std::string_view::npos) return not_a_form("a part's name has escapes");
      part.name = given.value;
    } else if (equals_ignoring_case(given.name, "name*")) {
      return not_a_form("a part's name is encoded");
    } else if (equals_ignoring_case(given.name.substr(0, 8), "filename")) {
      part.is_file = true;
    }
  }
  if (!named) return not_a_form("a part has no name");
  return Ok{};
}

Result<Ok> read_field(std::string_view line, bool& disposed, FormPart& part) {
  const std::size_t colon = line.find(':');
  const std::string_view name = line.substr(0, colon);
  const bool good =
      colon != std::string_view::npos && !name.empty() && std::all_of(name.begin(), name.end(), is_token_character) &&
      std::none_of(line.begin(), line.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\t'; });
  if (!good) return not_a_form("a part's head cannot be read");
  const std::string_view value = trimmed(line.substr(colon + 1));
  if (equals_ignoring_case(name, "content-disposition")) {
    if (std::exchange(disposed, true)) return not_a_form("a part has two content-dispositions");
    return read_disposition(value, part);
  }
  // RFC 7578 §4.7: not used any more. Whoever undoes one reads something else than we do.
  if (equals_ignoring_case(name, "content-transfer-encoding") && !equals_ignoring_case(value, "binary") &&
      !equals_ignoring_case(value, "8bit") && !equals_ignoring_case(value, "7bit")) {
    return not_a_form("a part has a transfer encoding");
  }
  return Ok{};
}

}  // namespace

std::optional<std::string_view> form_boundary(std::string_view content_type) {
  constexpr std::string_view type = "multipart/form-data";
  if (!equals_ignoring_case(content_type.substr(0, type.size()), type)) return std::nullopt;
  std::string_view rest = content_type.substr(type.size());
  std::optional<std::string_view> boundary;
  while (!trimmed(rest).empty()) {
    Parameter given;
    if (!next_parameter(rest, given)) return std::nullopt;
    if (!equals_ignoring_case(given.name, "boundary")) continue;
    const bool good = !boundary && !given.value.empty() && given.value.size() <= longest_boundary &&
                      given.value.back() != ' ' &&
                      std::all_of(given.value.begin(), given.value.end(), is_boundary_character);
    if (!good) return std::nullopt;
    boundary = given.value;
  }
  return boundary;
}

FormReader::FormReader(std::string_view boundary) : delimiter_("\r\n--" + std::string(boundary)) {}

Result<Ok> FormReader::take(std::string_view bytes, std::vector<FormPart>& parts) {
  while (!bytes.empty()) {
    if (state_ == State::content && matched_ == 0) {
      // No byte but a CR begins the delimiter, and it has no other: whatever does not match is content at once.
      const std::size_t plain = std::min(bytes.find('\r'), bytes.size());
      keep(bytes.substr(0, plain));
      at_ += plain;
      bytes.remove_prefix(plain);
      if (bytes.empty()) break;
    }
    if (Result<Ok> taken = take_one(bytes.front(), parts); !taken) return taken;
    bytes.remove_prefix(1);
  }
  return Ok{};
}

Result<Ok> FormReader::take_one(char byte, std::vector<FormPart>& parts) {
  ++at_;
  switch (state_) {
    case State::delimiter:
      if (byte != delimiter_[matched_]) return not_a_form("it does not begin with its boundary");
      if (++matched_ == delimiter_.size()) state_ = State::after_delimiter;
      return Ok{};
    case State::after_delimiter:
      head_ += byte;
      if (head_.size() < 2) return Ok{};
      if (head_ != "\r\n" && (head_ != "--" || parts_ == 0)) return not_a_form("a line only begins like its boundary");
      state_ = head_ == "--" ? State::end : State::head;
      head_.clear();
      return Ok{};
    case State::head:
      head_ += byte;
      if (head_.size() > longest_head) return not_a_form("a part's head is too long");
      if (!head_.ends_with("\r\n\r\n") && head_ != "\r\n") return Ok{};
      return begin_part();
    case State::content:
      if (byte == delimiter_[matched_]) {
        if (++matched_ == delimiter_.size()) end_part(parts);
        return Ok{};
      }
      keep(std::string_view(delimiter_).substr(0, matched_));
      matched_ = byte == '\r' ? 1 : 0;
      if (matched_ == 0) keep({&byte, 1});
      return Ok{};
    case State::end:
      // One line's end is what some clients write behind it.
      head_ += byte;
      if (!std::string_view("\r\n").starts_with(head_)) return not_a_form("something follows its end");
      return Ok{};
  }
  return Ok{};
}

Result<Ok> FormReader::begin_part() {
  if (++parts_ > most_parts) return not_a_form("it has too many parts");
  part_ = {};
  bool disposed = false;
  std::string_view rest = head_;
  while (rest.size() > 2) {
    const std::size_t end = rest.find("\r\n");
    if (Result<Ok> read = read_field(rest.substr(0, end), disposed, part_); !read) return read;
    rest.remove_prefix(end + 2);
  }
  if (!disposed) return not_a_form("a part has no content-disposition");
  head_.clear();
  part_.begin = at_;
  state_ = State::content;
  // An empty part's delimiter has the CRLF of its own (RFC 2046 §5.1.1), so nothing of it is there yet.
  matched_ = 0;
  return Ok{};
}

void FormReader::keep(std::string_view content) {
  if (part_.is_file) return;
  part_.value += content.substr(0, FormPart::longest_value - std::min(part_.value.size(), FormPart::longest_value));
}

void FormReader::end_part(std::vector<FormPart>& parts) {
  part_.end = at_ - delimiter_.size();
  parts.push_back(std::exchange(part_, {}));
  state_ = State::after_delimiter;
  head_.clear();
}

}  // namespace sluice::http
