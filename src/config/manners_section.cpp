#include "config/manners_section.hpp"

#include <algorithm>

#include <sluice/base/text.hpp>

#include "config/units.hpp"

namespace sluice::config {
namespace {

// Fields that say how the message is to be read, or that we write ourselves.
bool is_ours(std::string_view name) {
  for (const std::string_view taken :
       {"host", "content-length", "content-type", "transfer-encoding", "connection", "te", "trailer", "upgrade",
        "expect", "accept", "accept-encoding", "authorization"}) {
    if (equals_ignoring_case(name, taken)) return true;
  }
  return false;
}

bool is_printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](unsigned char c) { return c >= ' ' && c < 0x7f; });
}

void read_headers(const Value& value, std::vector<Manners::Field>& headers) {
  for (const Member& member : members(value)) {
    std::string text;
    read_text(member.value, text);
    if (!is_field_name(member.name)) {
      member.value.wrong_key("is no name of a header field", "letters, digits and dashes");
    } else if (is_ours(member.name)) {
      member.value.wrong_key("is written by the gateway itself", "remove it");
    } else if (text.empty() || !is_printable(text)) {
      if (member.value.written()) member.value.wrong("is no value of a header field", "printable ASCII characters");
    } else {
      std::erase_if(headers,
                    [&](const Manners::Field& known) { return equals_ignoring_case(known.name, member.name); });
      headers.push_back({member.name, std::move(text)});
    }
  }
}

std::vector<std::string> read_names(const Value& value) {
  std::vector<std::string> names;
  for (const Value& item : value.items()) {
    if (auto text = item.text()) names.push_back(std::move(*text));
  }
  return names;
}

std::vector<Failure> read_failures(const Value& value) {
  static const Names words{"credential",     "rate",  "quota",    "overloaded", "timeout",
                           "context_length", "model", "filtered", "refused",    "server"};
  std::vector<Failure> failures;
  for (const Value& item : value.items()) {
    const Section section(item, {"status", "says", "means"});
    Failure failure;
    std::uint64_t status = 0;
    read_number(section["status"], 400, 599, status);
    failure.status = static_cast<int>(status);
    read_text(section["says"], failure.says);
    std::transform(failure.says.begin(), failure.says.end(), failure.says.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
    read_choice(section["means"], words, failure.means);
    if (!item["means"].written()) item.wrong("does not say what it means", "add means: credential, quota and so on");
    if (!item["status"].written() && failure.says.empty()) item.wrong("fits every failure", "add status or says");
    failures.push_back(std::move(failure));
  }
  return failures;
}

}  // namespace

const Names& manner_keys() {
  static const Names all{"key_header",  "headers", "max_tokens", "default_max_tokens",
                         "unsupported", "proofs",  "failures"};
  return all;
}

void read_manners(const Value& value, Manners& manners) {
  read_text(value["key_header"], manners.key_header);
  if (!manners.key_header.empty() && !is_field_name(manners.key_header)) {
    value["key_header"].wrong("is no name of a header field", "letters, digits and dashes");
    manners.key_header.clear();
  }
  read_headers(value["headers"], manners.headers);
  read_text(value["max_tokens"], manners.max_tokens);
  read_number(value["default_max_tokens"], 1, std::uint64_t{1} << 32, manners.default_max_tokens);
  if (value["unsupported"].written()) manners.unsupported = read_names(value["unsupported"]);
  read_flag(value["proofs"], manners.proofs);
  if (value["failures"].written()) manners.failures = read_failures(value["failures"]);
}

Manners Manners::elsewhere() const {
  Manners rest = *this;
  rest.max_tokens.clear();
  rest.members.clear();
  rest.call_ids = 0;
  rest.tells_usage = rest.proofs = false;
  return rest;
}

}  // namespace sluice::config
