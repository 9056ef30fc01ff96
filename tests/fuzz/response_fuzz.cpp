#include <array>
#include <string>
#include <utility>
#include <vector>

#include <sluice/http/reader.hpp>

#include "fuzz/input.hpp"

namespace sluice::http {
namespace {

using fuzz::require;

// A response head as it was understood, owning its bytes.
struct ReadHead {
  Step step = Step::more;
  std::string refusal;
  int status = 0;
  std::string reason;
  bool http10 = false;
  std::vector<std::pair<std::string, std::string>> fields;
  Framing framing = Framing::none;
  std::uint64_t length = 0;
  bool keep_alive = true;
  std::size_t bytes = 0;

  bool operator==(const ReadHead&) const = default;
};

ReadHead read(std::string_view bytes, std::size_t cut, HeadLimits limits) {
  std::array<Field, 200> storage{};
  ResponseReader reader(limits, storage);
  ResponseHead head;
  Refusal why;
  ReadHead result;
  const std::vector<char> all(bytes.begin(), bytes.end());
  if (cut > 0) {
    // Gone before the next call, so that a view kept into it is seen.
    const std::vector<char> beginning(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(cut));
    result.step = reader.read({beginning.data(), beginning.size()}, head, why);
    if (result.step == Step::done) {
      reader.reset();
      result.step = Step::more;
    }
  }
  if (result.step == Step::more) result.step = reader.read({all.data(), all.size()}, head, why);
  result.refusal = why.reason;
  if (result.step == Step::refused) require(why.status == 502);
  if (result.step != Step::done) return result;
  require(head.bytes <= bytes.size() && head.bytes <= limits.bytes && head.fields.size() <= limits.fields);
  for (const Field& field : head.fields) result.fields.emplace_back(field.name, field.value);
  result.status = head.status;
  result.http10 = head.http10;
  result.framing = head.framing;
  result.length = head.length;
  result.keep_alive = head.keep_alive;
  result.bytes = head.bytes;
  result.reason = head.reason;
  return result;
}

}  // namespace
}  // namespace sluice::http

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice;
  const fuzz::Input input(data, size);
  const http::HeadLimits limits = input.mode % 2 == 0 ? http::default_response_limits : http::HeadLimits{256, 8, 0};
  const http::ReadHead whole = http::read(input.bytes, 0, limits);
  fuzz::require(http::read(input.bytes, input.cut, limits) == whole);
  if (whole.step == http::Step::done) fuzz::require(whole.status >= 100 && whole.status <= 599 && whole.status != 101);
  return 0;
}
