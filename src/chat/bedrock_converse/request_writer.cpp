#include <algorithm>
#include <cctype>
#include <deque>
#include <set>
#include <utility>

#include "chat/bedrock_converse/parts.hpp"
#include "chat/by_tool.hpp"
#include "chat/extras.hpp"
#include "chat/sampling_plan.hpp"
#include "chat/schemas.hpp"
#include "chat/thinking_plan.hpp"

namespace sluice::chat::bedrock {
namespace {

using json::Writer;

// What one side says before the other answers. Roles must take turns.
struct Turn {
  explicit Turn(Role who) : role(who) {}
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  ~Turn() = default;

  Role role;
  std::string blocks{};  // with commas between them
  Writer writer{blocks};
};

class RequestWriter {
 public:
  RequestWriter(const Request& request, const Quirks& quirks)
      : request_(request), quirks_(quirks), is_own_(request.dialect == dialect_name) {}

  Rendered render() && {
    plan();
    gather_turns();
    writer_.open_object();
    write_turns();
    write_sampling();
    write_tools();
    write_output();
    write_additional();
    write_rest();
    writer_.close_object();
    return {std::move(body_), std::move(dropped_)};
  }

 private:
  bool may_say(std::string_view member, std::string_view name) {
    if (quirks_.takes(member)) return true;
    drop(dropped_, name);
    return false;
  }

  Role turn_of(const Message& message) const {
    if (message.role == Role::assistant) return Role::assistant;
    if (message.role != Role::system && message.role != Role::developer) return Role::user;
    // Only who wrote the request for this dialect knows that its model takes one in the middle.
    return is_own_ && !turns_.empty() ? Role::system : Role::developer;
  }

  void gather_turns() {
    const Message* const last = last_said();
    const Part* const words = last_words();
    bool begun = false;
    for (const Message& message : request_.messages) {
      if (!message.name.empty()) drop(dropped_, "messages.name");
      const Role role = turn_of(message);
      if (role == Role::developer) {
        if (begun && !is_own_ && !is_blank(message)) drop(dropped_, moved_instructions);
        for (const Part& part : message.parts) write_part(system_.writer, part, reader_);
        continue;
      }
      // Its own writers know what their model takes.
      if (turns_.empty() || turns_.back().role != role || is_own_) turns_.emplace_back(role);
      for (const Part& part : message.parts) {
        note_tools(part);
        if (&part == words && role == Role::assistant && !is_own_) {
          write_part(turns_.back().writer, without_end(part), reader_);
        } else {
          write_part(turns_.back().writer, part, reader_);
        }
      }
      begun = begun || !is_blank(message);
      // A question that says nothing is not another answer to go on with: it is the provider's to refuse.
      const bool asks = &message == last && role == Role::user && !message.parts.empty() && is_blank(message);
      if (asks && turns_.back().blocks.empty()) turns_.back().writer.open_object().member("text", " ").close_object();
      // What is left empty would keep its neighbours apart.
      if (turns_.back().blocks.empty()) turns_.pop_back();
    }
    if (request_.cache && !turns_.empty() && !turns_.back().blocks.ends_with(R"("type":"default"}})")) {
      Writer& writer = turns_.back().writer;
      writer.open_object().name("cachePoint").open_object().member("type", "default");
      writer.member_if("ttl", request_.cache->ttl).close_object().close_object();
    }
    if (!is_own_) begin_with_user();
    name_documents();
  }

  // A conversation begins with the user, who has to say something that can be seen.
  void begin_with_user() {
    const bool says_nothing = turns_.empty() && system_.blocks.empty();
    if (says_nothing || (!turns_.empty() && turns_.front().role == Role::user)) return;
    turns_.emplace_front(Role::user).writer.open_object().member("text", ".").close_object();
  }

  // The last message that is no instruction; null: there is none.
  const Message* last_said() const {
    const auto said = std::find_if(request_.messages.rbegin(), request_.messages.rend(), [](const Message& message) {
      return message.role != Role::system && message.role != Role::developer;
    });
    return said == request_.messages.rend() ? nullptr : &*said;
  }

  // The last part of it that says something.
  const Part* last_words() const {
    const Message* const last = last_said();
    if (last == nullptr) return nullptr;
    const auto part = std::find_if(last->parts.rbegin(), last->parts.rend(), [](const Part& each) {
      const auto* const text = std::get_if<Text>(&each.what);
      return text == nullptr || !json::trimmed(text->text).empty();
    });
    return part == last->parts.rend() ? nullptr : &*part;
  }

