#include <algorithm>
#include <functional>
#include <set>
#include <string>
#include <utility>

#include "chat/extras.hpp"
#include "chat/openai_responses/parts.hpp"
#include "chat/short_user.hpp"

// Requests as a provider of this dialect gets them.
namespace sluice::chat::responses {
namespace {

using json::Tree;
using json::Value;
using json::Writer;

constexpr std::string_view no_arguments = R"({"type":"object","properties":{}})";

class Renderer {
 public:
  Renderer(const Request& request, const Quirks& quirks)
      : request_(request), quirks_(quirks), own_(request.dialect == dialect_name), writer_(out_.body) {}

  Rendered render() && {
    writer_.open_object().member("model", request_.model);
    write_input();
    if (request_.stream) writer_.member("stream", true);
    write_tools();
    write_tool_choice();
    write_text();
    write_reasoning();
    write_sampling();
    write_store();
    if (!request_.user.empty() && may("user")) {
      if (!own_ && request_.user.size() > longest_user) drop(out_.dropped, "user");
      writer_.member("user", own_ ? request_.user : short_user(request_.user));
    }
    if (request_.metadata && may("metadata")) writer_.raw_member("metadata", request_.metadata.bytes);
    write_tier();
    write_extras();
    writer_.close_object();
    return std::move(out_);
  }

 private:
  void write_tier() {
    const std::string_view tier = request_.service_tier;
    if (tier.empty()) return;
    if (!own_ && !is_tier(tier)) return drop(out_.dropped, "service_tier");
    if (may("service_tier")) writer_.member("service_tier", tier);
  }

  // Whether the provider takes a member that is set; notes it when not.
  bool may(std::string_view member) {
    if (quirks_.takes(member)) return true;
    drop(out_.dropped, member);
    return false;
  }

  // The leading system message, if it is plain text, is what `instructions` are.
  const Text* instructions() const {
    if (request_.messages.empty() || !quirks_.takes("instructions")) return nullptr;
    const Message& first = request_.messages.front();
    if (first.role != Role::system || first.parts.size() != 1 || first.parts.front().cache) return nullptr;
    return std::get_if<Text>(&first.parts.front().what);
  }

  void write_input() {
    const Text* const first = instructions();
    if (first != nullptr) writer_.member("instructions", first->text);
    if (first != nullptr && !request_.messages.front().name.empty()) drop(out_.dropped, "messages.name");
    writer_.name("input").open_array();
    for (std::size_t i = first == nullptr ? 0 : 1; i < request_.messages.size(); ++i) {
      const Message& message = request_.messages[i];
      if (!message.name.empty()) drop(out_.dropped, "messages.name");
      if (message.role == Role::assistant) {
        write_turn(message);
      } else {
        write_message(message);
      }
    }
    writer_.close_array();
  }

  void write_turn(const Message& message) {
    Items items(true);
    for (const Part& part : message.parts) {
      if (const auto* call = std::get_if<ToolCall>(&part.what); call != nullptr && call->is_custom) {
        custom_calls_.insert(call->id);
      }
      if (const auto* result = std::get_if<ToolResult>(&part.what)) {
        flush(items);
        write_result(*result, {});
      } else {
        items.add(part, out_.dropped);
      }
    }
    flush(items);
  }

  void flush(Items& items) {
    for (const Item& item : items.all()) write_item(writer_, item, {.for_provider = true});
    items = Items(true);
  }

  static std::string_view word_of(Role role) {
    if (role == Role::system) return "system";
    return role == Role::developer ? "developer" : "user";
  }

  // A message of anybody but the model. Results of tools in it are items of their own, before and between the rest.
  void write_message(const Message& message) {
    std::vector<Extra> members;
    std::vector<const Part*> content;
    bool said = false;
    const auto write_content = [&] {
      if (content.empty()) return;
      open_message(message.role, members);
      for (const Part* const part : content) write_part(*part);
      writer_.close_array().close_object();
      content.clear();
      said = true;
    };
    for (const Part& part : message.parts) {
      const auto* opaque = std::get_if<Opaque>(&part.what);
      const bool is_ours = opaque != nullptr && opaque->dialect == dialect_name;
      const bool is_content = is_ours && opaque->kind.starts_with(content_kind);
      if (const auto* result = std::get_if<ToolResult>(&part.what)) {
        write_content();
        write_result(*result, std::exchange(members, {}));
        said = true;
      } else if (is_ours && !is_content && opaque->kind.starts_with(member_kind)) {
        members.push_back({opaque->kind.substr(member_kind.size()), opaque->json});
      } else if (is_ours && !is_content) {
        write_content();
        writer_.raw(opaque->json.bytes);
        said = true;
      } else if (is_sayable(part)) {
        content.push_back(&part);
      }
    }
    write_content();
    if (said || message.role == Role::tool || !message.parts.empty()) return;
    open_message(message.role, members);
    writer_.close_array().close_object();
  }

