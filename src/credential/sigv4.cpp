#include "credential/sigv4.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <span>
#include <utility>
#include <vector>

#include <sluice/base/percent.hpp>
#include <sluice/base/text.hpp>
#include <sluice/credential/aws_signature.hpp>

namespace sluice::credential {
namespace {

Digest hmac(std::span<const std::uint8_t> key, std::string_view message) { return Hmac(key)(message); }

// Without blanks at its ends, and with one where there were several.
std::string canonical_value(std::string_view value) {
  std::string out;
  bool blank = false;
  for (const char c : value) {
    if (c == ' ' || c == '\t') {
      blank = !out.empty();
      continue;
    }
    if (std::exchange(blank, false)) out += ' ';
    out += c;
  }
  return out;
}

struct CanonicalField {
  std::string name;
  std::string value;
};

// In lower case, sorted by name; values of one name in the order they are sent.
std::vector<CanonicalField> canonical_fields(std::span<const SignedField> fields) {
  std::vector<CanonicalField> out;
  for (const SignedField& field : fields) {
    std::string name(field.name);
    for (char& c : name) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    out.push_back({std::move(name), canonical_value(field.value)});
  }
  std::stable_sort(out.begin(), out.end(), [](const auto& left, const auto& right) { return left.name < right.name; });
  return out;
}

std::string scope_text(std::string_view time, const AwsScope& scope) {
  return std::string(time.substr(0, 8)) + "/" + scope.region + "/" + scope.service + "/aws4_request";
}

std::string string_to_sign(std::string_view canonical, std::string_view time, const AwsScope& scope) {
  std::string text(aws_algorithm);
  text.append("\n").append(time).append("\n").append(scope_text(time, scope)).append("\n");
  return text + hex(sha256(canonical));
}

// A number of so many digits.
std::optional<int> number_at(std::string_view text, std::size_t at, std::size_t digits) {
  const auto number = parse_decimal(text.substr(at, digits));
  return number ? std::optional(static_cast<int>(*number)) : std::nullopt;
}

}  // namespace

std::string canonical_path(std::string_view path, std::string_view service) {
  if (path.empty()) return "/";
  if (service == "s3") return std::string(path);
  std::vector<std::string_view> kept;
  std::string_view last;
  for (std::string_view rest = path; !rest.empty();) {
    const std::size_t slash = rest.find('/');
    last = rest.substr(0, slash);
    rest = slash == std::string_view::npos ? std::string_view() : rest.substr(slash + 1);
    if (last == "..") {
      if (!kept.empty()) kept.pop_back();
    } else if (!last.empty() && last != ".") {
      kept.push_back(last);
    }
  }
  std::string out;
  for (const std::string_view segment : kept) {
    out += '/';
    append_percent_encoded(out, segment);
  }
  const bool is_folder = path.back() == '/' || last == "." || last == "..";
  return out.empty() || is_folder ? out + "/" : out;
}

std::string canonical_query(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> parameters;
  for (std::string_view rest = query; !rest.empty();) {
    const std::size_t end = std::min(rest.find('&'), rest.size());
    const std::string_view one = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (one.empty()) continue;
    const std::size_t sign = std::min(one.find('='), one.size());
    auto& [name, value] = parameters.emplace_back();
    append_percent_encoded(name, percent_decoded(one.substr(0, sign)));
    append_percent_encoded(value, percent_decoded(one.substr(std::min(sign + 1, one.size()))));
  }
  std::sort(parameters.begin(), parameters.end());
  std::string out;
  for (const auto& [name, value] : parameters) {
    if (!out.empty()) out += '&';
    out.append(name).append("=").append(value);
  }
  return out;
}

Canonical canonical_head(const AwsRequest& request, std::string_view service) {
  const std::size_t mark = std::min(request.target.find('?'), request.target.size());
  const std::string_view query = request.target.substr(std::min(mark + 1, request.target.size()));
  Canonical canonical;
  canonical.text.append(request.method).append("\n");
  canonical.text.append(canonical_path(request.target.substr(0, mark), service)).append("\n");
  canonical.text.append(canonical_query(query));
  std::string_view before;
  const std::vector<CanonicalField> fields = canonical_fields(request.fields);
  for (const CanonicalField& field : fields) {
    const bool again = field.name == before;
    canonical.text += again ? "," : "\n" + field.name + ":";
    canonical.text += field.value;
    if (!again) canonical.signed_names += (canonical.signed_names.empty() ? "" : ";") + field.name;
    before = field.name;
  }
  canonical.text.append("\n\n").append(canonical.signed_names).append("\n");
  return canonical;
}

std::string basic_time(UtcTime now) {
  const auto second = std::chrono::floor<std::chrono::seconds>(now);
  const auto day = std::chrono::floor<std::chrono::days>(second);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(second - day);
  std::array<char, 40> text{};
  const int length = std::snprintf(
      text.data(), text.size(), "%04d%02u%02uT%02ld%02ld%02ldZ", static_cast<int>(date.year()),
      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), static_cast<long>(time.hours().count()),
      static_cast<long>(time.minutes().count()), static_cast<long>(time.seconds().count()));
  return {text.data(), static_cast<std::size_t>(length)};
}

