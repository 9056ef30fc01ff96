#include <string>
#include <vector>

#include <sluice/http/writer.hpp>

#include "fuzz/input.hpp"
#include "http/read_all.hpp"

namespace sluice::http {
namespace {

using fuzz::require;

// An accepted request, written anew. Empty when it does not fit.
std::string write(const ReadRequest& request) {
  std::vector<char> buffer(40 * 1024);
  HeadWriter writer(buffer);
  bool chunked = false;
  writer.request_line(request.method, request.target);
  for (const auto& [name, value] : request.fields) {
    writer.field(name, value);
    chunked = chunked || (name.size() == 17 && find(std::vector<Field>{{name, value}}, "transfer-encoding"));
  }
  writer.end();
  require(!writer.failed());
  std::string bytes(writer.text());
  if (!chunked) return bytes + request.body;
  std::array<char, 18> line{};
  if (!request.body.empty()) {
    bytes += chunk_line(line, request.body.size());
    bytes += request.body;
    bytes += chunk_end;
  }
  return bytes += last_chunk;
}

// What was accepted must be one message to every reader, so ours must read it back as that.
void check_rewritten(const ReadRequest& request) {
  const Reading again = read_whole(write(request), {64 * 1024, 100, 8 * 1024});
  require(again.refused == 0 && !again.incomplete && again.unread.empty() && again.requests.size() == 1);
  require(again.requests[0].method == request.method && again.requests[0].target == request.target);
  require(again.requests[0].fields == request.fields && again.requests[0].body == request.body);
}

}  // namespace
}  // namespace sluice::http

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice;
  const fuzz::Input input(data, size);
  // Small limits, too, so that the fuzzer meets them.
  const http::HeadLimits limits = input.mode % 2 == 0 ? http::default_request_limits : http::HeadLimits{256, 8, 24};
  const http::Reading whole = http::read_whole(input.bytes, limits);
  fuzz::require(http::read_split(input.bytes, input.cut, limits) == whole);
  if (input.bytes.size() <= 96) fuzz::require(http::read_byte_by_byte(input.bytes, limits) == whole);
  fuzz::require(whole.refused == 0 || !whole.reason.empty());
  for (const http::ReadRequest& request : whole.requests) http::check_rewritten(request);
  return 0;
}