  // The tools that the conversation so far is about.
  void note_tools(const Part& part) {
    if (const auto* call = std::get_if<ToolCall>(&part.what)) used_.insert(call->name);
    has_tool_blocks_ = has_tool_blocks_ || std::holds_alternative<ToolCall>(part.what) ||
                       std::holds_alternative<ToolResult>(part.what);
  }

  // A document may not stand without a text.
  void name_documents() {
    if (is_own_) return;
    for (Turn& turn : turns_) {
      if (turn.blocks.find(R"({"document":)") == std::string::npos) continue;
      if (turn.blocks.starts_with(R"({"text":)") || turn.blocks.find(R"(,{"text":)") != std::string::npos) continue;
      turn.writer.open_object().member("text", "(see the document)").close_object();
    }
  }

  void write_turns() {
    writer_.name("messages").open_array();
    for (const Turn& turn : turns_) {
      const bool assistant = turn.role == Role::assistant;
      writer_.open_object().member("role", assistant ? "assistant" : turn.role == Role::system ? "system" : "user");
      writer_.name("content").open_array().raw(turn.blocks).close_array().close_object();
    }
    writer_.close_array();
    // It has no word for any JSON at all, so the model is asked for it; that is less than a promise.
    const Part wish{Text{std::string(json_wish), {}, {}}, {}};
    if (!is_own_ && request_.format.kind == OutputFormat::Kind::json_object) write_part(system_.writer, wish, reader_);
    if (system_.blocks.empty() || !may_say("system", "messages.system")) return;
    writer_.name("system").open_array().raw(system_.blocks).close_array();
  }

  // The members of an object that the caller's request had in it beside those we know.
  void write_extras(Writer& writer, std::string_view place) {
    if (is_own_) write_within(writer, request_.extras, place);
  }

  // Left out when nothing was said.
  void write_object(std::string_view name, const std::string& members) {
    if (!members.empty()) writer_.raw_member(name, "{" + members + "}");
  }

  void write_number(Writer& writer, std::string_view member, std::string_view name, const std::string& number) {
    if (!number.empty() && may_say(member, name)) writer.raw_member(member, number);
  }

  void plan() {
    constexpr std::uint64_t unsaid = 8192;  // room for thoughts and an answer, where nobody set a limit
    const Reasoning& wanted = request_.reasoning;
    most_ = request_.sampling.max_tokens.value_or(quirks_.default_max_tokens);
    const Quirks::Takes can = takes_of(quirks_, request_.model);
    std::uint64_t room = most_;
    if (room == 0) room = std::min(wanted.budget_tokens.value_or(0), std::uint64_t{1} << 32) + unsaid;
    plan_ = is_own_ ? thinking_as_said(wanted) : plan_thinking(request_, can, room);
    if (!is_own_ && plan_.budget) most_ = room;  // must be more than the budget
    numbers_ = is_own_ ? sampling_as_said(request_.sampling) : plan_sampling(request_.sampling, can, plan_.thinks());
  }

  void write_sampling() {
    const Sampling& sampling = request_.sampling;
    std::string members;
    Writer writer(members);
    const std::string_view most_name = quirks_.max_tokens.empty() ? "maxTokens" : std::string_view(quirks_.max_tokens);
    if (most_ > 0 && may_say(most_name, "max_tokens")) writer.member(most_name, most_);
    write_number(writer, "temperature", "temperature", numbers_.temperature);
    write_number(writer, "topP", "top_p", numbers_.top_p);
    for (const std::string& name : numbers_.lost) drop(dropped_, name);
    write_stops(writer);
    write_extras(writer, "inferenceConfig");
    write_object("inferenceConfig", members);

    const auto unsaid = [this](bool was_set, std::string_view name) {
      if (was_set) drop(dropped_, name);
    };
    unsaid(sampling.choices.value_or(1) != 1, "n");
    unsaid(sampling.seed.has_value(), "seed");
    unsaid(sampling.min_p.has_value(), "min_p");
    unsaid(sampling.frequency_penalty.has_value(), "frequency_penalty");
    unsaid(sampling.presence_penalty.has_value(), "presence_penalty");
    unsaid(sampling.logprobs.value_or(false), "logprobs");
    unsaid(sampling.top_logprobs.has_value(), "top_logprobs");
    unsaid(!request_.user.empty(), "user");
    unsaid(!request_.verbosity.empty(), "verbosity");
    unsaid(request_.store.value_or(false), "store");
  }

