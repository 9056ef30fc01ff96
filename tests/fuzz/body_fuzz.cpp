#include <array>
#include <string>
#include <vector>

#include <sluice/http/reader.hpp>
#include <sluice/http/writer.hpp>

#include "fuzz/input.hpp"

namespace sluice::http {
namespace {

using fuzz::require;

struct ReadBody {
  Step step = Step::more;
  std::string reason;
  std::string content;
  std::size_t consumed = 0;
  bool finished = false;

  bool operator==(const ReadBody&) const = default;
};

void feed(BodyReader& reader, std::string_view piece, ReadBody& body) {
  const std::vector<char> block(piece.begin(), piece.end());
  std::string_view rest(block.data(), block.size());
  while (body.step == Step::more) {
    std::size_t consumed = 0;
    std::string_view content;
    Refusal why;
    body.step = reader.next(rest, consumed, content, why);
    require(consumed <= rest.size() && content.size() <= consumed);
    require(content.empty() ||
            (content.data() >= rest.data() && content.data() + content.size() <= rest.data() + consumed));
    require(reader.done() == (body.step == Step::done));
    body.reason = why.reason;
    body.content += content;
    body.consumed += consumed;
    rest.remove_prefix(consumed);
    if (consumed == 0) return;
    if (body.step == Step::done) return;
  }
}

ReadBody read(std::vector<std::string_view> pieces, Framing framing, std::uint64_t length) {
  BodyReader reader(framing, length);
  ReadBody body;
  for (const std::string_view piece : pieces) feed(reader, piece, body);
  body.finished = reader.finish();
  require(reader.done() == body.finished);
  return body;
}

// A body that was read, as one chunk, must be that body again.
void check_rewritten(const ReadBody& body) {
  std::array<char, 18> line{};
  std::string bytes;
  if (!body.content.empty()) {
    bytes += chunk_line(line, body.content.size());
    bytes += body.content;
    bytes += chunk_end;
  }
  bytes += last_chunk;
  const ReadBody again = read({bytes}, Framing::chunked, 0);
  require(again.step == Step::done && again.content == body.content && again.consumed == bytes.size());
}

}  // namespace
}  // namespace sluice::http

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice;
  using http::Framing;
  const fuzz::Input input(data, size);
  constexpr std::array framings{Framing::chunked, Framing::chunked, Framing::length, Framing::until_close};
  const Framing framing = framings[input.mode % framings.size()];
  const std::uint64_t length = input.mode;
  const http::ReadBody whole = http::read({input.bytes}, framing, length);
  fuzz::require(http::read({input.before_cut(), input.after_cut()}, framing, length) == whole);
  std::vector<std::string_view> bytes;
  for (std::size_t at = 0; at < input.bytes.size(); ++at) bytes.push_back(input.bytes.substr(at, 1));
  fuzz::require(http::read(bytes, framing, length) == whole);
  if (whole.finished) http::check_rewritten(whole);
  return 0;
}