  void open_message(Role role, std::vector<Extra>& members) {
    writer_.open_object().member("type", "message").member("role", word_of(role));
    for (const Extra& member : members) writer_.raw_member(member.name, member.value.bytes);
    members.clear();
    writer_.name("content").open_array();
  }

  // Whether a part can stand in such a message; notes it when not.
  bool is_sayable(const Part& part) {
    if (const auto* media = std::get_if<Media>(&part.what)) return is_sayable(*media);
    if (const auto* opaque = std::get_if<Opaque>(&part.what)) {
      if (opaque->dialect == dialect_name) return true;
      drop(out_.dropped, opaque->kind);
    }
    if (std::holds_alternative<Thinking>(part.what)) drop(out_.dropped, "messages.reasoning");
    if (std::holds_alternative<ToolCall>(part.what)) drop(out_.dropped, "messages.tool_calls");
    return std::holds_alternative<Text>(part.what) || std::holds_alternative<Refusal>(part.what);
  }
  bool is_sayable(const Media& media) {
    const bool is_known = media.kind == Media::Kind::image || media.kind == Media::Kind::document;
    if (!is_known) drop(out_.dropped, name_of(media.kind));
    return is_known;
  }

  void write_part(const Part& part) {
    if (const auto* opaque = std::get_if<Opaque>(&part.what)) {
      writer_.raw(opaque->json.bytes);
      return;
    }
    writer_.open_object();
    if (const auto* text = std::get_if<Text>(&part.what)) {
      write_text_members(*text);
    } else if (const auto* refusal = std::get_if<Refusal>(&part.what)) {
      writer_.member("type", "refusal").member("refusal", refusal->text);
    } else if (const auto* media = std::get_if<Media>(&part.what)) {
      write_media_members(*media);
    }
    // Providers cache by themselves; a mark is for those who asked in this dialect's words.
    if (part.cache && own_) writer_.raw_member("prompt_cache_breakpoint", R"({"mode":"explicit"})");
    if (part.cache && (!own_ || !part.cache->ttl.empty())) drop(out_.dropped, "messages.cache_control");
    writer_.close_object();
  }

  void write_text_members(const Text& text) {
    writer_.member("type", "input_text").member("text", text.text);
    if (!text.signature.empty()) drop(out_.dropped, "messages.reasoning");
    if (!text.citations) return;
    if (own_) {
      writer_.raw_member("annotations", text.citations.bytes);
    } else {
      drop(out_.dropped, "messages.annotations");
    }
  }

  void write_media_members(const Media& media) {
    const bool is_image = media.kind == Media::Kind::image;
    writer_.member("type", is_image ? "input_image" : "input_file");
    std::string data;
    if (!media.data.empty()) {
      std::string_view type = media.media_type;
      if (type.empty() && is_image) type = "image/png";
      if (!type.empty()) data = "data:" + std::string(type) + ";base64,";
      data += media.data;
    }
    if (!media.file_id.empty()) {
      writer_.member("file_id", media.file_id);
    } else if (is_image) {
      writer_.member("image_url", data.empty() ? media.url : data);
    } else if (data.empty()) {
      writer_.member("file_url", media.url);
    } else {
      writer_.member("file_data", data);
    }
    // Data without a name is refused.
    const bool nameless = media.name.empty() && !is_image && !data.empty() && !own_;
    writer_.member_if("filename", nameless ? std::string_view("document") : media.name);
    // Some providers want it said.
    writer_.member_if("detail", media.detail.empty() && is_image ? std::string_view("auto") : media.detail);
  }

  void write_result(const ToolResult& result, const std::vector<Extra>& members) {
    const bool custom = custom_calls_.contains(result.call_id);
    writer_.open_object().member("type", custom ? "custom_tool_call_output" : "function_call_output");
    writer_.member("call_id", result.call_id).name("output");
    write_output(result);
    if (own_) writer_.member_if("name", result.name);
    for (const Extra& member : members) writer_.raw_member(member.name, member.value.bytes);
    writer_.close_object();
    if (result.is_error) drop(out_.dropped, "messages.is_error");
  }

