#include <array>
#include <string>

#include "chat/openai_responses/parts.hpp"

// What an answer repeats of the request it answers.
namespace sluice::chat::responses {
namespace {

using json::Kind;
using json::Tree;
using json::Value;
using json::Writer;

// A member, and what stands in its place when the request does not say it; empty: nothing.
struct Repeated {
  std::string_view name;
  std::string_view unsaid{};
};
constexpr std::array repeated{
    Repeated{"instructions", "null"},
    Repeated{"max_output_tokens", "null"},
    Repeated{"metadata", "{}"},
    Repeated{"parallel_tool_calls", "true"},
    Repeated{"previous_response_id", "null"},
    Repeated{"prompt_cache_key"},
    Repeated{"reasoning", R"({"effort":null,"summary":null})"},
    Repeated{"safety_identifier"},
    Repeated{"temperature", "1.0"},
    Repeated{"text", R"({"format":{"type":"text"}})"},
    Repeated{"tool_choice", R"("auto")"},
    Repeated{"tools", "[]"},
    Repeated{"top_logprobs"},
    Repeated{"top_p", "1.0"},
    Repeated{"user"},
};

// An object with members it lacks in front of its own.
void write_completed(Writer& writer, Value object, std::initializer_list<Repeated> promised) {
  writer.open_object();
  for (const Repeated& member : promised) {
    if (object[member.name].kind() == Kind::none) writer.raw_member(member.name, member.unsaid);
  }
  for (const Value member : object) writer.raw_member(member.name(), json::on_one_line(member.raw()));
  writer.close_object();
}

// Readers are promised more of a function than callers have to say.
void write_tools(Writer& writer, Value tools) {
  writer.open_array();
  for (const Value tool : tools) {
    if (tool["type"].is("function")) {
      write_completed(writer, tool, {{"parameters", "null"}, {"strict", "null"}});
    } else {
      writer.raw(json::on_one_line(tool.raw()));
    }
  }
  writer.close_array();
}

}  // namespace

std::string repeats(std::string_view body) {
  const Tree tree = Tree::read(body);
  const Value request = tree.root();
  std::string object;
  Writer writer(object);
  writer.open_object();
  for (const Repeated& member : repeated) {
    const Value said = request[member.name];
    if (said.absent()) {
      writer.raw_member_if(member.name, member.unsaid);
    } else if (member.name == "tools") {
      write_tools(writer.name(member.name), said);
    } else if (member.name == "text") {
      write_completed(writer.name(member.name), said, {{"format", R"({"type":"text"})"}});
    } else {
      writer.raw_member(member.name, json::on_one_line(said.raw()));
    }
  }
  writer.close_object();
  return object.substr(1, object.size() - 2);
}

std::string repeats_of(const AnswerForm& form) { return form.repeats.empty() ? repeats("{}") : form.repeats; }

}  // namespace sluice::chat::responses
