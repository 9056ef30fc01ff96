#include "gateway/upstream_head.hpp"

#include <algorithm>
#include <array>

#include <sluice/base/text.hpp>
#include <sluice/http/writer.hpp>

#include "gateway/provider_credential.hpp"

namespace sluice {
namespace {

// Whether the caller named the field in `connection`: then it was meant for us alone (RFC 9110 §7.6.1).
bool is_hop_by_hop(std::span<const http::Field> fields, std::string_view name) {
  for (const http::Field& field : fields) {
    if (!equals_ignoring_case(field.name, "connection")) continue;
    for (std::string_view rest = field.value; !rest.empty();) {
      const std::size_t comma = rest.find(',');
      if (equals_ignoring_case(trimmed(rest.substr(0, comma)), name)) return true;
      rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
    }
  }
  return false;
}

// A weight of zero (";q=0", "q=0.000") means "not acceptable".
bool is_refused(std::string_view parameters) {
  const std::size_t at = std::min(parameters.find("q="), parameters.find("Q="));
  if (at == std::string_view::npos) return false;
  const std::string_view weight = trimmed(parameters.substr(at + 2));
  return !weight.empty() && weight.find_first_not_of("0.") == std::string_view::npos;
}

// Writes scratch.proof: a bearer token, or the signature of this very request.
void prove(Exchange& exchange, const http::Slices& body, std::string_view type, const credential::Grant* grant,
           UtcTime now) {
  std::string& lines = exchange.scratch.proof;
  lines.clear();
  if (grant == nullptr) return;
  if (!grant->token.empty()) {
    lines.append("authorization: Bearer ").append(grant->token.reveal()).append("\r\n");
    return;
  }
  const ProviderCredential& credential = *exchange.target->provider->credential;
  const std::array<credential::SignedField, 2> fields{{{"content-type", type}, {"host", credential.provider_host}}};
  const credential::AwsRequest request{"POST", exchange.scratch.target, fields, sha256(body.pieces())};
  credential::append_aws_signature(request, grant->keys, credential.scope, now, lines);
}

}  // namespace

bool write_upstream_head(Exchange& exchange, const chat::Asked& asked, const net::Outgoing& outgoing,
                         const credential::Grant* grant, UtcTime now) {
  const Provider& provider = *exchange.target->provider;
  const Voice& voice = *exchange.voice;
  const bool same_dialect = voice.dialect == &exchange.spoken;
  const std::span<const http::Field> fields =
      same_dialect ? exchange.incoming.request().fields : std::span<const http::Field>();
  const auto sent = [&](std::string_view name) {
    const auto value = voice.door == nullptr ? http::find(fields, name) : std::nullopt;
    return value && !is_hop_by_hop(fields, name) ? value : std::nullopt;
  };
  const std::string_view type = sent("content-type").value_or("application/json");
  const bool streams = asked.stream.value_or(false);
  const bool streams_events = voice.dialect->streams_events() && voice.wrapping() == nullptr;
  const std::string_view answer_type = streams_events ? "text/event-stream" : "*/*";
  const std::string_view accept = sent("accept").value_or(streams ? answer_type : "application/json");

  std::string& target = exchange.scratch.target;
  target.assign(voice.path_prefix);
  voice.append_path(asked, target);
  prove(exchange, outgoing.body, type, grant, now);
  const std::string& proof = exchange.scratch.proof;
  std::size_t needed =
      512 + exchange.key->lines.reveal().size() + proof.size() + target.size() + type.size() + accept.size();
  const auto goes_along = [&](const http::Field& field) {
    return voice.takes_along(field.name) && !is_hop_by_hop(fields, field.name) && !provider.sends(field.name);
  };
  for (const http::Field& field : fields) needed += field.name.size() + field.value.size() + 4;
  std::string& out = exchange.scratch.head;
  if (out.size() < needed) out.resize(needed);

  http::HeadWriter head(out);
  head.request_line("POST", target);
  head.raw(exchange.key->lines.reveal());
  head.raw(proof);
  head.field("content-type", type);
  head.field("accept", accept);
  for (const http::Field& field : fields) {
    if (goes_along(field)) head.field(field.name, field.value);
  }
  head.field("content-length", outgoing.body.bytes() + (outgoing.rest != nullptr ? outgoing.rest->left() : 0));
  head.end();
  if (head.failed()) return false;
  out.resize(head.text().size());
  return true;
}

bool accepts_coding(std::span<const http::Field> request_fields, std::string_view coding) {
  for (const http::Field& field : request_fields) {
    if (!equals_ignoring_case(field.name, "accept-encoding")) continue;
    std::string_view rest = field.value;
    while (!rest.empty()) {
      const std::size_t comma = rest.find(',');
      const std::string_view item = trimmed(rest.substr(0, comma));
      rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
      const std::size_t semicolon = item.find(';');
      const std::string_view name = trimmed(item.substr(0, semicolon));
      const bool refused = semicolon != std::string_view::npos && is_refused(item.substr(semicolon));
      if ((name == "*" || equals_ignoring_case(name, coding)) && !refused) return true;
    }
  }
  return false;
}

bool is_of_type(const http::ResponseHead& head, std::string_view media_type) {
  const std::string_view value = http::find(head.fields, "content-type").value_or("");
  return value.size() >= media_type.size() && equals_ignoring_case(value.substr(0, media_type.size()), media_type) &&
         (value.size() == media_type.size() || value[media_type.size()] == ';' || value[media_type.size()] == ' ');
}

std::string_view passed_on_as(std::string_view name) {
  struct Pair {
    std::string_view theirs;
    std::string_view ours;
  };
  static constexpr std::array<Pair, 11> allowed{{{"content-type", "content-type"},
                                                 {"content-encoding", "content-encoding"},
                                                 {"openai-processing-ms", "openai-processing-ms"},
                                                 {"openai-version", "openai-version"},
                                                 {"openai-model", "openai-model"},
                                                 {"x-amzn-errortype", "x-amzn-errortype"},
                                                 {"x-request-id", "x-upstream-request-id"},
                                                 {"request-id", "x-upstream-request-id"},
                                                 {"x-amzn-requestid", "x-upstream-request-id"},
                                                 {"mistral-correlation-id", "x-upstream-request-id"},
                                                 {"x-debug-trace-id", "x-upstream-request-id"}}};
  for (const Pair& pair : allowed) {
    if (equals_ignoring_case(name, pair.theirs)) return pair.ours;
  }
  return {};
}

}  // namespace sluice