std::optional<UtcTime> read_basic_time(std::string_view text) {
  if (text.size() != 16 || text[8] != 'T' || text[15] != 'Z') return std::nullopt;
  const auto year = number_at(text, 0, 4);
  const auto month = number_at(text, 4, 2);
  const auto day = number_at(text, 6, 2);
  const auto hour = number_at(text, 9, 2);
  const auto minute = number_at(text, 11, 2);
  const auto second = number_at(text, 13, 2);
  if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
  const std::chrono::year_month_day date(std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day)));
  // The clock's own type holds no dates far away.
  const bool is_near = *year >= 1970 && *year < 2200;
  if (!is_near || !date.ok() || *hour > 23 || *minute > 59 || *second > 59) return std::nullopt;
  return std::chrono::sys_days(date) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) +
         std::chrono::seconds(*second);
}

Hmac signing_root(const Secret& secret_access_key) {
  const Secret first("AWS4" + std::string(secret_access_key.reveal()));
  const std::string_view text = first.reveal();
  return Hmac({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

Digest aws_signature(const Hmac& root, std::string_view canonical_head, const Digest& payload, std::string_view time,
                     const AwsScope& scope) {
  // The key of one day, region and service.
  const Digest key = hmac(hmac(hmac(root(time.substr(0, 8)), scope.region), scope.service), "aws4_request");
  return hmac(key, string_to_sign(std::string(canonical_head) + hex(payload), time, scope));
}

void append_aws_signature(const AwsRequest& request, const AwsKeys& keys, const AwsScope& scope, UtcTime now,
                          std::string& lines) {
  const std::string time = basic_time(now);
  const std::string_view token = keys.session_token.reveal();
  std::vector<SignedField> fields(request.fields.begin(), request.fields.end());
  fields.push_back({"x-amz-date", time});
  if (!token.empty()) fields.push_back({"x-amz-security-token", token});
  AwsRequest whole = request;
  whole.fields = fields;
  const Canonical canonical = canonical_head(whole, scope.service);
  const Hmac root = signing_root(keys.secret_access_key);
  const Digest signature = aws_signature(root, canonical.text, request.payload, time, scope);
  lines.append("x-amz-date: ").append(time).append("\r\n");
  if (!token.empty()) lines.append("x-amz-security-token: ").append(token).append("\r\n");
  lines.append("authorization: ").append(aws_algorithm).append(" Credential=").append(keys.access_key_id).append("/");
  lines.append(scope_text(time, scope)).append(", SignedHeaders=").append(canonical.signed_names);
  lines.append(", Signature=").append(hex(signature)).append("\r\n");
}

}  // namespace sluice::credential
