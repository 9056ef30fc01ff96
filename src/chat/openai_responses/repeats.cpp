#include <array>
#include <initializer_list>
#include <string>

#include "chat/openai_responses/parts.hpp"

// What an answer repeats of the request it answers.
namespace sluice::chat::responses {
namespace {

using json::Tree;
using json::Value;
using json::Writer;

// Bytes of all members together. A stream keeps them until it ends, and says them three times.
constexpr std::size_t most_repeated = 64 * 1024;

// A member, the kind it has to be of, and what stands in its place when the request does not say it; empty: nothing.
struct Repeated {
  std::string_view name;
  enum class Form : std::uint8_t { text, count, number, flag, object, list, choice } form;
  std::string_view unsaid{};
};
using Form = Repeated::Form;
constexpr std::array repeated{
    Repeated{"max_output_tokens", Form::count, "null"},
    Repeated{"metadata", Form::object, "{}"},
    Repeated{"parallel_tool_calls", Form::flag, "true"},
    Repeated{"previous_response_id", Form::text, "null"},
    Repeated{"prompt_cache_key", Form::text},
    Repeated{"reasoning", Form::object, R"({"effort":null,"summary":null})"},
    Repeated{"safety_identifier", Form::text},
    Repeated{"temperature", Form::number, "1.0"},
    Repeated{"text", Form::object, R"({"format":{"type":"text"}})"},
    Repeated{"tool_choice", Form::choice, R"("auto")"},
    Repeated{"top_logprobs", Form::count},
    Repeated{"top_p", Form::number, "1.0"},
    Repeated{"user", Form::text},
    // What may be long comes last.
    Repeated{"instructions", Form::text, "null"},
    Repeated{"tools", Form::list, "[]"},
};

bool fits(Value value, Form form) {
  switch (form) {
    case Form::text:
      return value.is_string();
    case Form::count:
      return value.whole().has_value();
    case Form::number:
      return value.is_number();
    case Form::flag:
      return value.boolean().has_value();
    case Form::object:
      return value.is_object();
    case Form::list:
      return value.is_array();
    case Form::choice:
      break;
  }
  return value.is_string() || value.is_object();
}

struct Promised {
  std::string_view name;
  std::string_view unsaid;
};

// An object with members it lacks in front of its own. Of one that is there twice the last counts, as everywhere.
void write_completed(Writer& writer, Value object, std::initializer_list<Promised> promised) {
  writer.open_object();
  for (const Promised& member : promised) {
    if (object[member.name].absent()) writer.raw_member(member.name, member.unsaid);
  }
  for (const Value member : object) {
    const std::string name = member.name();
    const bool counts = object[name].raw().data() == member.raw().data();
    if (counts && !member.is_null()) writer.raw_member(name, json::on_one_line(member.raw()));
  }
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
    if (!fits(said, member.form) || object.size() + said.raw().size() > most_repeated) {
      writer.raw_member_if(member.name, member.unsaid);
    } else if (member.form == Form::count) {
      writer.member(member.name, *said.whole());
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
