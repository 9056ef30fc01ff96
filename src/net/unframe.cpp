#include "net/unframe.hpp"

namespace sluice::net {

Unframed unframe(ByteQueue& queue, std::size_t content, http::BodyReader& body) {
  Unframed result;
  std::size_t write = content;  // the end of the content
  std::size_t read = content;   // the end of what was taken apart
  for (;;) {
    std::size_t consumed = 0;
    std::string_view run;
    const std::string_view raw = queue.bytes().substr(read);
    result.step = body.next(raw, consumed, run, result.why);
    if (write == 0 && !run.empty()) {
      // At the very front the content stays where it is, and the framing before it is dropped.
      const std::size_t before = read + static_cast<std::size_t>(run.data() - raw.data());
      queue.consume(before);
      read -= before;
    } else {
      queue.move_down(run, write);
    }
    write += run.size();
    read += consumed;
    result.consumed += consumed;
    if (result.step != http::Step::more || consumed == 0) break;
  }
  queue.erase(write, read - write);
  result.content = write;
  return result;
}

}  // namespace sluice::net
