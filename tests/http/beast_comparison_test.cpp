#include <sluice/http/reader.hpp>

#include <gtest/gtest.h>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "http/payloads.hpp"
#include "http/read_all.hpp"

// What Boost.Beast's parser makes of the same bytes. Ours may refuse more, never less; every difference is written
// down here with its reason, and docs/reference/http.md repeats the list.
namespace sluice::http {
namespace {

namespace beast = boost::beast;

enum class Verdict { accepted, refused, waiting };

struct BeastReading {
  std::vector<std::string> bodies;
  Verdict verdict = Verdict::accepted;
};

BeastReading read_with_beast(const std::string& bytes) {
  BeastReading reading;
  boost::asio::const_buffer rest(bytes.data(), bytes.size());
  while (rest.size() > 0) {
    beast::http::request_parser<beast::http::string_body> parser;
    parser.eager(true);
    parser.header_limit(default_request_limits.bytes);
    parser.body_limit(boost::none);
    while (!parser.is_done()) {
      beast::error_code error;
      const std::size_t used = parser.put(rest, error);
      rest += used;
      const bool waits = error == beast::http::error::need_more || (!error && used == 0);
      if (error || waits) {
        reading.verdict = waits ? Verdict::waiting : Verdict::refused;
        return reading;
      }
    }
    const auto request = parser.release();
    reading.bodies.push_back(request.body());
    if (!request.keep_alive() || request.version() == 10) break;
  }
  return reading;
}

struct Difference {
  std::string reason;
  std::vector<std::string> payloads;
};

// What ours refuses and Beast accepts or waits for.
const std::vector<Difference>& stricter() {
  static const std::vector<Difference> differences = {
      {"Only the status: an expectation Beast leaves to its caller (RFC 9110 §10.1.1 allows 417)",
       {"expect something else", "expect continue and more"}},
      {"A method longer than any we know gets 501 (RFC 9112 §3)", {"a method of 33 bytes"}},
      {"We are no tunnel", {"connect"}},
      {"A limit of ours that Beast does not have, or checks later",
       {"a method without an end", "a target of 8193 bytes", "a target without an end", "one hundred and one fields",
        "a head of 32 KiB and a byte", "fields without an end", "a size of seventeen zeros",
        "an extension of 257 bytes", "trailers of more than 8 KiB"}},
      {"Beast does not look at the form of the target",
       {"absolute form of another host", "absolute form of another port", "absolute form with a user",
        "absolute form of only a query", "absolute form of another scheme", "the asterisk", "no slash first"}},
      {"Beast lets bytes into the target that readers of paths disagree about",
       {"a fragment", "a backslash", "a byte 0x80", "utf-8", "an overlong slash", "an escaped NUL", "an escaped slash",
        "an escaped slash, upper case", "escaped dots", "escaped dots, mixed case"}},
      {"Beast does not look at Host (RFC 9112 §3.2 wants 400)",
       {"no host",
        "no fields at all",
        "no host in http 1.0",
        "two hosts",
        "two equal hosts",
        "an empty host",
        "a host with a path",
        "a host with a fragment",
        "a host with a user",
        "a host with a blank",
        "two hosts in one field",
        "a host with a byte above 0x7f",
        "a host with an empty port",
        "a host with a port of letters",
        "a host with a port beyond 65535",
        "a host with two ports",
        "a port alone",
        "an open bracket",
        "something behind the bracket",
        "brackets around a name"}},
      {"Beast merges repeated lengths that agree (RFC 9112 §6.3 allows it)",
       {"two equal lengths", "a list of lengths"}},
      {"Beast takes chunked in HTTP/1.0, where a proxy in front may not see it", {"chunked in http 1.0"}},
      {"Beast takes a coding it does not know for none, and the body for the next request",
       {"chunked twice", "chunked then identity", "identity", "gzip", "an empty coding", "a quoted coding",
        "a coding with a byte 0xa0"}},
      {"Beast takes a coding it does not know for none, and believes the length beside it",
       {"an unknown coding and a length", "an empty coding and a length"}},
      {"Beast takes a list that ends in chunked, without undoing the rest",
       {"identity then chunked", "gzip then chunked", "a coding with a parameter", "a coding with a comma",
        "a coding after a comma"}},
      {"Beast unfolds fields (RFC 9112 §5.2 allows 400 or that)",
       {"a coding on the next line", "a coding behind a blank", "a folded field", "a field folded with a tab",
        "a line of blanks", "a folded trailer"}},
      {"Beast waits for an end that cannot come any more",
       {"bare LF as the last line", "the last chunk with bare LF", "the last line with bare LF",
        "the last line with bare CR", "an extension that is not closed"}},
      {"Beast takes blanks in chunk extensions (RFC 9112 §7.1.1 calls them bad)", {"an extension behind a blank"}},
      {"Beast takes control bytes in quoted chunk extensions", {"an extension with LF in quotes"}},
  };
  return differences;
}

// The one place where ours accepts more: RFC 9112 §2.2 asks servers to skip an empty line before a request.
const std::vector<std::string>& more_lenient() {
  static const std::vector<std::string> names = {"one empty line first", "two empty lines first",
                                                 "an empty line after a body"};
  return names;
}

std::set<std::string> names_of_differences() {
  std::set<std::string> names(more_lenient().begin(), more_lenient().end());
  for (const Difference& difference : stricter()) names.insert(difference.payloads.begin(), difference.payloads.end());
  return names;
}

TEST(BeastComparison, differs_exactly_where_the_table_says) {
  std::set<std::string> expected = names_of_differences();
  for (const Payload& payload : payloads()) {
    const BeastReading theirs = read_with_beast(payload.bytes);
    const Verdict ours = payload.accepted ? Verdict::accepted : Verdict::refused;
    const bool differs = theirs.verdict != ours || theirs.bodies != payload.bodies;
    EXPECT_EQ(differs, expected.erase(payload.name) == 1)
        << payload.name << ": " << static_cast<int>(theirs.verdict) << " after " << theirs.bodies.size() << " requests";
  }
  for (const std::string& name : expected) ADD_FAILURE() << "no such payload: " << name;
}

TEST(BeastComparison, is_stricter_except_for_empty_lines) {
  std::map<std::string, bool> accepted;
  for (const Payload& payload : payloads()) accepted[payload.name] = payload.accepted;
  for (const Difference& difference : stricter()) {
    for (const std::string& name : difference.payloads) EXPECT_FALSE(accepted[name]) << name;
  }
  for (const std::string& name : more_lenient()) EXPECT_TRUE(accepted[name]) << name;
}

// Small damage of the kinds that make readers disagree, from a seed.
class Damage {
 public:
  explicit Damage(unsigned seed) : random_(seed) {}

