#include <algorithm>
#include <map>

#include "chat/extras.hpp"
#include "chat/gemini/parts.hpp"
#include "chat/request_body.hpp"

namespace sluice::chat::generate_content {
namespace {

// By this, instead of a signature, a model takes back a call that it did not make itself.
constexpr std::string_view no_proof = "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I=";

struct Turn {
  bool is_model = false;
  std::vector<const Part*> parts{};
};

bool is_rider(const Part& part) {
  const auto* const opaque = std::get_if<Opaque>(&part.what);
  return opaque != nullptr && is_own(*opaque, part_rider);
}

bool is_system(const Message& message) { return message.role == Role::system || message.role == Role::developer; }

class RequestWriter {
 public:
  RequestWriter(const Request& request, const Quirks& quirks)
      : request_(request), quirks_(quirks), generation_(generation_of(request.model)) {}

  Result<Rendered> write() && {
    gather();
    if (unnamed_) {
      return refuse_member("messages[" + std::to_string(*unnamed_) + "].tool_call_id",
                           "No call before this result has its id, so the tool's name is not known.");
    }
    out_.open_object();
    write_contents();
    write_system();
    write_tools(out_, request_, quirks_, rendered_.dropped);
    write_config(out_, request_, quirks_, rendered_.dropped);
    write_top_extras();
    out_.close_object();
    drop_the_rest();
    return std::move(rendered_);
  }

 private:
  bool is_own_request() const { return request_.dialect == dialect_name; }

  // Turns alternate, so neighbours of one role become one.
  void gather() {
    bool begun = false;
    for (std::size_t number = 0; number < request_.messages.size(); ++number) {
      const Message& message = request_.messages[number];
      if (!message.name.empty()) drop(rendered_.dropped, "messages.name");
      if (is_system(message)) {
        if (begun && !is_own_request() && !is_blank(message)) drop(rendered_.dropped, moved_instructions);
        continue;
      }
      begun = begun || !is_blank(message);
      const bool is_model = message.role == Role::assistant;
      if (turns_.empty() || turns_.back().is_model != is_model) turns_.push_back({is_model, {}});
      for (const Part& part : message.parts) take(part, number);
    }
    std::erase_if(turns_, [](const Turn& turn) { return turn.parts.empty(); });
    if (is_own_request()) return;
    for (Turn& turn : turns_) {
      // What tools said must directly follow the calls.
      std::stable_partition(turn.parts.begin(), turn.parts.end(),
                            [](const Part* part) { return std::holds_alternative<ToolResult>(part->what); });
    }
  }

  void take(const Part& part, std::size_t number) {
    if (const auto* call = std::get_if<ToolCall>(&part.what)) {
      names_[call->id] = call->name;
    } else if (const auto* result = std::get_if<ToolResult>(&part.what)) {
      note_name(part, *result, number);
    }
    auto& parts = turns_.back().parts;
    // Servers refuse an empty text.
    const bool is_empty = says_nothing(part) && !is_own_request();
    if (is_empty || !PartWriter::can_say(part, Side::provider, rendered_.dropped)) {
      while (!parts.empty() && is_rider(*parts.back())) parts.pop_back();
      return;
    }
    // A proof that other dialects keep beside the call it belongs to.
    if (const auto* thinking = std::get_if<Thinking>(&part.what); thinking != nullptr && !thinking->id.empty()) {
      proofs_[thinking->id] = proof_of(*thinking);
    }
    parts.push_back(&part);
  }

  void note_name(const Part& part, const ToolResult& result, std::size_t number) {
    if (!result.name.empty() || is_own_request()) return;
    const auto found = names_.find(result.call_id);
    if (found != names_.end()) {
      result_names_[&part] = found->second;
    } else if (!unnamed_) {
      unnamed_ = number;
    }
  }