  void write_output(const ToolResult& result) {
    const Text* const only = result.content.size() == 1 ? std::get_if<Text>(&result.content.front()) : nullptr;
    const bool is_plain = only != nullptr && !only->text.empty() && only->signature.empty() && !only->citations;
    if (result.json || result.content.empty() || is_plain) {
      writer_.string(is_plain ? only->text : result.json.bytes);
      return;
    }
    writer_.open_array();
    for (const auto& piece : result.content) {
      const Part part{std::visit([](const auto& what) -> decltype(Part::what) { return what; }, piece), {}};
      if (is_sayable(part)) write_part(part);
    }
    writer_.close_array();
  }

  bool is_custom(const std::string& tool) const {
    return std::any_of(request_.tools.begin(), request_.tools.end(),
                       [&](const Tool& known) { return known.is_custom && known.name == tool; });
  }

  void write_tools() {
    // Those that an item of the input brings stand there.
    const auto stands_here = [](const Tool& tool) { return !tool.is_told; };
    if (std::none_of(request_.tools.begin(), request_.tools.end(), stands_here) || !may("tools")) return;
    writer_.name("tools").open_array();
    for (std::size_t i = 0; i < request_.tools.size(); ++i) {
      if (stands_here(request_.tools[i])) write_tool(request_.tools[i], i);
    }
    writer_.close_array();
  }

  void write_tool(const Tool& tool, std::size_t index) {
    if (tool.cache) drop(out_.dropped, "tools.cache_control");
    if (tool.opaque) {
      if (tool.opaque->dialect != dialect_name) return drop(out_.dropped, tool.opaque->kind);
      writer_.raw(tool.opaque->json.bytes);
      return;
    }
    writer_.open_object().member("type", tool.is_custom ? "custom" : "function").member("name", tool.name);
    writer_.member_if("description", tool.description);
    if (tool.is_custom) {
      writer_.raw_member_if("format", tool.schema.bytes);
    } else {
      const std::string_view none = own_ ? "null" : no_arguments;
      writer_.raw_member("parameters", tool.schema ? tool.schema.bytes : none);
      // Unsaid means yes here and no elsewhere.
      if (tool.strict || !own_) writer_.member("strict", tool.strict.value_or(false));
    }
    write_extras_of("tools[" + std::to_string(index) + "]");
    writer_.close_object();
  }

  void write_tool_choice() {
    using Mode = ToolChoice::Mode;
    const ToolChoice& choice = request_.tool_choice;
    if (choice.parallel && may("parallel_tool_calls")) writer_.member("parallel_tool_calls", *choice.parallel);
    const bool unset = choice.mode == Mode::unset && choice.only.empty();
    if (unset || !may("tool_choice")) return;
    writer_.name("tool_choice");
    if (choice.mode == Mode::named) {
      write_named(choice.name);
    } else if (choice.mode == Mode::none || choice.only.empty()) {
      writer_.string(choice.mode == Mode::none ? "none" : choice.mode == Mode::required ? "required" : "auto");
    } else {
      writer_.open_object().member("type", "allowed_tools");
      writer_.member("mode", choice.mode == Mode::required ? "required" : "auto").name("tools").open_array();
      for (const std::string& name : choice.only) write_named(name);
      writer_.close_array().close_object();
    }
  }
  void write_named(const std::string& name) {
    writer_.open_object().member("type", is_custom(name) ? "custom" : "function").member("name", name).close_object();
  }

  // Inside the object they stood in.
  bool has_extras(std::string_view within) const { return own_ && has_within(request_.extras, within); }
  void write_extras_of(std::string_view within) {
    if (own_) write_within(writer_, request_.extras, within);
  }

  void write_text() {
    const OutputFormat& format = request_.format;
    const bool is_text = format.kind == OutputFormat::Kind::text;
    if ((is_text && request_.verbosity.empty() && !has_extras("text")) || !may("text")) return;
    writer_.name("text").open_object();
    if (!is_text) {
      const bool has_schema = format.kind == OutputFormat::Kind::json_schema;
      writer_.name("format").open_object().member("type", has_schema ? "json_schema" : "json_object");
      if (has_schema) {
        if (!format.name.empty() || !own_) writer_.member("name", format.name.empty() ? "response" : format.name);
        writer_.member_if("description", format.description);
        writer_.raw_member("schema", format.schema ? format.schema.bytes : R"({"type":"object"})");
        if (format.strict) writer_.member("strict", *format.strict);
      }
      writer_.close_object();
    }
    writer_.member_if("verbosity", request_.verbosity);
    write_extras_of("text");
    writer_.close_object();
  }

