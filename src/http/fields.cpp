#include "http/fields.hpp"

#include <algorithm>

#include <sluice/base/text.hpp>
#include <sluice/http/writer.hpp>

namespace sluice::http {
namespace {

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

std::string_view fault_of_name(std::string_view line, std::size_t end) {
  if (end == 0 && is_blank(line.front())) return "a field continues on the next line (obsolete folding)";
  if (end == line.size()) return "a field line without a colon";
  if (end == 0 && line.front() == ':') return "a field without a name";
  if (is_blank(line[end])) return "a blank before the colon of a field";
  return "a field name is not a token";
}

// One field line without its line end and free of control bytes but HTAB. The reason if it is bad.
std::string_view read_field(std::string_view line, Field& field) {
  std::size_t end = 0;
  while (end < line.size() && token_bytes[index_of(line[end])]) ++end;
  if (end == 0 || end == line.size() || line[end] != ':') return fault_of_name(line, end);
  field = {line.substr(0, end), trim(line.substr(end + 1))};
  return {};
}

// Takes in a list of connection options (RFC 9110 §7.6.1); items may be empty (§5.6.1).
void read_connection(std::string_view list, FramingFields& found) {
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    const std::string_view option = trim(list.substr(0, comma));
    if (equals_ignoring_case(option, "close")) found.close = true;
    if (!option.empty() && !is_token(option)) found.malformed_connection = true;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
}

}  // namespace

Step next_line(std::string_view window, HeadProgress& progress, std::string_view& line, Refusal& why) {
  std::size_t at = find_control(window, progress.scanned);
  while (at < window.size() && window[at] == '\t') at = find_control(window, at + 1);
  progress.scanned = at;
  if (at == window.size()) return Step::more;
  if (window[at] == '\n') return refuse(why, 400, "a line ends in LF without CR");
  if (window[at] != '\r') return refuse(why, 400, "a control byte in the head");
  if (at + 1 == window.size()) return Step::more;
  if (window[at + 1] != '\n') return refuse(why, 400, "a CR without LF in the head");
  line = window.substr(progress.line, at - progress.line);
  progress.line = progress.scanned = at + 2;
  return Step::done;
}

Step read_fields(std::string_view bytes, const HeadLimits& limits, std::span<Field> storage, HeadProgress& progress,
                 Refusal& why) {
  const std::string_view window = bytes.substr(0, limits.bytes);
  const std::size_t most = std::min(limits.fields, storage.size());
  while (true) {
    std::string_view line;
    const Step step = next_line(window, progress, line, why);
    if (step == Step::more && window.size() == limits.bytes) return refuse(why, 431, "the head is too large");
    if (step != Step::done) return step;
    if (line.empty()) return Step::done;
    if (progress.fields == most) return refuse(why, 431, "too many fields");
    const std::string_view reason = read_field(line, storage[progress.fields]);
    if (!reason.empty()) return refuse(why, 400, reason);
    ++progress.fields;
  }
}

void collect_fields(std::string_view lines, std::span<Field> fields) {
  for (Field& field : fields) {
    const std::size_t end = lines.find('\r');
    read_field(lines.substr(0, end), field);
    lines.remove_prefix(end + 2);
  }
}

FramingFields framing_of(std::span<const Field> fields) {
  FramingFields found;
  for (const auto& [name, value] : fields) {
    switch (name.size()) {
      case 4:
        if (!equals_ignoring_case(name, "host")) break;
        found.host = value;
        ++found.hosts;
        break;
      case 6:
        if (!equals_ignoring_case(name, "expect")) break;
        (equals_ignoring_case(value, "100-continue") ? found.expects_continue : found.expects_otherwise) = true;
        break;
      case 10:
        if (equals_ignoring_case(name, "connection")) read_connection(value, found);
        break;
      case 14:
        if (!equals_ignoring_case(name, "content-length")) break;
        found.length = value;
        ++found.lengths;
        break;
      case 17:
        if (!equals_ignoring_case(name, "transfer-encoding")) break;
        found.coding = value;
        ++found.codings;
        break;
      default:
        break;
    }
  }
  return found;
}

std::string_view judge_framing(const FramingFields& fields, bool http10, Framing& framing, std::uint64_t& length) {
  framing = Framing::none;
  length = 0;
  if (fields.malformed_connection) return "the connection field is malformed";
  if (fields.codings != 0) {
    if (fields.lengths != 0) return "both content-length and transfer-encoding";
    if (fields.codings > 1 || !equals_ignoring_case(fields.coding, "chunked")) {
      return "a transfer-encoding other than chunked";
    }
    if (http10) return "transfer-encoding in HTTP/1.0";
    framing = Framing::chunked;
  } else if (fields.lengths != 0) {
    if (fields.lengths > 1) return "more than one content-length";
    const auto parsed = parse_decimal(fields.length);
    if (!parsed) return "content-length is not a number";
    framing = Framing::length;
    length = *parsed;
  }
  return {};
}

}  // namespace sluice::http
