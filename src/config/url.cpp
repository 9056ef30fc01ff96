#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

#include <arpa/inet.h>

#include <sluice/base/text.hpp>
#include <sluice/config/load.hpp>

namespace sluice::config {
namespace {

constexpr std::size_t longest_host = 253;  // RFC 1035 §2.3.4, without the root's dot

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_host_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

// A name or IPv4 address in lower case. Names of containers have underscores, so these pass.
bool is_host(std::string_view host) {
  return !host.empty() && host.size() <= longest_host && host.front() != '.' && host.front() != '-' &&
         host.find("..") == std::string_view::npos && std::all_of(host.begin(), host.end(), is_host_character);
}

// What RFC 3986 §3.3 allows in a path, as it is.
bool is_path_character(char c) {
  return c > 0x20 && c < 0x7F && std::string_view("?#\"<>\\^`{|}[]").find(c) == std::string_view::npos;
}

// Reads HOST or [IPV6] and cuts it off `rest`.
bool take_host(std::string_view& rest, Url& url) {
  if (!rest.empty() && rest.front() == '[') {
    const std::size_t end = rest.find(']');
    if (end == std::string_view::npos) return false;
    url.host = std::string(rest.substr(1, end - 1));
    rest.remove_prefix(end + 1);
    std::array<unsigned char, 16> bytes{};
    std::transform(url.host.begin(), url.host.end(), url.host.begin(), lower);
    return inet_pton(AF_INET6, url.host.c_str(), bytes.data()) == 1;
  }
  const std::size_t end = std::min(rest.find_first_of(":/"), rest.size());
  url.host.resize(end);
  std::transform(rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(end), url.host.begin(), lower);
  rest.remove_prefix(end);
  return is_host(url.host);
}

// Reads :PORT, if there is one, and cuts it off `rest`.
bool take_port(std::string_view& rest, Url& url) {
  url.port = url.tls ? 443 : 80;
  if (rest.empty() || rest.front() != ':') return true;
  const std::size_t end = std::min(rest.find('/'), rest.size());
  const auto port = parse_decimal(rest.substr(1, end - 1));
  rest.remove_prefix(end);
  if (!port || *port == 0 || *port > 65'535) return false;
  url.port = static_cast<std::uint16_t>(*port);
  return true;
}

// What RFC 3986 §3.4 allows in a query.
bool is_query_character(char c) { return c == '?' || is_path_character(c); }

}  // namespace

std::optional<Url> parse_url(std::string_view text) {
  Url url;
  if (equals_ignoring_case(text.substr(0, 8), "https://")) {
    url.tls = true;
    text.remove_prefix(8);
  } else if (equals_ignoring_case(text.substr(0, 7), "http://")) {
    text.remove_prefix(7);
  } else {
    return std::nullopt;
  }
  if (!take_host(text, url) || !take_port(text, url)) return std::nullopt;
  if (!text.empty() && text.front() != '/') return std::nullopt;
  if (!std::all_of(text.begin(), text.end(), is_path_character)) return std::nullopt;
  while (!text.empty() && text.back() == '/') text.remove_suffix(1);
  url.path = std::string(text);
  return url;
}

std::string host_of(const Url& url) {
  const bool literal_v6 = url.host.find(':') != std::string::npos;
  std::string host = literal_v6 ? "[" + url.host + "]" : url.host;
  if (url.port != (url.tls ? 443 : 80)) host += ":" + std::to_string(url.port);
  return host;
}

std::optional<PageUrl> parse_page_url(std::string_view text) {
  const std::size_t question = std::min(text.find('?'), text.size());
  const std::string_view query = text.substr(question);
  const std::string_view page = text.substr(0, question);
  std::optional<Url> url = parse_url(page);
  if (!url || !std::all_of(query.begin(), query.end(), is_query_character)) return std::nullopt;
  // Unlike a base to which paths are added, a page is asked for with the slash at its end.
  const std::size_t path = page.find('/', page.find("://") + 3);
  std::string target = path == std::string_view::npos ? "/" : std::string(page.substr(path));
  return PageUrl{*std::move(url), std::move(target.append(query))};
}

}  // namespace sluice::config
