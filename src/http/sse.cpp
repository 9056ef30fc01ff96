#include <sluice/http/sse.hpp>

#include <algorithm>
#include <cstring>

namespace sluice::http {
namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

// The position of the first CR or LF at or after `from`, or npos. Two searches of one byte each are faster than one
// of two, but only in blocks: else a buffer full of CR would be searched for LF to its end for every line.
std::size_t find_line_end(std::string_view bytes, std::size_t from) {
  constexpr std::size_t block = 4096;
  while (from < bytes.size()) {
    const std::string_view window = bytes.substr(from, block);
    const std::size_t lf = window.find('\n');
    const std::size_t cr = window.substr(0, lf).find('\r');
    if (cr != std::string_view::npos) return from + cr;
    if (lf != std::string_view::npos) return from + lf;
    from += window.size();
  }
  return std::string_view::npos;
}

}  // namespace

bool SseReader::next(std::string_view bytes, SseEvent& event) {
  if (!skip_start(bytes)) return false;
  while (true) {
    const std::size_t end = find_line_end(bytes, progress_.scanned);
    if (end == std::string_view::npos) {
      progress_.scanned = bytes.size();
      return false;
    }
    const bool blank = end == progress_.line;
    const bool cr = bytes[end] == '\r';
    const bool open = cr && end + 1 == bytes.size();  // its LF may still come
    if (open && (!blank || progress_.crlf)) {
      progress_.scanned = end;
      return false;
    }
    const bool crlf = cr && !open && bytes[end + 1] == '\n';
    const std::size_t after = end + (crlf ? 2 : 1);
    if (blank) {
      after_cr_ = open;
      dispatch(bytes.substr(0, after), event);
      return true;
    }
    take_line(bytes, end);
    progress_.crlf = progress_.crlf || crlf;
    progress_.line = progress_.scanned = after;
    if (!progress_.saw_field) comments_ = after;
  }
}

// Passes over what may stand before the first line: the byte order mark of the stream, or the LF of the CRLF whose
// CR ended the last event. False: more bytes are needed to tell.
bool SseReader::skip_start(std::string_view bytes) {
  if (!started_) {
    const bool may_be_mark = bytes.starts_with(byte_order_mark.substr(0, bytes.size()));
    if (may_be_mark && bytes.size() < byte_order_mark.size()) return false;
    if (may_be_mark) progress_.line = progress_.scanned = byte_order_mark.size();
    started_ = true;
  }
  if (after_cr_) {
    if (bytes.empty()) return false;
    if (bytes.front() == '\n') progress_.line = progress_.scanned = 1;
    after_cr_ = false;
  }
  return true;
}

void SseReader::take_line(std::string_view bytes, std::size_t end) {
  const std::string_view line = bytes.substr(progress_.line, end - progress_.line);
  if (line.front() == ':') return;
  progress_.saw_field = true;
  const std::size_t colon = std::min(line.find(':'), line.size());
  const std::string_view field = line.substr(0, colon);
  std::string_view value = line.substr(std::min(colon + 1, line.size()));
  if (value.starts_with(' ')) value.remove_prefix(1);
  const Range range{end - value.size(), value.size()};
  if (field == "event") {
    progress_.name = range;
  } else if (field == "data") {
    if (progress_.data_lines == 0) progress_.data = range;
    if (progress_.data_lines == 1) joined_ = bytes.substr(progress_.data.at, progress_.data.size);
    if (progress_.data_lines >= 1) (joined_ += '\n') += value;
    ++progress_.data_lines;
  }
}

void SseReader::dispatch(std::string_view raw, SseEvent& event) {
  event.raw = raw;
  event.name = raw.substr(progress_.name.at, progress_.name.size);
  event.data =
      progress_.data_lines > 1 ? std::string_view(joined_) : raw.substr(progress_.data.at, progress_.data.size);
  event.has_data = progress_.data_lines > 0;
  progress_ = {};
  comments_ = 0;
}

}  // namespace sluice::http
