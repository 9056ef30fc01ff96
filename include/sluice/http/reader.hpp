#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include <sluice/http/message.hpp>

// A strict HTTP/1.1 reader (RFC 9112) without I/O: bytes in, decisions out. Where the RFC lets a
// recipient choose between repairing and refusing, this one refuses; docs/reference/http.md lists every
// difference to other readers. It never looks at a byte twice because a message came in pieces.
namespace sluice::http {

struct HeadLimits {
  std::size_t bytes;   // the whole head, blank line included; over it: 431
  std::size_t fields;  // over it: 431
  std::size_t target;  // request target; over it: 414
  // Paths below which the rest of a target is one opaque name ("/v1/models/"): there an escaped slash is part of the
  // name, and %2f is accepted. Borrowed.
  std::span<const std::string_view> name_paths = {};
};
inline constexpr HeadLimits default_request_limits{32 * 1024, 100, 8 * 1024, {}};
inline constexpr HeadLimits default_response_limits{64 * 1024, 200, 0, {}};

enum class Step : std::uint8_t {
  more,     // needs more bytes
  done,     // complete
  refused,  // never going to be acceptable; see the refusal
};

// Why a message was refused. `reason` is a literal and safe to show.
struct Refusal {
  int status = 0;  // what a server answers: 400, 414, 431, 501, 505
  std::string_view reason;
};

// How the end of a body is found.
enum class Framing : std::uint8_t {
  none,         // there is no body
  length,       // content-length
  chunked,      // transfer-encoding: chunked
  until_close,  // responses only: the connection's end
};

struct RequestHead {
  Method method = Method::get;
  std::string_view method_text;
  std::string_view target;  // origin form; an absolute form whose authority equals Host is reduced to it
  bool http10 = false;
  std::span<const Field> fields;  // names as sent, values without surrounding blanks
  Framing framing = Framing::none;
  std::uint64_t length = 0;  // with Framing::length
  bool keep_alive = true;    // the client's wish; always false for HTTP/1.0
  bool expects_continue = false;
  std::size_t bytes = 0;  // how many bytes of input the head took
};

// How far a head has been read: what a reader remembers between two calls. Offsets into the input.
struct HeadProgress {
  std::size_t line = 0;         // where the line begins that has not ended yet
  std::size_t scanned = 0;      // up to where neither a line end nor a fault was found
  std::size_t start = 0;        // where the start line begins, after skipped empty lines
  std::size_t first_field = 0;  // where the field lines begin; 0 while the start line is unread
  std::size_t fields = 0;       // field lines that have ended
};

// Reads one request head. Rules (reliability rules 1-6): HTTP/1.0 or 1.1; exactly one well-formed
// Host; transfer-encoding absent or exactly `chunked`, then HTTP/1.1 and no content-length; at most one
// content-length of digits; no obs-fold, bare CR or LF, NUL or other control byte; no blank before
// the colon; a target of visible ASCII beginning with `/`, without `#`, `\`, `%00`, `%2f`, `%2e%2e`.
// Any Expect other than 100-continue is refused with 417. CONNECT is refused with 501.
class RequestReader {
 public:
  // `storage` receives the fields and must hold at least limits.fields entries; it is borrowed.
  RequestReader(HeadLimits limits, std::span<Field> storage) : limits_(limits), storage_(storage) {}

  // `bytes` is everything received since the head began, and may have moved since the last call.
  // On `done`, `head` views into `bytes` and `storage`. On `more`, call again with more. Leading
  // empty lines (at most two CRLF) are skipped and counted in head.bytes (RFC 9112 §2.2).
  Step read(std::string_view bytes, RequestHead& head, Refusal& why);
  // Ready for the next head.
  void reset() { progress_ = {}; }

 private:
  HeadLimits limits_;
  std::span<Field> storage_;
  HeadProgress progress_;
};

struct ResponseHead {
  int status = 0;
  std::string_view reason;
  bool http10 = false;
  std::span<const Field> fields;
  Framing framing = Framing::none;
  std::uint64_t length = 0;
  bool keep_alive = true;
  std::size_t bytes = 0;
};

// Reads one response head by the same field rules. Interim responses (1xx) come out as `done` with
// Framing::none, and the caller reads on. 204 and 304 have no body whatever their fields say.
// Refused: content-length together with transfer-encoding, differing or repeated content-length,
// a transfer coding other than exactly `chunked`, a status line without its second blank, status
// below 100 or above 599, and 101 (we never ask for an upgrade). The refusal's status is 502.
class ResponseReader {
 public:
  ResponseReader(HeadLimits limits, std::span<Field> storage) : limits_(limits), storage_(storage) {}

  Step read(std::string_view bytes, ResponseHead& head, Refusal& why);
  void reset() { progress_ = {}; }

 private:
  HeadLimits limits_;
  std::span<Field> storage_;
  HeadProgress progress_;
};

// Takes a body apart. Trailer fields are read, checked and dropped; one that would change the framing is
// refused. Chunk extensions are checked and dropped, at most 256 bytes each. Trailers are at most 8 KiB
// in all. A refusal's status is 400; whoever reads a response makes it an upstream's fault.
class BodyReader {
 public:
  BodyReader() = default;  // a body that is already over
  BodyReader(Framing framing, std::uint64_t length);

  // One run of content out of `bytes`. `consumed` bytes of the input are done with (framing included),
  // `content` is the run of body bytes among them, possibly empty. Call again with the rest until
  // it says `more` with nothing consumed (then it needs input), `done` or `refused`.
  Step next(std::string_view bytes, std::size_t& consumed, std::string_view& content, Refusal& why);

  // The connection ended. True if that is a proper end of this body.
  bool finish();
  bool done() const { return state_ == State::done; }
  // Body bytes still to come, when the framing tells; 0 otherwise.
  std::uint64_t known_remaining() const { return state_ == State::counted ? remaining_ : 0; }

 private:
  enum class State : std::uint8_t {
    counted,     // content-length bytes
    endless,     // until close
    size,        // the digits of a chunk size
    extension,   // after the size, up to CR
    size_lf,     // the LF after a chunk size
    content,     // inside a chunk
    content_cr,  // the CRLF after a chunk
    content_lf,
    trailer_start,  // at the start of a trailer line
    trailer,        // inside a trailer line
    trailer_lf,
    end_lf,  // the LF of the last, empty line
    done,
    broken,
  };
  std::string_view take(std::string_view bytes);
  std::string_view step(char byte);
  std::string_view step_size(char byte);
  std::string_view step_extension(char byte);
  std::string_view step_trailer(char byte);
  Step refuse(Refusal& why, std::string_view reason);

  State state_ = State::done;
  std::uint64_t remaining_ = 0;
  std::uint32_t digits_ = 0;  // digits of the size; then where in the extension or the trailer's name we are
  std::uint32_t line_ = 0;    // bytes of the extension, or of all trailers
};

}  // namespace sluice::http
