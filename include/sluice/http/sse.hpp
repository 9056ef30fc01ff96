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
  // A run of bytes, counted from the event's first byte: stays right when the buffer moves.
  struct Range {
    std::size_t at = 0;
    std::size_t size = 0;
  };
  // What is known of the event that has not ended yet.
  struct Progress {
    std::size_t line = 0;     // where the line begins that has not ended yet
    std::size_t scanned = 0;  // up to where no line end was found
    std::size_t data_lines = 0;
    Range name;
    Range data;              // the first data line
    bool saw_field = false;  // a line that is no comment has ended
    bool crlf = false;       // a line ended in CRLF
  };
  bool skip_start(std::string_view bytes);
  void take_line(std::string_view bytes, std::size_t end);
  void dispatch(std::string_view raw, SseEvent& event);

  std::string joined_;
  Progress progress_;
  std::size_t comments_ = 0;
  bool started_ = false;   // the byte order mark has been looked for
  bool after_cr_ = false;  // the last event ended in a CR whose LF may still come
};

}  // namespace sluice::http