  std::string apply(std::string bytes) {
    for (std::size_t times = 1 + below(3); times > 0; --times) once(bytes);
    return bytes;
  }
  std::size_t below(std::size_t bound) { return random_() % bound; }

 private:
  void once(std::string& bytes) {
    static const std::vector<std::string> pieces = {"\r",
                                                    "\n",
                                                    "\r\n",
                                                    " ",
                                                    "\t",
                                                    std::string(1, '\0'),
                                                    "\x80",
                                                    ":",
                                                    ";",
                                                    ",",
                                                    "0",
                                                    "1",
                                                    "a",
                                                    "F",
                                                    "=",
                                                    "\"",
                                                    "/",
                                                    "?",
                                                    "%",
                                                    "\\",
                                                    "\x7F",
                                                    "Content-Length: 3\r\n",
                                                    "Transfer-Encoding: chunked\r\n",
                                                    "Host: b\r\n",
                                                    "chunked",
                                                    "0\r\n\r\n",
                                                    ";a=b",
                                                    "X: y\r\n"};
    const std::size_t at = below(bytes.size());
    const std::size_t run = std::min(1 + below(8), bytes.size() - at);
    switch (below(4)) {
      case 0:
        bytes.insert(at, pieces[below(pieces.size())]);
        break;
      case 1:
        bytes.replace(at, 1, pieces[below(pieces.size())]);
        break;
      case 2:
        bytes.erase(at, run);
        break;
      default:
        bytes.insert(at, bytes.substr(at, run));
        break;
    }
    if (bytes.empty()) bytes = "\r\n";
  }

  std::mt19937 random_;
};

// Without the empty lines that may stand before a request, for a fair comparison.
std::string without_empty_lines_first(std::string bytes) {
  while (bytes.starts_with("\r\n")) bytes.erase(0, 2);
  return bytes;
}

TEST(BeastComparison, finds_every_request_of_ours_in_damaged_input_too) {
  std::vector<std::string> originals;
  for (const Payload& payload : payloads()) {
    if (payload.bytes.size() < 1000 && payload.bodies.size() == 1) originals.push_back(payload.bytes);
  }
  Damage damage(20'112);
  int accepted = 0;
  for (int i = 0; i < 20'000; ++i) {
    const std::string original = originals[damage.below(originals.size())];
    const std::string bytes = without_empty_lines_first(damage.apply(original));
    const Reading ours = read_whole(bytes);
    if (ours.requests.empty()) continue;
    ++accepted;
    const BeastReading theirs = read_with_beast(bytes);
    ASSERT_FALSE(theirs.bodies.empty()) << testing::PrintToString(bytes);
    ASSERT_EQ(theirs.bodies.front(), ours.requests.front().body) << testing::PrintToString(bytes);
  }
  EXPECT_GT(accepted, 2'000);
}

}  // namespace
}  // namespace sluice::http
