#include "chat/foreign_thinking.hpp"

#include "chat/json_tree.hpp"
#include "chat/json_writer.hpp"

namespace sluice::chat {
namespace {

constexpr std::string_view mark = "sluice:";

}  // namespace

std::string packed_proof(const Thinking& thinking) {
  std::string packed(mark);
  packed += thinking.format;
  packed += ':';
  const bool only_signature =
      thinking.data.empty() && thinking.id.empty() && !thinking.is_summary && !thinking.signature.starts_with('{');
  if (only_signature) return packed += thinking.signature;
  json::Writer writer(packed);
  writer.open_object();
  writer.member_if("signature", thinking.signature);
  writer.member_if("data", thinking.data);
  writer.member_if("id", thinking.id);
  if (thinking.is_summary) writer.member("is_summary", true);
  writer.close_object();
  return packed;
}

bool unpack_proof(std::string_view signature, Thinking& thinking) {
  if (!signature.starts_with(mark)) return false;
  signature.remove_prefix(mark.size());
  const std::size_t colon = signature.find(':');
  if (colon == std::string_view::npos) return false;
  const std::string_view proof = signature.substr(colon + 1);
  const json::Tree tree = proof.starts_with('{') ? json::Tree::read(proof) : json::Tree();
  thinking.format = signature.substr(0, colon);
  thinking.signature = proof;
  if (const json::Value all = tree.root(); all.is_object()) {
    thinking.signature = all["signature"].string();
    thinking.data = all["data"].string();
    thinking.id = all["id"].string();
    thinking.is_summary = all["is_summary"].boolean().value_or(false);
  }
  return true;
}

}  // namespace sluice::chat
