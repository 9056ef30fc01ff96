#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include <sluice/chat/conversation.hpp>
#include <sluice/chat/events.hpp>

// An answer by a schema from a model that knows no such thing: it is given a tool with that schema and has to call it;
// what it calls it with is the answer.
namespace sluice::chat {

// Puts the tool in the place of the schema and returns its name. Empty, and nothing is changed, where no schema is
// wanted, where it is none of an object, or where the model has to call a tool of the caller's anyway.
std::string ask_by_tool(Request& request);

// Makes words of the calls of that tool again. One per answer.
class ToolAnswer {
 public:
  explicit ToolAnswer(std::string name) : name_(std::move(name)) {}

  void restore(Response& response) const;
  // Of a stream, all events in their order.
  void restore(Event& event);

 private:
  bool is_ours(const Part& part) const;

  std::string name_;
  std::set<std::size_t> blocks_{};    // that are such calls
  std::set<std::size_t> answered_{};  // choices that have one
  std::set<std::size_t> calling_{};   // choices that call other tools
};

}  // namespace sluice::chat
