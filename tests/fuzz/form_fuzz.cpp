#include <string>
#include <vector>

#include <sluice/http/form.hpp>

#include "fuzz/input.hpp"

namespace sluice::http {
namespace {

struct Read {
  std::vector<FormPart> parts;
  bool good = true;
  bool complete = false;
};

Read read(const std::vector<std::string_view>& pieces) {
  FormReader reader("b");
  Read result;
  for (const std::string_view piece : pieces) {
    result.good = result.good && static_cast<bool>(reader.take(piece, result.parts));
  }
  result.complete = result.good && reader.complete();
  return result;
}

void require_same(const Read& one, const Read& other) {
  fuzz::require(one.good == other.good && one.complete == other.complete && one.parts.size() == other.parts.size());
  for (std::size_t i = 0; i < one.parts.size(); ++i) {
    const FormPart& left = one.parts[i];
    const FormPart& right = other.parts[i];
    fuzz::require(left.name == right.name && left.value == right.value && left.is_file == right.is_file &&
                  left.begin == right.begin && left.end == right.end);
  }
}

}  // namespace
}  // namespace sluice::http

// A form reads the same wherever it is cut, and its parts lie where they say.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice;
  const fuzz::Input input(data, size);
  const http::Read whole = http::read({input.bytes});
  http::require_same(whole, http::read({input.before_cut(), input.after_cut()}));
  std::vector<std::string_view> bytes;
  for (std::size_t at = 0; at < input.bytes.size(); ++at) bytes.push_back(input.bytes.substr(at, 1));
  http::require_same(whole, http::read(bytes));
  std::size_t end = 0;
  for (const http::FormPart& part : whole.parts) {
    fuzz::require(part.begin > end && part.begin <= part.end && part.end + 5 <= input.bytes.size());
    const std::string_view content = input.bytes.substr(part.begin, part.end - part.begin);
    fuzz::require(content.find("\r\n--b") == std::string_view::npos);
    fuzz::require(part.is_file ? part.value.empty() : content.starts_with(part.value));
    end = part.end;
  }
  static_cast<void>(http::form_boundary(input.bytes));
  return 0;
}