  void write_stops(Writer& writer) {
    std::vector<std::string_view> stops;
    for (const std::string& stop : request_.sampling.stop) {
      if (is_own_ || !json::trimmed(stop).empty()) {
        stops.push_back(stop);
      } else {
        drop(dropped_, "stop");  // many models refuse what is only white space
      }
    }
    if (stops.empty() || !may_say("stopSequences", "stop")) return;
    writer.name("stopSequences").open_array();
    for (const std::string_view stop : stops) writer.string(stop);
    writer.close_array();
  }

  bool is_offered(const Tool& tool) const {
    const auto& only = request_.tool_choice.only;
    return only.empty() || tool.opaque || std::find(only.begin(), only.end(), tool.name) != only.end();
  }

  void write_tool(Writer& writer, const Tool& tool) {
    if (tool.opaque) {
      if (tool.opaque->dialect != dialect_name) return drop(dropped_, tool.opaque->kind);
      writer.raw(tool.opaque->json.bytes);
    } else if (tool.is_custom) {
      return drop(dropped_, "tools.custom");
    } else {
      writer.open_object().name("toolSpec").open_object().member("name", tool.name);
      writer.member_if("description", tool.description).name("inputSchema").open_object();
      const bool is_said = is_own_ && tool.schema;
      writer.raw_member("json", is_said ? tool.schema.bytes : object_schema(tool.schema));
      writer.close_object();
      if (tool.strict && may_say("strict", "tools.strict")) writer.member("strict", *tool.strict);
      writer.close_object().close_object();
    }
    if (!tool.cache) return;
    writer.open_object().name("cachePoint").open_object().member("type", "default");
    writer.member_if("ttl", tool.cache->ttl).close_object().close_object();
  }

  // The tools, or, where the conversation is about tools that are no longer offered, their names: without any tool such
  // a conversation is refused.
  std::string tools() {
    std::string list;
    Writer writer(list);
    const bool none = request_.tool_choice.mode == ToolChoice::Mode::none;
    if (none && !has_tool_blocks_) return list;
    if (none) drop(dropped_, "tool_choice");
    for (const Tool& tool : request_.tools) {
      if (is_offered(tool)) write_tool(writer, tool);
    }
    if (!list.empty() || !has_tool_blocks_ || is_own_) return list;
    if (used_.empty()) used_.insert("tool");
    for (const std::string& name : used_) {
      Tool tool;
      tool.name = name;
      write_tool(writer, tool);
    }
    return list;
  }

  void write_tools() {
    const std::string list = tools();
    std::string members;
    Writer writer(members);
    if (!list.empty()) writer.raw_member("tools", "[" + list + "]");
    if (!list.empty()) write_choice(writer);
    write_extras(writer, "toolConfig");
    if (members.empty() || !may_say("toolConfig", "tools")) return;
    write_object("toolConfig", members);
  }

  void write_choice(Writer& writer) {
    const ToolChoice& choice = request_.tool_choice;
    if (choice.parallel && !*choice.parallel) drop(dropped_, "parallel_tool_calls");
    const char* name = nullptr;
    if (choice.mode == ToolChoice::Mode::automatic) name = "auto";
    if (choice.mode == ToolChoice::Mode::required) name = "any";
    if (choice.mode == ToolChoice::Mode::named) name = "tool";
    if (!is_own_ && !can_be_forced(request_)) return drop(dropped_, "tool_choice");
    if (name == nullptr || !may_say("toolChoice", "tool_choice")) return;
    writer.name("toolChoice").open_object().name(name).open_object();
    if (choice.mode == ToolChoice::Mode::named) writer.member("name", choice.name);
    writer.close_object().close_object();
  }

  std::string answer_schema() {
    const RawJson& schema = request_.format.schema;
    if (is_own_ || !schema) return schema ? schema.bytes : "{}";
    bool changed = false;
    std::string strict = strict_schema(schema, changed);
    if (changed) drop(dropped_, "response_format.schema");
    return strict;
  }

  void write_output() {
    std::string members;
    Writer writer(members);
    const OutputFormat& format = request_.format;
    if (format.kind == OutputFormat::Kind::json_object) drop(dropped_, "response_format");
    if (format.kind == OutputFormat::Kind::json_schema && may_say("textFormat", "response_format")) {
      writer.name("textFormat").open_object().member("type", "json_schema");
      writer.name("structure").open_object().name("jsonSchema").open_object();
      writer.member("schema", answer_schema());
      writer.member_if("name", format.name).member_if("description", format.description);
      writer.close_object().close_object().close_object();
      if (format.strict && !*format.strict) drop(dropped_, "response_format.strict");
    }
    write_extras(writer, "outputConfig");
    write_object("outputConfig", members);
  }

