#include "chat/logprobs.hpp"

#include <cstdint>

#include "chat/json_walk.hpp"

namespace sluice::chat {
namespace {

void write_members(json::Writer& to, json::Value entry) {
  for (const json::Value member : entry) {
    const std::string name = member.name();
    const bool is_unsaid = name == "bytes" && member.is_null();
    if (name != "top_logprobs" && !is_unsaid) to.raw_member(name, json::on_one_line(member.raw()));
  }
  if (entry["bytes"].absent() && entry["token"].is_string()) write_bytes(to, entry["token"].string());
}

bool is_complete(json::Value entry) {
  if (!entry["bytes"].is_array() || !entry["top_logprobs"].is_array()) return false;
  for (const json::Value other : entry["top_logprobs"]) {
    if (!other["bytes"].is_array()) return false;
  }
  return true;
}

}  // namespace

void write_bytes(json::Writer& to, std::string_view token) {
  to.name("bytes").open_array();
  for (const char byte : token) to.number(std::uint64_t{static_cast<unsigned char>(byte)});
  to.close_array();
}

std::string complete_logprobs(json::Value entries) {
  std::string list;
  json::Writer to(list);
  to.open_array();
  for (const json::Value entry : entries) {
    if (!entry.is_object()) continue;
    if (is_complete(entry)) {
      to.raw(json::on_one_line(entry.raw()));
      continue;
    }
    to.open_object();
    write_members(to, entry);
    to.name("top_logprobs").open_array();
    for (const json::Value other : entry["top_logprobs"]) {
      if (!other.is_object()) continue;
      to.open_object();
      write_members(to, other);
      to.close_object();
    }
    to.close_array().close_object();
  }
  to.close_array();
  return list;
}

}  // namespace sluice::chat
