#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::http {

// One server-sent event (WHATWG HTML §9.2) and the very bytes it came in. Views are valid until the
// reader's next call.
struct SseEvent {
  std::string_view raw;   // from the event's first byte to the end of its blank line
  std::string_view name;  // the last `event:` field; empty when there is none
  std::string_view data;  // the `data:` lines joined by LF
  bool has_data = false;  // false: only comments or other fields, nothing is dispatched
};

// Finds events in a stream of bytes that the caller keeps in one contiguous buffer, however they were
// split on the way. Copies nothing but the data of an event that has several data lines.
//
// Lines end in LF, CRLF or CR. An event whose last line end is a bare CR at the end of the
// input waits for the next byte only if the event's earlier lines ended in CRLF: then an LF is sure to follow.
// A byte order mark at the very start is skipped (but stays in `raw`).
class SseReader {
 public:
  // The next complete event at the start of `bytes`. True: `event` is filled, and the caller drops
  // event.raw.size() bytes from the front before the next call. False: more bytes are needed; the
  // next call must bring the same bytes again with more behind them (they may have moved).
  bool next(std::string_view bytes, SseEvent& event);

  // How many bytes at the front of what was last passed to next() form whole comment lines or empty
  // lines between events: what may be forwarded although no event is complete.
  std::size_t comments() const { return comments_; }

 private:
  std::string joined_;
  std::size_t line_ = 0;     // where the line begins that has not ended yet
  std::size_t scanned_ = 0;  // up to where no line end was found
  std::size_t comments_ = 0;
  bool started_ = false;     // the byte order mark has been looked for
  bool saw_field_ = false;   // a line of this event that is no comment has ended
  bool crlf_ = false;        // a line of this event ended in CRLF
};

}  // namespace sluice::http
