#include <algorithm>

#include <sluice/chat/conversation.hpp>

#include "chat/media_types.hpp"

// What holds for requests on their way to any dialect but their own.
namespace sluice::chat {
namespace {

bool is_result(const Part& part) { return std::holds_alternative<ToolResult>(part.what); }

bool has_result(const Message& message) { return std::any_of(message.parts.begin(), message.parts.end(), is_result); }

// Between two answers of the model everybody else may have spoken in any order; most providers want results first.
void put_results_first(std::vector<Message>& messages) {
  const auto is_answer = [](const Message& message) { return message.role == Role::assistant; };
  for (auto begin = messages.begin(); begin != messages.end();) {
    begin = std::find_if(begin, messages.end(), is_answer);
    if (begin == messages.end()) return;
    ++begin;
    const auto end = std::find_if(begin, messages.end(), is_answer);
    std::stable_partition(begin, end, has_result);
    for (auto message = begin; message != end; ++message) {
      std::stable_partition(message->parts.begin(), message->parts.end(), is_result);
    }
    begin = end;
  }
}

void settle(Media& media) { media.media_type = type_of(media); }

void settle(Part& part, std::string_view dialect) {
  if (auto* const media = std::get_if<Media>(&part.what); media != nullptr) settle(*media);
  auto* const result = std::get_if<ToolResult>(&part.what);
  if (result == nullptr) return;
  for (auto& piece : result->content) {
    if (auto* const media = std::get_if<Media>(&piece); media != nullptr) settle(*media);
    const auto* const opaque = std::get_if<Opaque>(&piece);
    if (opaque != nullptr && opaque->dialect != dialect && !opaque->words.empty()) piece = Text{opaque->words, {}, {}};
  }
}

bool is_told(const Part& part) {
  const auto* const opaque = std::get_if<Opaque>(&part.what);
  return opaque != nullptr && opaque->is_told;
}

}  // namespace

void prepare_for(Request& request, std::string_view dialect) {
  if (request.dialect == dialect) return;
  if (request.sampling.logprobs != true) request.sampling.top_logprobs.reset();
  for (Tool& tool : request.tools) tool.is_told = false;
  std::erase_if(request.messages, [](const Message& message) {
    return !message.parts.empty() && std::all_of(message.parts.begin(), message.parts.end(), is_told);
  });
  for (Message& message : request.messages) {
    std::erase_if(message.parts, is_told);
    for (Part& part : message.parts) settle(part, dialect);
  }
  put_results_first(request.messages);
}

}  // namespace sluice::chat
