#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sluice/http/reader.hpp>

// Reads whole connections the way a session does, for tests that only care about what comes out.
namespace sluice::http {

// A request as it was understood, owning its bytes.
struct ReadRequest {
  std::string method;
  std::string target;
  std::vector<std::pair<std::string, std::string>> fields;
  std::string body;
  bool keep_alive = true;
  bool expects_continue = false;

  bool operator==(const ReadRequest&) const = default;
};

// What a connection's bytes amounted to.
struct Reading {
  std::vector<ReadRequest> requests;
  int refused = 0;  // the status of the refusal that ended it; 0: none
  std::string reason;
  bool incomplete = false;  // ended inside a message
  std::string unread;       // what came after the last request of a connection that is then closed

  bool operator==(const Reading&) const = default;
};

// The receiving end of a connection. Every call of feed() moves the bytes received so far into a new block of
// exactly their size, so that a view kept too long, or a read behind the end, is seen by AddressSanitizer.
class RequestStream {
 public:
  explicit RequestStream(HeadLimits limits = default_request_limits) : reader_(limits, fields_) {}
  RequestStream(const RequestStream&) = delete;
  RequestStream& operator=(const RequestStream&) = delete;

  void feed(std::string_view piece) {
    std::vector<char> grown(buffer_.begin(), buffer_.end());
    grown.insert(grown.end(), piece.begin(), piece.end());
    grown.shrink_to_fit();
    buffer_.swap(grown);
    while (!over_ && (in_body_ ? read_body() : read_head())) {
    }
  }

  Reading finish() {
    if (!over_) reading_.incomplete = in_body_ || !buffer_.empty();
    reading_.unread.assign(closed_ ? std::string(buffer_.begin(), buffer_.end()) : "");
    return std::move(reading_);
  }

 private:
  std::string_view received() const { return {buffer_.data(), buffer_.size()}; }
  void drop(std::size_t bytes) { buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(bytes)); }

  bool refuse(const Refusal& why) {
    reading_.refused = why.status;
    reading_.reason = why.reason;
    over_ = true;
    return false;
  }

  bool read_head() {
    if (buffer_.empty()) return false;
    RequestHead head;
    Refusal why;
    const Step step = reader_.read(received(), head, why);
    if (step == Step::refused) return refuse(why);
    if (step == Step::more) return false;
    ReadRequest& request = current_;
    request = {std::string(head.method_text), std::string(head.target), {}, "", head.keep_alive, head.expects_continue};
    for (const Field& field : head.fields) request.fields.emplace_back(field.name, field.value);
    body_ = BodyReader(head.framing, head.length);
    drop(head.bytes);
    reader_.reset();
    in_body_ = true;
    return true;
  }

  bool read_body() {
    std::size_t consumed = 0;
    std::string_view content;
    Refusal why;
    const Step step = body_.next(received(), consumed, content, why);
    current_.body += content;
    drop(consumed);
    if (step == Step::refused) return refuse(why);
    if (step == Step::more) return consumed != 0;
    in_body_ = false;
    closed_ = over_ = !current_.keep_alive;
    reading_.requests.push_back(std::move(current_));
    return !over_;
  }

  std::array<Field, default_request_limits.fields> fields_{};
  RequestReader reader_;
  BodyReader body_;
  std::vector<char> buffer_;
  ReadRequest current_;
  Reading reading_;
  bool in_body_ = false;
  bool over_ = false;
  bool closed_ = false;
};

// Everything that comes out of a connection whose bytes arrived in these pieces.
inline Reading read_pieces(std::span<const std::string_view> pieces, HeadLimits limits = default_request_limits) {
  RequestStream stream(limits);
  for (const std::string_view piece : pieces) stream.feed(piece);
  return stream.finish();
}

inline Reading read_whole(std::string_view bytes, HeadLimits limits = default_request_limits) {
  return read_pieces(std::array{bytes}, limits);
}

inline Reading read_split(std::string_view bytes, std::size_t at, HeadLimits limits = default_request_limits) {
  return read_pieces(std::array{bytes.substr(0, at), bytes.substr(at)}, limits);
}

inline Reading read_byte_by_byte(std::string_view bytes, HeadLimits limits = default_request_limits) {
  RequestStream stream(limits);
  for (std::size_t at = 0; at < bytes.size(); ++at) stream.feed(bytes.substr(at, 1));
  return stream.finish();
}

}  // namespace sluice::http
