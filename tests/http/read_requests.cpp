// Shows what the request reader makes of bytes, for comparisons with other readers.
//   read_requests              one connection's bytes on stdin; one JSON line for each request, and one for its end
//   read_requests --hex-lines  one connection per line, in hexadecimal; one JSON array per line
//   read_requests --payloads   the table of payloads, one JSON object per line
#include <iostream>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/base/text.hpp>

#include "http/payloads.hpp"
#include "http/read_all.hpp"

namespace sluice::http {
namespace {

std::string quoted(std::string_view text) {
  std::string out = "\"";
  append_json_escaped(out, text);
  return out += '"';
}

std::string hexadecimal(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
  return out += '"';
}

std::optional<std::string> from_hexadecimal(std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string bytes;
  if (text.size() % 2 != 0) return std::nullopt;
  for (std::size_t at = 0; at < text.size(); at += 2) {
    const std::size_t high = digits.find(text[at]);
    const std::size_t low = digits.find(text[at + 1]);
    if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
    bytes += static_cast<char>(high * 16 + low);
  }
  return bytes;
}

// One JSON object for each request, and one for how the connection ended.
std::vector<std::string> describe(const Reading& reading) {
  std::vector<std::string> lines;
  for (const ReadRequest& request : reading.requests) {
    lines.push_back("{\"method\":" + quoted(request.method) + ",\"target\":" + quoted(request.target) +
                    ",\"body\":" + hexadecimal(request.body) + "}");
  }
  const std::string end = reading.refused != 0 ? "refused" : reading.incomplete ? "incomplete" : "complete";
  lines.push_back("{\"end\":" + quoted(end) + ",\"status\":" + std::to_string(reading.refused) +
                  ",\"reason\":" + quoted(reading.reason) + "}");
  return lines;
}

std::string joined(const std::vector<std::string>& items) {
  std::string out;
  for (const std::string& item : items) out += (out.empty() ? "" : ",") + item;
  return "[" + out + "]";
}

void print_payloads() {
  for (const Payload& payload : payloads()) {
    std::vector<std::string> bodies;
    for (const std::string& body : payload.bodies) bodies.push_back(hexadecimal(body));
    std::cout << "{\"name\":" << quoted(payload.name) << ",\"bytes\":" << hexadecimal(payload.bytes)
              << ",\"accepted\":" << (payload.accepted ? "true" : "false") << ",\"status\":" << payload.status
              << ",\"bodies\":" << joined(bodies) << "}\n";
  }
}

int read_hex_lines() {
  for (std::string line; std::getline(std::cin, line);) {
    const auto bytes = from_hexadecimal(line);
    if (!bytes) return 65;
    std::cout << joined(describe(read_whole(*bytes))) << '\n';
  }
  return 0;
}

int read_stdin() {
  const std::string bytes(std::istreambuf_iterator<char>(std::cin), {});
  for (const std::string& line : describe(read_whole(bytes))) std::cout << line << '\n';
  return 0;
}

}  // namespace
}  // namespace sluice::http

int main(int count, char** arguments) {
  const std::string_view mode = count > 1 ? arguments[1] : "";
  if (mode.empty()) return sluice::http::read_stdin();
  if (mode == "--hex-lines") return sluice::http::read_hex_lines();
  if (mode != "--payloads") return 64;
  sluice::http::print_payloads();
  return 0;
}
