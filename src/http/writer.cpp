#include <sluice/http/writer.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include "http/fields.hpp"

namespace sluice::http {

void HeadWriter::request_line(std::string_view method, std::string_view target) {
  const bool visible =
      std::all_of(target.begin(), target.end(), [](char byte) { return byte >= 0x21 && byte <= 0x7E; });
  failed_ = failed_ || !is_token(method) || target.empty() || !visible;
  constexpr std::string_view version = " HTTP/1.1\r\n";
  if (!room_for(method.size() + 1 + target.size() + version.size())) return;
  append(method);
  append(" ");
  append(target);
  append(version);
}

void HeadWriter::status_line(int status) {
  failed_ = failed_ || status < 100 || status > 599;
  const std::string_view phrase = reason_phrase(status);
  constexpr std::string_view version = "HTTP/1.1 ";
  if (!room_for(version.size() + 4 + phrase.size() + 2)) return;
  const std::array<char, 4> digits{static_cast<char>('0' + status / 100), static_cast<char>('0' + status / 10 % 10),
                                   static_cast<char>('0' + status % 10), ' '};
  append(version);
  append({digits.data(), digits.size()});
  append(phrase);
  append("\r\n");
}

void HeadWriter::field(std::string_view name, std::string_view value) {
  failed_ = failed_ || !is_token(name) || !is_field_value(value);
  if (!room_for(name.size() + 2 + value.size() + 2)) return;
  append(name);
  append(": ");
  append(value);
  append("\r\n");
}

void HeadWriter::field(std::string_view name, std::uint64_t value) {
  std::array<char, 20> digits{};
  const auto written = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  field(name, std::string_view(digits.data(), static_cast<std::size_t>(written.ptr - digits.data())));
}

void HeadWriter::raw(std::string_view lines) {
  if (room_for(lines.size())) append(lines);
}

void HeadWriter::end() { raw("\r\n"); }

// Notes the failure when there is none. After a failure nothing more is written.
bool HeadWriter::room_for(std::size_t bytes) {
  failed_ = failed_ || bytes > out_.size() - used_;
  return !failed_;
}

void HeadWriter::append(std::string_view text) {
  if (text.empty()) return;
  std::memcpy(out_.data() + used_, text.data(), text.size());
  used_ += text.size();
}

std::string_view reason_phrase(int status) {
  switch (status) {
    case 100:
      return "Continue";
    case 101:
      return "Switching Protocols";
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 203:
      return "Non-Authoritative Information";
    case 204:
      return "No Content";
    case 205:
      return "Reset Content";
    case 206:
      return "Partial Content";
    case 300:
      return "Multiple Choices";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 402:
      return "Payment Required";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 407:
      return "Proxy Authentication Required";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 411:
      return "Length Required";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 416:
      return "Range Not Satisfiable";
    case 417:
      return "Expectation Failed";
    case 421:
      return "Misdirected Request";
    case 422:
      return "Unprocessable Content";
    case 426:
      return "Upgrade Required";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Unknown";
  }
}

bool is_field_value(std::string_view value) {
  std::size_t at = find_control(value, 0);
  while (at < value.size() && value[at] == '\t') at = find_control(value, at + 1);
  return at == value.size();
}

bool is_token(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char byte) { return token_bytes[index_of(byte)]; });
}

std::string_view chunk_line(std::span<char> out, std::uint64_t bytes) {
  const auto written = std::to_chars(out.data(), out.data() + out.size() - chunk_end.size(), bytes, 16);
  const auto digits = static_cast<std::size_t>(written.ptr - out.data());
  std::memcpy(out.data() + digits, chunk_end.data(), chunk_end.size());
  return {out.data(), digits + chunk_end.size()};
}

}  // namespace sluice::http
