#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/scripted_upstream.hpp"

// A client that can misbehave: it sends what it is told, byte for byte, and says exactly what came back.
namespace sluice::test {

// How reading came to its end.
enum class Ending : std::uint8_t {
  proper,   // the message's own framing said so
  closed,   // a FIN
  reset,    // a RST, or a TLS connection without its proper end
  waiting,  // neither in time
};

struct Answer {
  int status = 0;                                           // 0: no complete head came
  std::string head;                                         // raw, blank line included
  std::vector<std::pair<std::string, std::string>> fields;  // names in lower case
  std::string body;                                         // without framing
  Ending ending = Ending::waiting;                          // anything but `proper`: the message broke off
  Moment first_byte{};
  Moment last_byte{};

  // The first field of that name (lower case), or an empty text.
  std::string field(std::string_view name) const;
  bool has(std::string_view name) const;
  bool whole() const { return ending == Ending::proper; }
  bool keeps_open() const { return field("connection") != "close"; }
};

// One connection to a port on 127.0.0.1. Blocking, every wait has a limit. Destruction closes it.
class RawClient {
 public:
  enum class Security : std::uint8_t { plain, tls };

  // With TLS the server's certificate is checked against `authority` (a PEM file) if given.
  explicit RawClient(std::uint16_t port, Security security = Security::plain, const std::string& authority = "",
                     int receive_buffer = 0);
  ~RawClient();
  RawClient(RawClient&& other) noexcept;
  RawClient& operator=(RawClient&& other) noexcept;

  bool connected() const { return socket_ >= 0; }
  // False when the peer would not take everything in time.
  bool send(std::string_view bytes);

  // Reads one response, interim ones skipped. Bytes behind it stay for the next call.
  Answer read_answer(Patience limit = patience, bool to_head_request = false);
  // Reads the head of a response and leaves its body to the calls below.
  Answer read_head(Patience limit = patience);
  // Reads one head, also that of an interim response.
  Answer read_interim(Patience limit = patience);
  // Reads on until the body (without framing) contains `text`; false when it ended or stalled before.
  bool read_until(Answer& answer, std::string_view text, Patience limit = patience);
  // Reads the rest of that body.
  void read_rest(Answer& answer, Patience limit = patience);

  // Everything until the peer closes, raw; `ending` says how it did.
  std::string read_to_close(Ending& ending, Patience limit = patience);
  // Waits for the end and ignores what comes before it.
  Ending await_close(Patience limit = patience);
  // Bytes received and not yet part of an answer.
  const std::string& unread() const { return in_; }

  void half_close();
  void close();
  void reset();

 private:
  enum class Framing : std::uint8_t { none, length, chunked, to_end };
  Ending receive(Moment until);
  bool wait(short events, Moment until);
  bool take_head(Answer& answer);
  bool take_body(Answer& answer);
  bool take_chunks(Answer& answer);
  void greet(const std::string& authority);

  struct Tls;
  int socket_ = -1;
  std::unique_ptr<Tls> tls_;
  std::string in_;
  Framing framing_ = Framing::none;
  std::size_t remaining_ = 0;
  Moment first_byte_{};
  Moment last_byte_{};
};

// A POST of a JSON body with the fields a good client sends. `more_fields` are whole lines.
std::string post(std::string_view target, std::string_view body, std::string_view more_fields = "");
std::string get(std::string_view target, std::string_view more_fields = "");

}  // namespace sluice::test
