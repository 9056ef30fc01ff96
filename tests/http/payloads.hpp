#pragma once

#include <string>
#include <utility>
#include <vector>

// The hostile and the merely odd requests a front door meets, and what it has to make of them.
namespace sluice::http {

// Bytes of one connection. Accepted: they are exactly the requests with these bodies, and nothing is left over.
// Refused: after the requests with these bodies (usually none) comes a refusal with this status, and the
// connection is over; it must not have waited for more bytes.
struct Payload {
  std::string name;
  std::string bytes;
  bool accepted = false;
  int status = 0;
  std::vector<std::string> bodies;
};

namespace payload_parts {

using std::string_literals::operator""s;

inline Payload accepts(std::string name, std::string bytes, std::vector<std::string> bodies) {
  return {std::move(name), std::move(bytes), true, 0, std::move(bodies)};
}

inline Payload refuses(std::string name, std::string bytes, int status, std::vector<std::string> bodies_before = {}) {
  return {std::move(name), std::move(bytes), false, status, std::move(bodies_before)};
}

// A request with a Host and these further field lines.
inline std::string post(const std::string& fields, const std::string& body) {
  return "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n" + fields + "\r\n" + body;
}
inline std::string get(const std::string& target) { return "GET " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n"; }
inline std::string get_with(const std::string& fields) { return "GET / HTTP/1.1\r\n" + fields + "\r\n"; }
inline std::string chunked(const std::string& body) { return post("Transfer-Encoding: chunked\r\n", body); }
inline std::string repeated(const std::string& text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

// What a smuggler hides behind a body whose end two readers see in two places.
inline const std::string smuggled = "GET /admin HTTP/1.1\r\nHost: localhost\r\n\r\n";

inline std::vector<Payload> ordinary() {
  return {
      accepts("get", get("/v1/models"), {""}),
      accepts("get with a query", get("/v1/models?limit=2&after=%20x"), {""}),
      accepts("post with a length", post("Content-Length: 3\r\n", "abc"), {"abc"}),
      accepts("post with length zero", post("Content-Length: 0\r\n", ""), {""}),
      accepts("post without a body", post("", ""), {""}),
      accepts("get with a body", "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi", {"hi"}),
      accepts("two pipelined", get("/") + get("/"), {"", ""}),
      accepts("three pipelined with bodies",
              post("Content-Length: 3\r\n", "abc") + chunked("2\r\nde\r\n0\r\n\r\n") + get("/"), {"abc", "de", ""}),
      accepts("one empty line first", "\r\n" + get("/"), {""}),
      accepts("an empty line after a body", post("Content-Length: 3\r\n", "abc") + "\r\n" + get("/"), {"abc", ""}),
      accepts("two empty lines first", "\r\n\r\n" + get("/"), {""}),
      refuses("three empty lines first", "\r\n\r\n\r\n" + get("/"), 400),
      accepts("names in any case", "POST / HTTP/1.1\r\nhOST: a\r\ncONTENT-lENGTH: 1\r\n\r\nx", {"x"}),
      accepts("no blank after the colon", "POST / HTTP/1.1\r\nHost:a\r\nContent-Length:1\r\n\r\nx", {"x"}),
      accepts("blanks around values", post("Content-Length: \t 1 \t\r\n", "x"), {"x"}),
      accepts("an empty value", post("X-Empty:\r\nContent-Length: 1\r\n", "x"), {"x"}),
      accepts("leading zeros in the length", post("Content-Length: 0003\r\n", "abc"), {"abc"}),
      accepts("connection close", get_with("Host: a\r\nConnection: close\r\n"), {""}),
      accepts("connection options with empty items", get_with("Host: a\r\nConnection: ,TE, ,\r\n"), {""}),
      refuses("a connection option that is no token", get_with("Host: a\r\nConnection: (close)\r\n"), 400),
      accepts("http 1.0", "GET / HTTP/1.0\r\nHost: a\r\n\r\n", {""}),
      accepts("http 1.0 with a body", "POST / HTTP/1.0\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", {"abc"}),
      accepts("expect continue", post("Expect: 100-continue\r\nContent-Length: 2\r\n", "ok"), {"ok"}),
      refuses("expect something else", post("Expect: 200-maybe\r\nContent-Length: 2\r\n", "ok"), 417),
      refuses("expect continue and more", post("Expect: 100-continue, x=1\r\nContent-Length: 2\r\n", "ok"), 417),
      accepts("upgrade is ignored", get_with("Host: a\r\nConnection: Upgrade\r\nUpgrade: foo\r\n") + get("/"),
              {"", ""}),
      accepts("a byte above 0x7f in a value", get_with("Host: a\r\nX-Latin: caf\xE9\r\n"), {""}),
      accepts("a tab in a value", get_with("Host: a\r\nX-Tab: a\tb\r\n"), {""}),
  };
}

inline std::vector<Payload> request_lines() {
  return {
      accepts("an unknown method that is a token", "G!T / HTTP/1.1\r\nHost: a\r\n\r\n", {""}),
      accepts("a method in lower case", "get / HTTP/1.1\r\nHost: a\r\n\r\n", {""}),
      refuses("a method with a bracket", "G(T / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
      refuses("a method with a byte above 0x7f", "G\xC3\x89T / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
      refuses("an empty method", " / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
      refuses("a method of 33 bytes", std::string(33, 'A') + " / HTTP/1.1\r\nHost: a\r\n\r\n", 501),
      refuses("a method without an end", std::string(9000, 'A'), 414),
      refuses("connect", "CONNECT localhost:443 HTTP/1.1\r\nHost: localhost:443\r\n\r\n", 501),
      refuses("http 0.9, simple", "GET /\r\n", 400),
      refuses("http 0.9, named", "GET / HTTP/0.9\r\n", 505),
      refuses("http 1.2", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", 505),
      refuses("http 2.0", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505),
      refuses("the preface of http 2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
      refuses("a version in lower case", "GET / http/1.1\r\nHost: a\r\n\r\n", 400),
      refuses("a version with two digits", "GET / HTTP/1.10\r\nHost: a\r\n\r\n", 400),
      refuses("a version with a leading zero", "GET / HTTP/01.1\r\nHost: a\r\n\r\n", 400),
      refuses("a version without a point", "GET / HTTP/11\r\nHost: a\r\n\r\n", 400),
      refuses("another protocol", "GET / ICAP/1.0\r\nHost: a\r\n\r\n", 400),
      refuses("a blank after the version", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400),
      refuses("two blanks before the target", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
      refuses("two blanks before the version", "GET /  HTTP/1.1\r\nHost: a\r\n\r\n", 400),
      refuses("a tab before the target", "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
      refuses("a request line of one word", "GET\r\nHost: a\r\n\r\n", 400),
      refuses("a tls hello", "\x16\x03\x01\x02\x00\x01\x00\x01\xFC\x03\x03"s, 400),
      refuses("a response", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 400),
      refuses("garbage after a request", get("/") + "\x01\x02\x03", 400, {""}),
      refuses("more body than the length", post("Content-Length: 3\r\n", "abc(d)\r\n"), 400, {"abc"}),
  };
}

inline std::vector<Payload> targets() {
  return {
      accepts("absolute form of the same host", "GET http://localhost/v1/models HTTP/1.1\r\nHost: localhost\r\n\r\n",
              {""}),
      accepts("absolute form, other case", "GET HTTP://LocalHost:80/ HTTP/1.1\r\nHost: localhost:80\r\n\r\n", {""}),
      accepts("absolute form without a path", "GET http://localhost HTTP/1.1\r\nHost: localhost\r\n\r\n", {""}),
      refuses("absolute form of another host", "GET http://elsewhere/ HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
      refuses("absolute form of another port", "GET http://localhost:81/ HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
      refuses("absolute form with a user", "GET http://u@localhost/ HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
      refuses("absolute form of only a query", "GET http://localhost?x HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
      refuses("absolute form of another scheme", "GET ftp://localhost/ HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
      refuses("the asterisk", "OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
      refuses("no slash first", get("v1/models"), 400),
      refuses("a fragment", get("/v1/models#x"), 400),
      refuses("a backslash", get("/v1\\models"), 400),
      refuses("a byte 0x80", get("/v1/\x80"), 400),
      refuses("utf-8", get("/v1/\xC3\xA9"), 400),
      refuses("an overlong slash", get("/v1/..\xC0\xAF"), 400),
      refuses("DEL", get("/v1/\x7F"), 400),
      refuses("a tab", get("/v1/\tx"), 400),
      refuses("an escaped NUL", get("/v1/models%00"), 400),
      refuses("an escaped slash", get("/v1%2fmodels"), 400),
      refuses("an escaped slash, upper case", get("/v1%2Fmodels"), 400),
      refuses("escaped dots", get("/v1/%2e%2e/admin"), 400),
      refuses("escaped dots, mixed case", get("/v1/%2E%2e/admin"), 400),
      accepts("plain dots, which match no route", get("/v1/../admin"), {""}),
      accepts("two slashes, which match no route", get("//v1/models"), {""}),
      accepts("a semicolon, which matches no route", get("/v1/models;x=1"), {""}),
      accepts("a target of 8192 bytes", get("/" + std::string(8191, 'a')), {""}),
      refuses("a target of 8193 bytes", get("/" + std::string(8192, 'a')), 414),
      refuses("a target without an end", "GET /" + std::string(9000, 'a'), 414),
  };
}

inline std::vector<Payload> hosts() {
  const auto with = [](const std::string& host) { return get_with("Host: " + host + "\r\n"); };
  return {
      refuses("no host", get_with("Accept: */*\r\n"), 400),
      refuses("no fields at all", "GET / HTTP/1.1\r\n\r\n", 400),
      refuses("no host in http 1.0", "GET / HTTP/1.0\r\n\r\n", 400),
      refuses("two hosts", get_with("Host: a\r\nHost: b\r\n"), 400),
      refuses("two equal hosts", get_with("Host: a\r\nhost: a\r\n"), 400),
      refuses("an empty host", get_with("Host:\r\n"), 400),
      refuses("a host with a path", with("localhost:4000/#@x"), 400),
      refuses("a host with a fragment", with("a/#@b"), 400),
      refuses("a host with a user", with("u@localhost"), 400),
      refuses("a host with a blank", with("a b"), 400),
      refuses("two hosts in one field", with("a, b"), 400),
      refuses("a host with a byte above 0x7f", with("caf\xE9"), 400),
      refuses("a host with an empty port", with("localhost:"), 400),
      refuses("a host with a port of letters", with("localhost:http"), 400),
      refuses("a host with a port beyond 65535", with("localhost:65536"), 400),
      refuses("a host with two ports", with("localhost:1:2"), 400),
      refuses("a port alone", with(":80"), 400),
      refuses("an open bracket", with("[::1"), 400),
      refuses("something behind the bracket", with("[::1]x"), 400),
      refuses("brackets around a name", with("[localhost]"), 400),
      accepts("a host with a port", with("api.example_1.test:8080"), {""}),
      accepts("an ipv4 address", with("127.0.0.1:8080"), {""}),
      accepts("an ipv6 address", with("[::1]"), {""}),
      accepts("an ipv6 address with a port", with("[2001:db8::1]:8080"), {""}),
  };
}

inline std::vector<Payload> lengths() {
  const auto with = [](const std::string& value) { return post("Content-Length: " + value + "\r\n", "abc"); };
  return {
      refuses("two equal lengths", post("Content-Length: 3\r\nContent-Length: 3\r\n", "abc"), 400),
      refuses("two different lengths", post("Content-Length: 3\r\nContent-Length: 0\r\n", "abc"), 400),
      refuses("a list of lengths", with("3, 3"), 400),
      refuses("a length with plus", with("+3"), 400),
      refuses("a negative length", with("-1"), 400),
      refuses("a hexadecimal length", with("0x3"), 400),
      refuses("a length with a point", with("3.0"), 400),
      refuses("a length with an exponent", with("3e0"), 400),
      refuses("a length with a blank inside", with("3 0"), 400),
      refuses("a length with a semicolon", with("3;"), 400),
      refuses("a quoted length", with("\"3\""), 400),
      refuses("an empty length", with(""), 400),
      refuses("a length of 2^64", with("18446744073709551616"), 400),
      refuses("a length of thirty digits", with(std::string(30, '9')), 400),
      refuses("a length in other digits", with("\xD9\xA3"), 400),
  };
}

inline std::vector<Payload> codings() {
  const std::string body = "3\r\nabc\r\n0\r\n\r\n";
  const auto with = [&](const std::string& value) {
    return post("Transfer-Encoding: " + value + "\r\n", body + smuggled);
  };
  return {
      accepts("chunked", chunked(body), {"abc"}),
      accepts("chunked in another case", post("Transfer-Encoding: CHUNKED\r\n", body), {"abc"}),
      refuses("length then chunked", post("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", body), 400),
      refuses("chunked then length", post("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", body), 400),
      refuses("chunked and length zero", post("Transfer-Encoding: chunked\r\nContent-Length: 0\r\n", body), 400),
      refuses("chunked in http 1.0", "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + body, 400),
      refuses("chunked twice", with("chunked, chunked"), 400),
      refuses("chunked in two fields", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", body), 400),
      refuses("chunked then identity", with("chunked, identity"), 400),
      refuses("identity then chunked", with("identity, chunked"), 400),
      refuses("identity", with("identity"), 400),
      refuses("gzip then chunked", with("gzip, chunked"), 400),
      refuses("gzip", with("gzip"), 400),
      refuses("an unknown coding and a length", post("Transfer-Encoding: xchunked\r\nContent-Length: 3\r\n", "abc"),
              400),
      refuses("an empty coding and a length", post("Transfer-Encoding:\r\nContent-Length: 3\r\n", "abc"), 400),
      refuses("an empty coding", with(""), 400),
      refuses("a quoted coding", with("\"chunked\""), 400),
      refuses("a coding with a parameter", with("chunked;q=1"), 400),
      refuses("a coding with a comma", with("chunked,"), 400),
      refuses("a coding after a comma", with(", chunked"), 400),
      refuses("a coding with a vertical tab",
              with("\x0B"
                   "chunked"),
              400),
      refuses("a coding with a NUL", with("chunked\0"s), 400),
      refuses("a coding with a byte 0xa0",
              with("\xA0"
                   "chunked"),
              400),
      refuses("a coding on the next line", post("Transfer-Encoding:\r\n chunked\r\n", body), 400),
      refuses("a coding whose name has a blank", post("Transfer-Encoding : chunked\r\n", body), 400),
      refuses("a coding whose name has a tab", post("Transfer-Encoding\t: chunked\r\n", body), 400),
      refuses("a coding behind a blank", post(" Transfer-Encoding: chunked\r\n", body), 400),
      refuses("a coding behind a bare LF", post("X: y\nTransfer-Encoding: chunked\r\n", body), 400),
      refuses("a coding behind a bare CR", post("X: y\rTransfer-Encoding: chunked\r\n", body), 400),
      refuses("a length behind a bare LF", post("X: y\nContent-Length: 3\r\n", "abc"), 400),
      accepts("a coding under a name with an underscore",
              post("Transfer_Encoding: chunked\r\nContent-Length: 3\r\n", "abc"), {"abc"}),
  };
}

inline std::vector<Payload> fields() {
  return {
      refuses("a folded field", get_with("Host: a\r\nX-Folded: a\r\n b\r\n"), 400),
      refuses("a field folded with a tab", get_with("Host: a\r\nX-Folded: a\r\n\tb\r\n"), 400),
      refuses("a folded first field", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400),
      refuses("a line of blanks", get_with("Host: a\r\n \r\n"), 400),
      refuses("bare LF everywhere", "GET / HTTP/1.1\nHost: a\n\n", 400),
      refuses("bare LF after the request line", "GET / HTTP/1.1\nHost: a\r\n\r\n", 400),
      refuses("bare LF after a field", get_with("Host: a\n"), 400),
      refuses("bare LF as the last line", "GET / HTTP/1.1\r\nHost: a\r\n\n", 400),
      refuses("bare LF first", "\n" + get("/"), 400),
      refuses("bare CR in a value", get_with("Host: a\r\nX: a\rb\r\n"), 400),
      refuses("bare CR everywhere", "GET / HTTP/1.1\rHost: a\r\r", 400),
      refuses("two CR before LF", get_with("Host: a\r\r\n"), 400),
      refuses("NUL in a value", get_with("Host: a\r\nX: a\0b\r\n"s), 400),
      refuses("NUL in a name", get_with("Host: a\r\nX\0Y: a\r\n"s), 400),
      refuses("NUL in the target", get("/\0"s), 400),
      refuses("ESC in a value", get_with("Host: a\r\nX: \x1B[31m\r\n"), 400),
      refuses("DEL in a value", get_with("Host: a\r\nX: \x7F\r\n"), 400),
      refuses("a byte above 0x7f in a name", get_with("Host: a\r\nX\xEF: a\r\n"), 400),
      refuses("a blank before the colon", get_with("Host : a\r\n"), 400),
      refuses("a blank inside a name", get_with("Host: a\r\nX Y: a\r\n"), 400),
      refuses("a name with a bracket", get_with("Host: a\r\nX(Y): a\r\n"), 400),
      refuses("an empty name", get_with("Host: a\r\n: a\r\n"), 400),
      refuses("a line without a colon", get_with("Host: a\r\nnonsense\r\n"), 400),
      accepts("one hundred fields", get_with("Host: a\r\n" + repeated("X: y\r\n", 99)), {""}),
      refuses("one hundred and one fields", get_with("Host: a\r\n" + repeated("X: y\r\n", 100)), 431),
      accepts("a head of 32 KiB", get_with("Host: a\r\nX: " + std::string(32 * 1024 - 32, 'y') + "\r\n"), {""}),
      refuses("a head of 32 KiB and a byte", get_with("Host: a\r\nX: " + std::string(32 * 1024 - 31, 'y') + "\r\n"),
              431),
      refuses("a field without an end", "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(33 * 1024, 'y'), 431),
      refuses("fields without an end", "GET / HTTP/1.1\r\nHost: a\r\n" + repeated("X: y\r\n", 101), 431),
  };
}

inline std::vector<Payload> chunk_sizes() {
  return {
      accepts("one chunk", chunked("3\r\nabc\r\n0\r\n\r\n"), {"abc"}),
      accepts("three chunks", chunked("1\r\na\r\n2\r\nbc\r\nA\r\n0123456789\r\n0\r\n\r\n"), {"abc0123456789"}),
      accepts("no chunk", chunked("0\r\n\r\n"), {""}),
      accepts("a size with leading zeros", chunked("0003\r\nabc\r\n000\r\n\r\n"), {"abc"}),
      accepts("chunks and a pipelined request", chunked("3\r\nabc\r\n0\r\n\r\n") + get("/"), {"abc", ""}),
      refuses("a size with 0x", chunked("0x3\r\nabc\r\n0\r\n\r\n"), 400),
      refuses("a size with plus", chunked("+3\r\nabc\r\n0\r\n\r\n"), 400),
      refuses("a negative size", chunked("-3\r\nabc\r\n0\r\n\r\n"), 400),
      refuses("a blank before the size", chunked(" 3\r\nabc\r\n0\r\n\r\n"), 400),
      refuses("a blank after the size", chunked("3 \r\nabc\r\n0\r\n\r\n"), 400),
      refuses("a tab after the size", chunked("3\t\r\nabc\r\n0\r\n\r\n"), 400),
      refuses("a size that is no number", chunked("g\r\nabc\r\n0\r\n\r\n"), 400),
      refuses("an underscore in the size", chunked("1_0\r\nabc\r\n0\r\n\r\n"), 400),
      refuses("no size", chunked("\r\nabc\r\n0\r\n\r\n"), 400),
      refuses("a size beyond 64 bits", chunked("10000000000000003\r\nabc\r\n0\r\n\r\n"), 400),
      refuses("a size of seventeen zeros", chunked("00000000000000000\r\n\r\n"), 400),
      refuses("a size with bare LF", chunked("3\nabc\r\n0\r\n\r\n"), 400),
      refuses("a size with bare CR", chunked("3\rabc\r\n0\r\n\r\n"), 400),
      refuses("data with bare LF", chunked("3\r\nabc\n0\r\n\r\n"), 400),
      refuses("data with bare CR", chunked("3\r\nabc\r0\r\n\r\n"), 400),
      refuses("data longer than its size", chunked("3\r\nabcd\r\n0\r\n\r\n"), 400),
      refuses("a wrong terminator", chunked("3\r\nabcXX0\r\n\r\n"), 400),
      refuses("the last chunk with bare LF", chunked("3\r\nabc\r\n0\n\r\n"), 400),
      refuses("the last line with bare LF", chunked("3\r\nabc\r\n0\r\n\n"), 400),
      refuses("the last line with bare CR", chunked("3\r\nabc\r\n0\r\n\rX"), 400),
  };
}

inline std::vector<Payload> chunk_ends() {
  const auto extended = [](const std::string& extension) { return chunked("3" + extension + "\r\nabc\r\n0\r\n\r\n"); };
  const auto trailing = [](const std::string& trailers) { return chunked("3\r\nabc\r\n0\r\n" + trailers + "\r\n"); };
  return {
      accepts("an extension", extended(";name=value"), {"abc"}),
      accepts("an extension without a value", extended(";name"), {"abc"}),
      accepts("two extensions, one quoted", extended(";a=\"b; \\\"c\\\"\";d"), {"abc"}),
      accepts("an extension of the last chunk", chunked("3\r\nabc\r\n0;x=y\r\n\r\n"), {"abc"}),
      accepts("an extension of 256 bytes", extended(";" + std::string(255, 'x')), {"abc"}),
      refuses("an extension of 257 bytes", extended(";" + std::string(256, 'x')), 400),
      refuses("an empty extension", extended(";"), 400),
      refuses("an extension without a name", extended(";=x"), 400),
      refuses("an extension with an empty value", extended(";a="), 400),
      refuses("an extension behind a blank", extended(" ;a=b"), 400),
      refuses("an extension with bare LF", extended(";a\nX"), 400),
      refuses("an extension with bare CR", extended(";a\rX"), 400),
      refuses("an extension with LF in quotes", extended(";a=\"b\nc\""), 400),
      refuses("an extension with CR LF in quotes", extended(";a=\"b\r\nc\""), 400),
      refuses("an extension that is not closed", extended(";a=\"b"), 400),
      refuses("an extension with NUL", extended(";a\0"s), 400),
      accepts("a trailer", trailing("X-Checksum: 1\r\n"), {"abc"}),
      accepts("an authorization trailer, which is dropped", trailing("Authorization: Bearer stolen\r\n"), {"abc"}),
      accepts("a host trailer, which is dropped", trailing("Host: elsewhere\r\n"), {"abc"}),
      accepts("trailers and a pipelined request", trailing("A: 1\r\nB: 2\r\n") + get("/"), {"abc", ""}),
      refuses("a length trailer", trailing("Content-Length: 5\r\n"), 400),
      refuses("a coding trailer", trailing("transfer-encoding: chunked\r\n"), 400),
      refuses("a trailer without a colon", trailing("nonsense\r\n"), 400),
      refuses("a trailer without a name", trailing(": x\r\n"), 400),
      refuses("a folded trailer", trailing("A: 1\r\n b\r\n"), 400),
      refuses("a trailer with a blank before the colon", trailing("A : 1\r\n"), 400),
      refuses("a trailer with bare LF", trailing("A: 1\nB: 2\r\n"), 400),
      refuses("a trailer with NUL", trailing("A: \0\r\n"s), 400),
      refuses("trailers of more than 8 KiB", trailing("A: " + std::string(8 * 1024, 'x') + "\r\n"), 400),
  };
}

}  // namespace payload_parts

inline const std::vector<Payload>& payloads() {
  static const std::vector<Payload> all = [] {
    namespace parts = payload_parts;
    std::vector<Payload> joined;
    for (auto& part : {parts::ordinary(), parts::request_lines(), parts::targets(), parts::hosts(), parts::lengths(),
                       parts::codings(), parts::fields(), parts::chunk_sizes(), parts::chunk_ends()}) {
      joined.insert(joined.end(), part.begin(), part.end());
    }
    return joined;
  }();
  return all;
}

}  // namespace sluice::http
