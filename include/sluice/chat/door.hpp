#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include <sluice/base/error.hpp>
#include <sluice/base/result.hpp>
#include <sluice/chat/dialect.hpp>
#include <sluice/http/message.hpp>

// Other people's houses in which a dialect is served.
namespace sluice::chat {

// A request body as it stands before the door.
struct Letter {
  Task task = Task::chat;
  std::string_view body;
  // The model's name as a JSON string, quotes included, for bodies that keep it; empty: the body names it rightly.
  std::string_view model_json{};
  std::span<const http::Field> fields{};  // of the caller, if the dialect is its own; may say what the envelope repeats
};

// How somebody else serves a dialect. Bodies, answers and events are the dialect's own; paths, the envelope around a
// request, the wrapping around a stream and the failures of who stands in the door are not. Bytes and values only.
// Stateless and immutable: one constant instance serves all threads.
class Door {
 public:
  virtual ~Door() = default;
  virtual std::string_view name() const = 0;

  // Whether such requests pass at all.
  virtual bool serves(Task task) const = 0;
  // As Dialect::append_path() and takes_along().
  virtual void append_path(const Asked& asked, std::string& out) const = 0;
  virtual bool takes_along(std::string_view field) const = 0;

  // A body that the dialect's outline() accepted, or its codec wrote, as it passes: members of the envelope are put in
  // and left out, all other bytes are as they were. Views into `letter` and `added`, which is overwritten.
  virtual http::Slices envelop(const Letter& letter, std::string& added) const = 0;

  // The media type of a stream.
  virtual std::string_view stream_type() const = 0;
  // Whether streams are wrapped, so that unwrap() has to be asked what the dialect's own bytes are.
  virtual bool wraps_streams() const { return false; }
  // Appends what the complete pieces at the front of `bytes` wrap. How many bytes are done with; the rest is to come
  // again with more behind it. An Error: the stream is over, because it cannot be read or because the provider says
  // that it failed. What came before that was appended.
  virtual Result<std::size_t> unwrap(std::string_view bytes, std::string& out) const = 0;

  // Whether a failure's body is in the dialect's words, so that its callers can read it.
  virtual bool is_own_failure(std::string_view body) const = 0;
  // What a failure means, whoever reports it.
  virtual Error decode_error(int status, std::string_view body) const = 0;
};

// The door of that name to a dialect, or null.
const Door* door_named(const Dialect& dialect, std::string_view name);

}  // namespace sluice::chat
