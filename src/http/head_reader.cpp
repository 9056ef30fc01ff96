#include <algorithm>
#include <array>
#include <optional>

#include <sluice/base/text.hpp>
#include <sluice/http/reader.hpp>

#include "http/fields.hpp"

namespace sluice::http {
namespace {

constexpr std::size_t longest_method = 32;
constexpr std::size_t version_size = 8;  // "HTTP/1.1"

// RFC 9112 §3.2 allows less; these are bytes that readers disagree about or that no URL has.
constexpr ByteSet make_target_bytes() {
  ByteSet set{};
  for (std::size_t byte = 0x21; byte <= 0x7E; ++byte) set[byte] = true;
  set[index_of('#')] = false;
  set[index_of('\\')] = false;
  return set;
}
constexpr ByteSet target_bytes = make_target_bytes();
constexpr ByteSet host_bytes = make_byte_set("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-_");
constexpr ByteSet address_bytes = make_byte_set("0123456789abcdefABCDEF:.");

Method method_of(std::string_view text) {
  constexpr std::array known{Method::get,   Method::head, Method::post,   Method::put,
                             Method::patch, Method::del,  Method::options};
  for (const Method method : known) {
    if (to_string(method) == text) return method;
  }
  return Method::other;
}

// "HTTP/1.0" or "HTTP/1.1". The status to refuse it with, or 0.
int fault_of_version(std::string_view version) {
  const bool well_formed = version.size() == version_size && version.starts_with("HTTP/") && is_digit(version[5]) &&
                           version[6] == '.' && is_digit(version[7]);
  if (!well_formed) return 400;
  return version == "HTTP/1.1" || version == "HTTP/1.0" ? 0 : 505;
}

bool ends_in_a_name(std::string_view target, const HeadLimits& limits) {
  return std::any_of(limits.name_paths.begin(), limits.name_paths.end(),
                     [target](std::string_view path) { return target.starts_with(path); });
}

// Whether an escape in it could make two readers see two paths.
bool has_ambiguous_escape(std::string_view target, const HeadLimits& limits) {
  const bool slash_is_data = ends_in_a_name(target, limits);
  for (std::size_t at = target.find('%'); at != std::string_view::npos; at = target.find('%', at + 1)) {
    const std::string_view escape = target.substr(at, 3);
    if (escape == "%00" || (!slash_is_data && equals_ignoring_case(escape, "%2f"))) return true;
    if (equals_ignoring_case(target.substr(at, 6), "%2e%2e")) return true;
  }
  return false;
}

// How many bytes of an absolute form come before its authority; 0 if it is not one.
std::size_t scheme_size(std::string_view target) {
  if (equals_ignoring_case(target.substr(0, 7), "http://")) return 7;
  if (equals_ignoring_case(target.substr(0, 8), "https://")) return 8;
  return 0;
}

std::string_view fault_of_target(std::string_view target, const HeadLimits& limits) {
  if (target.empty()) return "the request line has more than one blank between its parts";
  if (target.front() != '/' && scheme_size(target) == 0) return "the target does not begin with a slash";
  bool escapes = false;
  for (const char byte : target) {
    if (!target_bytes[index_of(byte)]) return "the target has a byte that may not be there";
    escapes = escapes || byte == '%';
  }
  if (escapes && has_ambiguous_escape(target, limits)) return "the target has an ambiguous escape";
  return {};
}

Step read_request_line(std::string_view line, const HeadLimits& limits, RequestHead& head, Refusal& why) {
  std::size_t end = 0;
  while (end < line.size() && token_bytes[index_of(line[end])]) ++end;
  if (end == 0 || end == line.size() || line[end] != ' ') return refuse(why, 400, "the method is not a token");
  if (end > longest_method) return refuse(why, 501, "the method is too long");
  head.method_text = line.substr(0, end);
  const std::string_view rest = line.substr(end + 1);
  const std::size_t blank = rest.find(' ');
  if (blank == std::string_view::npos) return refuse(why, 400, "the request line has no version");
  head.target = rest.substr(0, blank);
  if (head.target.size() > limits.target) return refuse(why, 414, "the target is too long");
  const std::string_view version = rest.substr(blank + 1);
  if (const int status = fault_of_version(version)) {
    return refuse(why, status,
                  status == 505 ? "only HTTP/1.0 and HTTP/1.1 are spoken here" : "the version is malformed");
  }
  if (head.method_text == "CONNECT") return refuse(why, 501, "this is not a tunnel");
  if (const auto reason = fault_of_target(head.target, limits); !reason.empty()) return refuse(why, 400, reason);
  head.method = method_of(head.method_text);
  head.http10 = version.back() == '0';
  return Step::done;
}

// Finds and reads the request line, after at most two empty lines.
Step find_request_line(std::string_view bytes, const HeadLimits& limits, HeadProgress& progress, RequestHead& head,
                       Refusal& why) {
  const std::size_t longest_line = longest_method + 1 + limits.target + 1 + version_size + 2;
  while (true) {
    const std::size_t most = std::min(limits.bytes, progress.line + longest_line);
    const std::string_view window = bytes.substr(0, most);
    std::string_view line;
    const Step step = next_line(window, progress, line, why);
    if (step == Step::more && window.size() == most) {
      return most == limits.bytes ? refuse(why, 431, "the head is too large")
                                  : refuse(why, 414, "the target is too long");
    }
    if (step != Step::done) return step;
    if (line.empty()) {
      if (progress.line > 4) return refuse(why, 400, "too many empty lines before the request");
      progress.start = progress.line;
      continue;
    }
    progress.first_field = progress.line;
    return read_request_line(line, limits, head, why);
  }
}

// The start line that ended in an earlier call, without its CRLF.
std::string_view start_line(std::string_view bytes, const HeadProgress& progress) {
  return bytes.substr(progress.start, progress.first_field - 2 - progress.start);
}

std::string_view field_lines(std::string_view bytes, const HeadProgress& progress) {
  return bytes.substr(progress.first_field, progress.line - progress.first_field);
}

bool is_port(std::string_view text) {
  const auto port = parse_decimal(text);
  return text.size() <= 5 && port && *port <= 65535;
}

// A name or an IPv4 address, or an IPv6 address in brackets, and perhaps a port (RFC 9110 §7.2, narrowed to what
// an address of ours can look like).
bool is_host(std::string_view host) {
  const bool bracketed = host.starts_with('[');
  if (bracketed) host.remove_prefix(1);
  const ByteSet& allowed = bracketed ? address_bytes : host_bytes;
  std::size_t end = 0;
  while (end < host.size() && allowed[index_of(host[end])]) ++end;
  if (end == 0) return false;
  if (bracketed) {
    if (std::count(host.begin(), host.begin() + static_cast<std::ptrdiff_t>(end), ':') < 2) return false;
    if (end == host.size() || host[end] != ']') return false;
    ++end;
  }
  if (end == host.size()) return true;
  return host[end] == ':' && is_port(host.substr(end + 1));
}

// Makes an absolute form an origin form (RFC 9112 §3.2.2). Nothing when it does not belong to this host.
std::optional<std::string_view> origin_form(std::string_view target, std::string_view host) {
  if (target.front() == '/') return target;
  target.remove_prefix(scheme_size(target));
  const std::size_t end = std::min(target.find_first_of("/?"), target.size());
  if (!equals_ignoring_case(target.substr(0, end), host)) return std::nullopt;
  if (end == target.size()) return "/";
  if (target[end] != '/') return std::nullopt;
  return target.substr(end);
}

Step judge_request(RequestHead& head, Refusal& why) {
  const FramingFields fields = framing_of(head.fields);
  if (fields.hosts != 1) return refuse(why, 400, fields.hosts == 0 ? "no host" : "more than one host");
  if (!is_host(fields.host)) return refuse(why, 400, "the host is malformed");
  const auto target = origin_form(head.target, fields.host);
  if (!target) return refuse(why, 400, "the target is meant for another host");
  head.target = *target;
  if (const auto reason = judge_framing(fields, head.http10, head.framing, head.length); !reason.empty()) {
    return refuse(why, 400, reason);
  }
  if (fields.expects_otherwise) return refuse(why, 417, "an expectation other than 100-continue");
  // RFC 9110 §10.1.1: not for HTTP/1.0, and without content there is nothing to wait for.
  const bool has_body = head.framing == Framing::chunked || head.length > 0;
  head.expects_continue = fields.expects_continue && has_body && !head.http10;
  head.keep_alive = !head.http10 && !fields.close;
  return Step::done;
}

Step read_status_line(std::string_view line, ResponseHead& head, Refusal& why) {
  // "HTTP/1.1 200 " and a reason, which may be empty.
  constexpr std::size_t reason_at = version_size + 5;
  if (line.size() < reason_at || line[version_size] != ' ' || line[reason_at - 1] != ' ') {
    return refuse(why, 502, "the status line is malformed");
  }
  const std::string_view version = line.substr(0, version_size);
  if (fault_of_version(version) != 0) return refuse(why, 502, "neither HTTP/1.0 nor HTTP/1.1");
  const auto status = parse_decimal(line.substr(version_size + 1, 3));
  if (!status || *status < 100 || *status > 599) return refuse(why, 502, "the status is not one");
  if (*status == 101) return refuse(why, 502, "an upgrade nobody asked for");
  head.status = static_cast<int>(*status);
  head.reason = line.substr(reason_at);
  head.http10 = version.back() == '0';
  return Step::done;
}

Step judge_response(ResponseHead& head, Refusal& why) {
  const FramingFields fields = framing_of(head.fields);
  if (const auto reason = judge_framing(fields, head.http10, head.framing, head.length); !reason.empty()) {
    return refuse(why, 502, reason);
  }
  head.keep_alive = !head.http10 && !fields.close;
  if (head.status < 200 || head.status == 204 || head.status == 304) {
    head.framing = Framing::none;
    head.length = 0;
  } else if (head.framing == Framing::none) {
    head.framing = Framing::until_close;
    head.keep_alive = false;
  }
  return Step::done;
}

Step find_status_line(std::string_view bytes, const HeadLimits& limits, HeadProgress& progress, ResponseHead& head,
                      Refusal& why) {
  const std::string_view window = bytes.substr(0, limits.bytes);
  std::string_view line;
  const Step step = next_line(window, progress, line, why);
  if (step == Step::more && window.size() == limits.bytes) return refuse(why, 502, "the head is too large");
  if (step != Step::done) return step;
  progress.first_field = progress.line;
  return read_status_line(line, head, why);
}

}  // namespace

Step RequestReader::read(std::string_view bytes, RequestHead& head, Refusal& why) {
  const bool in_pieces = progress_.first_field != 0;
  if (!in_pieces) {
    const Step step = find_request_line(bytes, limits_, progress_, head, why);
    if (step != Step::done) return step;
  }
  const Step step = read_fields(bytes, limits_, storage_, progress_, why);
  if (step != Step::done) return step;
  const std::span<Field> fields = storage_.first(progress_.fields);
  if (in_pieces) {
    read_request_line(start_line(bytes, progress_), limits_, head, why);
    collect_fields(field_lines(bytes, progress_), fields);
  }
  head.fields = fields;
  head.bytes = progress_.line;
  return judge_request(head, why);
}

Step ResponseReader::read(std::string_view bytes, ResponseHead& head, Refusal& why) {
  const bool in_pieces = progress_.first_field != 0;
  Step step = Step::done;
  if (!in_pieces) step = find_status_line(bytes, limits_, progress_, head, why);
  if (step == Step::done) step = read_fields(bytes, limits_, storage_, progress_, why);
  if (step == Step::done) {
    const std::span<Field> fields = storage_.first(progress_.fields);
    if (in_pieces) {
      read_status_line(start_line(bytes, progress_), head, why);
      collect_fields(field_lines(bytes, progress_), fields);
    }
    head.fields = fields;
    head.bytes = progress_.line;
    step = judge_response(head, why);
  }
  if (step == Step::refused) why.status = 502;
  return step;
}

}  // namespace sluice::http