  // Efforts are all there is here; a budget is the nearest of them.
  std::string effort() {
    const Reasoning& asked = request_.reasoning;
    if (!asked.effort.empty()) return asked.effort;
    // Not every model knows the word for not thinking at all.
    if (!own_ && (asked.enabled == false || asked.budget_tokens == 0U)) {
      drop(out_.dropped, "reasoning.enabled");
      return {};
    }
    if (!asked.budget_tokens) return {};
    drop(out_.dropped, "reasoning.max_tokens");
    if (*asked.budget_tokens <= 4096) return "low";
    return *asked.budget_tokens <= 16384 ? "medium" : "high";
  }

  void write_reasoning() {
    const Reasoning& asked = request_.reasoning;
    std::string wanted = effort();
    std::string_view summary = asked.summary;
    if (summary.empty() && asked.include_thoughts == true && wanted != "none") summary = "auto";
    if ((wanted.empty() && summary.empty() && !has_extras("reasoning")) || !may("reasoning")) return;
    writer_.name("reasoning").open_object().member_if("effort", wanted).member_if("summary", summary);
    write_extras_of("reasoning");
    writer_.close_object();
  }

  void write_number(std::string_view member, const std::optional<Number>& number) {
    if (number && may(member)) writer_.raw_member(member, number->spelled);
  }
  void drop_if(bool is_set, std::string_view member) {
    if (is_set) drop(out_.dropped, member);
  }

  void write_sampling() {
    const Sampling& sampling = request_.sampling;
    std::string_view most = quirks_.max_tokens;
    if (most.empty()) most = "max_output_tokens";
    if (sampling.max_tokens && may(most)) {
      constexpr std::uint64_t least = 16;  // OpenAI's schema of this API
      const bool is_too_few = !own_ && *sampling.max_tokens < least;
      if (is_too_few) drop(out_.dropped, "max_tokens");
      writer_.member(most, is_too_few ? least : *sampling.max_tokens);
    }
    write_number("temperature", sampling.temperature);
    write_number("top_p", sampling.top_p);
    if (sampling.top_logprobs && may("top_logprobs")) writer_.member("top_logprobs", *sampling.top_logprobs);
    drop_if(sampling.top_k.has_value(), "top_k");
    drop_if(sampling.min_p.has_value(), "min_p");
    drop_if(sampling.frequency_penalty.has_value(), "frequency_penalty");
    drop_if(sampling.presence_penalty.has_value(), "presence_penalty");
    drop_if(sampling.seed.has_value(), "seed");
    drop_if(!sampling.stop.empty(), "stop");
    drop_if(sampling.choices.value_or(1) != 1, "n");
    drop_if(request_.cache.has_value(), "cache_control");
  }

  // Unsaid, a provider of this dialect keeps answers for a month; elsewhere it means that nothing is kept.
  bool stores() const { return request_.store.value_or(own_); }

  void write_store() {
    if (request_.store ? may("store") : !own_ && quirks_.takes("store")) writer_.member("store", stores());
    const bool proofs = (!stores() && thinks(request_)) || (own_ && request_.reasoning.wants_proofs);
    const bool logprobs = request_.sampling.logprobs == true;
    const Extra* rest = nullptr;
    for (const Extra& extra : request_.extras) {
      if (own_ && extra.within.empty() && extra.name == "include") rest = &extra;
    }
    if ((!proofs && !logprobs && rest == nullptr) || !may("include")) return;
    writer_.name("include").open_array();
    if (proofs) writer_.string(include_proofs);
    if (logprobs) writer_.string(include_logprobs);
    if (rest != nullptr) {
      const Tree tree = Tree::read(rest->value.bytes);
      for (const Value entry : tree.root()) writer_.raw(entry.raw());
    }
    writer_.close_array();
  }

  void write_extras() {
    for (const Extra& extra : request_.extras) {
      if (!own_) {
        drop(out_.dropped, path_of(extra));
        continue;
      }
      const bool is_written = !extra.within.empty() || extra.name == "include";
      if (!is_written && may(extra.name)) writer_.raw_member(extra.name, extra.value.bytes);
    }
  }

  const Request& request_;
  const Quirks& quirks_;
  bool own_;
  Rendered out_{};
  Writer writer_;
  std::set<std::string, std::less<>> custom_calls_{};
};

}  // namespace

Result<Rendered> encode_request(const Request& request, const Quirks& quirks) {
  return Renderer(request, quirks).render();
}

}  // namespace sluice::chat::responses
