#include "chat/logprobs.hpp"
#include "chat/gemini/parts.hpp"

namespace sluice::chat::generate_content {
namespace {

void write_entry(json::Writer& out, json::Value candidate) {
  const json::Value probability = member(candidate, "logProbability");
  const std::string token = candidate["token"].string();
  out.member("token", token).raw_member("logprob", probability.is_number() ? probability.raw() : "0");
  write_bytes(out, token);
}

void write_candidate(json::Writer& out, json::Value entry) {
  out.open_object();
  out.member("token", entry["token"].string());
  const json::Value probability = entry["logprob"];
  out.raw_member("logProbability", probability.is_number() ? probability.raw() : "0");
  out.close_object();
}

}  // namespace

std::string read_logprobs(json::Value result) {
  const json::Value chosen = member(result, "chosenCandidates");
  if (!chosen.is_array() || chosen.size() == 0) return {};
  const std::vector<json::Value> top = items(member(result, "topCandidates"));
  std::string text;
  json::Writer out(text);
  out.open_array();
  std::size_t number = 0;
  for (const json::Value candidate : chosen) {
    out.open_object();
    write_entry(out, candidate);
    out.name("top_logprobs").open_array();
    const json::Value others = number < top.size() ? top[number]["candidates"] : json::Value();
    for (const json::Value other : others) {
      out.open_object();
      write_entry(out, other);
      out.close_object();
    }
    out.close_array().close_object();
    ++number;
  }
  out.close_array();
  return text;
}

void write_logprobs(json::Writer& out, std::string_view entries) {
  const json::Tree tree = json::Tree::read(entries);
  out.open_object().name("chosenCandidates").open_array();
  bool has_top = false;
  for (const json::Value entry : items(tree.root())) {
    write_candidate(out, entry);
    has_top = has_top || entry["top_logprobs"].size() > 0;
  }
  out.close_array();
  if (has_top) {
    out.name("topCandidates").open_array();
    for (const json::Value entry : items(tree.root())) {
      out.open_object().name("candidates").open_array();
      for (const json::Value other : entry["top_logprobs"]) write_candidate(out, other);
      out.close_array().close_object();
    }
    out.close_array();
  }
  out.close_object();
}

}  // namespace sluice::chat::generate_content
