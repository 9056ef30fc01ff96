#include "net/staged_head.hpp"

#include <algorithm>

namespace sluice::net {

void StagedHead::write(BufferPool& buffers, http::HeadView head, std::string_view date, ReplyFraming framing,
                       std::uint64_t length, bool closes) {
  constexpr std::size_t usual = 4096;
  std::size_t needed = 256;
  for (const http::Field& field : head.fields) needed += field.name.size() + field.value.size() + 4;
  buffer_ = buffers.take(std::max(needed, usual));
  http::HeadWriter writer(buffer_.span());
  writer.status_line(head.status);
  writer.field("date", date);
  for (const http::Field& field : head.fields) {
    if (http::is_field_value(field.value)) writer.field(field.name, field.value);
  }
  if (framing == ReplyFraming::length && !is_bodiless(head.status)) writer.field("content-length", length);
  if (framing == ReplyFraming::chunked) writer.field("transfer-encoding", "chunked");
  if (closes) writer.field("connection", "close");
  writer.end();
  bytes_ = writer.failed() ? 0 : writer.text().size();
}

void StagedHead::give_back() {
  buffer_.give_back();
  bytes_ = 0;
}

}  // namespace sluice::net