  void write_contents() {
    out_.name("contents").open_array();
    const bool begins_with_user = !turns_.empty() && !turns_.front().is_model;
    if (!begins_with_user && !is_own_request()) {
      // A conversation begins with the user, and a blank is the least one can say.
      out_.open_object().member("role", "user").name("parts").open_array();
      out_.open_object().member("text", " ").close_object().close_array().close_object();
    }
    for (const Turn& turn : turns_) write_turn(turn);
    out_.close_array();
  }

  void write_turn(const Turn& turn) {
    out_.open_object().member("role", turn.is_model ? "model" : "user").name("parts").open_array();
    PartWriter writer(out_, Side::provider, rendered_.dropped);
    writer.nest_media(generation_.wants_proofs || is_own_request());
    if (generation_.wants_proofs && !is_own_request()) writer.prove_with(no_proof);
    for (const Part* const part : turn.parts) {
      // What tools showed, before anybody speaks of it.
      if (!std::holds_alternative<ToolResult>(part->what)) writer.finish();
      write_part(writer, *part);
    }
    writer.finish();
    out_.close_array().close_object();
  }

  void write_part(PartWriter& writer, const Part& part) {
    if (const auto* call = std::get_if<ToolCall>(&part.what); call != nullptr && call->signature.empty()) {
      const auto proof = proofs_.find(call->id);
      if (proof != proofs_.end()) writer.prove_with(proof->second);
    } else if (const auto* thinking = std::get_if<Thinking>(&part.what)) {
      // It is only the proof of a call that comes later.
      if (!thinking->id.empty() && thinking->text.empty() && names_.contains(thinking->id)) return;
    } else if (std::holds_alternative<ToolResult>(part.what)) {
      writer.name_result(result_names_[&part]);
    }
    writer.write(part);
  }

  void write_system() {
    bool open = false;
    PartWriter writer(out_, Side::provider, rendered_.dropped);
    for (const Message& message : request_.messages) {
      if (!is_system(message)) continue;
      for (const Part& part : message.parts) {
        const bool is_text = std::holds_alternative<Text>(part.what);
        if (!is_own_request() && !is_text) {
          drop(rendered_.dropped, "messages.system");
          continue;
        }
        if (!PartWriter::can_say(part, Side::provider, rendered_.dropped)) continue;
        if (says_nothing(part) && !is_own_request()) continue;
        if (!std::exchange(open, true)) out_.name("systemInstruction").open_object().name("parts").open_array();
        writer.write(part);
      }
    }
    if (open) out_.close_array().close_object();
  }

  void write_top_extras() {
    for (const Extra& extra : request_.extras) {
      // Functions are written without what only this dialect says of them.
      if (!is_own_request() || extra.within == declarations_path) {
        drop(rendered_.dropped, path_of(extra));
      } else if (extra.within.empty() && quirks_.takes(extra.name)) {
        out_.raw_member(extra.name, extra.value.bytes);
      } else if (extra.within.empty()) {
        drop(rendered_.dropped, path_of(extra));
      }
    }
  }

  void drop_the_rest() {
    Dropped& dropped = rendered_.dropped;
    if (!request_.user.empty()) drop(dropped, "user");
    if (request_.metadata) drop(dropped, "metadata");
    if (!request_.verbosity.empty()) drop(dropped, "verbosity");
    if (!request_.service_tier.empty() && request_.service_tier != "auto") drop(dropped, "service_tier");
    if (request_.store.value_or(false)) drop(dropped, "store");
    if (request_.cache) drop(dropped, "cache_control");
  }

  const Request& request_;
  const Quirks& quirks_;
  Generation generation_;
  Rendered rendered_{};
  json::Writer out_{rendered_.body};
  std::vector<Turn> turns_{};
  std::map<std::string, std::string, std::less<>> names_{};   // of tools, by the call's id
  std::map<std::string, std::string, std::less<>> proofs_{};  // by the call's id
  std::map<const Part*, std::string> result_names_{};
  std::optional<std::size_t> unnamed_{};
};

}  // namespace

Result<Rendered> encode_request(const Request& request, const Quirks& quirks) {
  return RequestWriter(request, quirks).write();
}

}  // namespace sluice::chat::generate_content
