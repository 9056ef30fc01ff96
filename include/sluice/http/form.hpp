#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/base/result.hpp>

// Forms that carry files: multipart/form-data (RFC 7578; RFC 2046 §5.1).
namespace sluice::http {

// The boundary between the parts that a content-type names; nothing if it is not that of such a form, or the boundary
// is none that RFC 2046 §5.1.1 allows.
std::optional<std::string_view> form_boundary(std::string_view content_type);

// One part of a form.
struct FormPart {
  static constexpr std::size_t longest_value = 1024;

  std::string name;
  bool is_file = false;
  std::string value;  // of a part that is no file: its content, or its first `longest_value` bytes
  std::uint64_t begin = 0;
  std::uint64_t end = 0;  // where the content lies in the form
};

// Reads a form while it arrives, without keeping it. Strict, because what is read here decides and what a provider
// reads counts: nothing before the first part or behind the last, one content-disposition a part with a plain name, no
// transfer encoding, heads of at most 8 KiB, 100 parts.
class FormReader {
 public:
  explicit FormReader(std::string_view boundary);

  // Reads on, and appends the parts that ended in these bytes. An Error, bad_request of the caller, is for good.
  Result<Ok> take(std::string_view bytes, std::vector<FormPart>& parts);
  // Whether the form's end was read.
  bool complete() const { return state_ == State::end; }

 private:
  enum class State : std::uint8_t { delimiter, after_delimiter, head, content, end };

  Result<Ok> take_one(char byte, std::vector<FormPart>& parts);
  Result<Ok> begin_part();
  void keep(std::string_view content);
  void end_part(std::vector<FormPart>& parts);

  std::string delimiter_;  // CRLF, two hyphens, the boundary
  State state_ = State::delimiter;
  std::size_t matched_ = 2;  // bytes of the delimiter that were read; the first one has no CRLF before it
  std::string head_;         // of the part being read, or the two bytes behind a delimiter
  FormPart part_;
  std::size_t parts_ = 0;
  std::uint64_t at_ = 0;  // bytes read
};

}  // namespace sluice::http