  void write_additional() {
    std::string members;
    Writer writer(members);
    const Reasoning& reasoning = request_.reasoning;
    if (plan_.mode != ThinkingPlan::Mode::unsaid && may_say("thinking", "reasoning")) {
      const bool off = plan_.mode == ThinkingPlan::Mode::disabled;
      writer.name("thinking").open_object();
      writer.member("type", off ? "disabled" : plan_.mode == ThinkingPlan::Mode::adaptive ? "adaptive" : "enabled");
      if (plan_.budget) writer.member("budget_tokens", *plan_.budget);
      writer.close_object();
    }
    if (!plan_.effort.empty() && may_say("output_config", "reasoning_effort")) {
      writer.name("output_config").open_object().member("effort", plan_.effort).close_object();
    }
    if (plan_.is_lost || plan_.is_less) drop(dropped_, "reasoning_effort");
    if (plan_.is_vague) drop(dropped_, "reasoning.max_tokens");
    if (reasoning.include_thoughts) drop(dropped_, "reasoning.exclude");
    if (!reasoning.summary.empty()) drop(dropped_, "reasoning.summary");
    write_number(writer, "top_k", "top_k", numbers_.top_k);
    write_extras(writer, "additionalModelRequestFields");
    write_object("additionalModelRequestFields", members);
  }

  // At most 16 members, their values of at most 256 characters, by the service's model of itself:
  // [a-zA-Z0-9\s:_@$#=/+,-.]*.
  static bool is_sayable(const RawJson& metadata) {
    constexpr std::size_t most_members = 16;
    constexpr std::size_t longest = 256;
    const json::Tree tree = json::Tree::read(metadata.bytes);
    if (tree.root().size() > most_members) return false;
    const auto fits = [](const std::string& text) {
      return text.size() <= longest && std::all_of(text.begin(), text.end(), [](char c) {
               constexpr std::string_view others = " \t\r\n:_@$#=/+,-.";
               return std::isalnum(static_cast<unsigned char>(c)) != 0 || others.find(c) != std::string_view::npos;
             });
    };
    for (const json::Value member : tree.root()) {
      if (!member.is_string() || member.name().empty() || !fits(member.name()) || !fits(member.string())) return false;
    }
    return true;
  }

  void write_rest() {
    if (request_.metadata && may_say("requestMetadata", "metadata")) {
      if (is_own_ || is_sayable(request_.metadata)) {
        writer_.raw_member("requestMetadata", request_.metadata.bytes);
      } else {
        drop(dropped_, "metadata");
      }
    }
    const std::string& tier = request_.service_tier;
    const bool is_default = tier.empty() || (tier == "auto" && !is_own_);
    const bool is_foreign = !is_own_ && !is_tier(tier);
    if (!is_default && is_foreign) {
      drop(dropped_, "service_tier");
    } else if (!is_default && may_say("serviceTier", "service_tier")) {
      writer_.name("serviceTier").open_object().member("type", tier).close_object();
    }
    for (const Extra& extra : request_.extras) {
      if (!is_own_) {
        drop(dropped_, path_of(extra));
      } else if (extra.within.empty() && may_say(extra.name, extra.name)) {
        writer_.raw_member(extra.name, extra.value.bytes);
      }
    }
  }

  const Request& request_;
  const Quirks& quirks_;
  bool is_own_;
  std::string body_{};
  Writer writer_{body_};
  Dropped dropped_{};
  std::set<std::string> names_{};
  Reader reader_{dropped_, true, is_own_, is_own_ ? nullptr : &names_};
  Turn system_{Role::system};
  std::deque<Turn> turns_{};
  std::set<std::string> used_{};
  bool has_tool_blocks_ = false;
  ThinkingPlan plan_{};
  SamplingPlan numbers_{};
  std::uint64_t most_ = 0;  // tokens; 0: the model's own limit
};

}  // namespace

Result<Rendered> write_request(const Request& request, const Quirks& quirks) {
  return written_by_tool(request, dialect_name, quirks,
                         [&quirks](const Request& asked) { return RequestWriter(asked, quirks).render(); });
}

}  // namespace sluice::chat::bedrock
