#include <sluice/credential/aws_signature.hpp>

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include <sluice/base/text.hpp>

#include "credential/sigv4.hpp"

namespace sluice::credential {
namespace {

constexpr Duration longest_skew = std::chrono::minutes(15);
constexpr std::string_view signed_family = "x-amz-";

Error refused(std::string message) {
  return Error(Fault::unauthenticated, Blame::client, "invalid_api_key", std::move(message));
}

Error malformed() {
  return refused(
      "The authorization header is not 'AWS4-HMAC-SHA256 Credential=ID/DATE/REGION/SERVICE/aws4_request, "
      "SignedHeaders=NAMES, Signature=HEX'.");
}

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t end = text.find(at);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

// What stands behind the algorithm's name.
struct Authorization {
  std::string_view credential{};
  std::string_view names{};
  std::string_view signature{};
};

std::optional<Authorization> read_authorization(std::string_view value) {
  Authorization read;
  value.remove_prefix(aws_algorithm.size());
  const std::vector<std::string_view> parts = split(value, ',');
  if (parts.size() != 3) return std::nullopt;
  for (std::string_view part : parts) {
    part.remove_prefix(std::min(part.find_first_not_of(' '), part.size()));
    const std::size_t sign = std::min(part.find('='), part.size());
    const std::string_view name = part.substr(0, sign);
    std::string_view* const place = name == "Credential"      ? &read.credential
                                    : name == "SignedHeaders" ? &read.names
                                    : name == "Signature"     ? &read.signature
                                                              : nullptr;
    if (place == nullptr || !place->empty()) return std::nullopt;
    *place = part.substr(std::min(sign + 1, part.size()));
  }
  return read;  // three different ones
}

// Sixty-four digits in lower case.
std::optional<Digest> digest_of(std::string_view hex) {
  constexpr std::string_view digits = "0123456789abcdef";
  Digest digest{};
  if (hex.size() != 2 * digest.size()) return std::nullopt;
  for (std::size_t i = 0; i < hex.size(); ++i) {
    const std::size_t digit = digits.find(hex[i]);
    if (digit == std::string_view::npos) return std::nullopt;
    digest[i / 2] = static_cast<std::uint8_t>(digest[i / 2] << 4 | digit);
  }
  return digest;
}

bool is_in_family(std::string_view name) {
  return equals_ignoring_case(name.substr(0, signed_family.size()), signed_family);
}

// Two paths must not have one signature: what a canonical form would mend is refused.
bool is_plain(std::string_view target) {
  const std::string_view path = target.substr(0, target.find('?'));
  if (!path.starts_with('/')) return false;
  const std::vector<std::string_view> segments = split(path.substr(1), '/');
  return std::none_of(segments.begin(), segments.end() - 1, [](auto segment) { return segment.empty(); }) &&
         std::none_of(segments.begin(), segments.end(), [](auto segment) { return segment == "." || segment == ".."; });
}

// The only field of that name. An Error: there are several. Empty: there is none.
Result<std::string_view> only(std::span<const SignedField> fields, std::string_view name) {
  std::string_view found;
  bool seen = false;
  for (const SignedField& field : fields) {
    if (!equals_ignoring_case(field.name, name)) continue;
    if (std::exchange(seen, true)) return refused("The request has more than one " + std::string(name) + " header.");
    found = field.value;
  }
  return found;
}

// The basic time of x-amz-date, which is the credential's and near to now.
Result<std::string_view> read_date(std::span<const SignedField> fields, std::string_view credentials, UtcTime now) {
  Result<std::string_view> date = only(fields, "x-amz-date");
  if (!date) return date;
  const std::optional<UtcTime> time = read_basic_time(*date);
  if (!time) return refused("A signed request needs an x-amz-date header such as 20150830T123600Z.");
  if (*time > now + longest_skew || *time < now - longest_skew) {
    return refused("The signature's date is more than 15 minutes away from the gateway's clock.");
  }
  if (credentials != date->substr(0, 8)) return refused("The credential's date is not the one of x-amz-date.");
  return date;
}

Error wrong_names() {
  return refused("SignedHeaders must name headers of the request, host among them, in lower case and in order.");
}

// The fields that are signed, by their names ("host;x-amz-date").
Result<std::vector<SignedField>> covered_fields(std::span<const SignedField> fields, std::string_view names) {
  const std::vector<std::string_view> listed = split(names, ';');
  if (listed.size() > fields.size()) return wrong_names();  // bounds the work below
  std::vector<SignedField> covered;
  bool has_host = false;
  for (const SignedField& field : fields) {
    const auto is_its = [&field](std::string_view name) { return equals_ignoring_case(name, field.name); };
    const bool is_host = is_its("host");
    if (std::any_of(listed.begin(), listed.end(), is_its)) {
      covered.push_back(field);
      has_host = has_host || is_host;
    } else if (is_host || is_in_family(field.name)) {
      return refused("The signature must cover the headers host and x-amz-*.");
    }
  }
  if (!has_host) return wrong_names();
  return covered;
}

// Nothing: the head does not have it.
Result<std::optional<Digest>> read_payload(std::span<const SignedField> fields) {
  const Result<std::string_view> told = only(fields, "x-amz-content-sha256");
  if (!told) return told.error();
  std::optional<Digest> payload = digest_of(*told);
  if (!payload && !told->empty()) {
    return refused("x-amz-content-sha256 must be the SHA-256 of the body: it has to be signed, in one piece.");
  }
  return payload;
}

}  // namespace

bool AwsSignature::is_in(std::string_view authorization) {
  return authorization.starts_with(aws_algorithm) && authorization.substr(aws_algorithm.size()).starts_with(' ');
}

Result<AwsSignature> AwsSignature::read(const AwsRequest& request, UtcTime now) {
  const Result<std::string_view> value = only(request.fields, "authorization");
  if (!value) return value.error();
  if (!is_in(*value)) return malformed();
  const std::optional<Authorization> claim = read_authorization(*value);
  if (!claim) return malformed();
  const std::vector<std::string_view> credential = split(claim->credential, '/');
  const std::optional<Digest> signature = digest_of(claim->signature);
  if (credential.size() != 5 || credential[4] != "aws4_request" || !signature) return malformed();
  if (std::any_of(credential.begin(), credential.end(), [](auto part) { return part.empty(); })) return malformed();

  const Result<std::string_view> token = only(request.fields, "x-amz-security-token");
  if (!token) return token.error();
  if (!token->empty()) return refused("The gateway's keys have no session token: send none.");
  const Result<std::string_view> date = read_date(request.fields, credential[1], now);
  if (!date) return date.error();
  if (!is_plain(request.target)) return refused("The path of a signed request must not have empty or dot segments.");
  const Result<std::vector<SignedField>> fields = covered_fields(request.fields, claim->names);
  if (!fields) return fields.error();
  const Result<std::optional<Digest>> payload = read_payload(request.fields);
  if (!payload) return payload.error();

  AwsSignature read;
  read.access_key_id_ = credential[0];
  read.scope_ = {std::string(credential[2]), std::string(credential[3])};
  read.time_ = *date;
  read.signature_ = *signature;
  read.payload_ = *payload;
  AwsRequest covered = request;
  covered.fields = *fields;
  Canonical canonical = canonical_head(covered, read.scope_.service);
  if (canonical.signed_names != claim->names) return wrong_names();
  read.canonical_ = std::move(canonical.text);
  return read;
}

bool AwsSignature::is_by(const Hmac& root, const Digest& payload) const {
  return equal_in_constant_time(signature_, aws_signature(root, canonical_, payload, time_, scope_));
}

}  // namespace sluice::credential
