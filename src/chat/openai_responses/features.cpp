#include <array>

#include "chat/feature_reader.hpp"
#include "chat/json_walk.hpp"
#include "chat/openai_responses/parts.hpp"

namespace sluice::chat::responses {
namespace {

constexpr std::array kinds{
    Word{"input_image", Means::image}, Word{"computer_screenshot", Means::image}, Word{"input_file", Means::document},
    Word{"input_audio", Means::audio}, Word{"item_reference", Means::sealed},
};
// Of items and of what is in them: the words are the same.
constexpr std::array items{
    Word{"type", Means::kind, kinds},
    Word{"role", Means::role},
    Word{"content", Means::parts},
    Word{"text", Means::text},
    Word{"refusal", Means::text},
    Word{"name", Means::text},
    Word{"arguments", Means::text},
    Word{"input", Means::text},
    Word{"output", Means::parts},
    Word{"summary", Means::parts},
    Word{"encrypted_content", Means::sealed},
};
constexpr std::array schema{Word{"schema", Means::schema}};
constexpr std::array format{Word{"format", Means::inside, schema}};

constexpr std::array members{
    Word{"input", Means::messages, items},
    Word{"instructions", Means::instructions, items},
    Word{"tools", Means::tools},
    Word{"text", Means::inside, format},
    Word{"max_output_tokens", Means::limit},
    Word{"previous_response_id", Means::answer},
    Word{"conversation", Means::sealed},
    Word{"user", Means::user},
    Word{"safety_identifier", Means::other_user},
    Word{"metadata", Means::tags},
};

}  // namespace

Features features(const Asked& asked, std::string_view body, std::uint64_t hash_key) {
  // What is served beside conversations has the words of the chat dialect.
  if (asked.task != Task::chat && asked.task != Task::count) return openai_chat().features(asked, body, hash_key);
  return read_features({members}, asked, body, hash_key);
}

// Many events have a response, but the first that does is enough.
std::string answer_id(std::string_view json) {
  const bool is_start = json::mentions(json, R"("response.created")");
  if (!is_start && (!json::mentions(json, R"("object")") || !json::mentions(json, R"("response")"))) return {};
  std::array<json::Member, 2> event{{{.name = "type"}, {.name = "response"}}};
  if (!json::read(json, event)) return {};
  const bool is_created = json::value_of(event[0], json) == R"("response.created")";
  const std::string_view response = is_created ? json::value_of(event[1], json) : json;
  std::array<json::Member, 3> members{{{.name = "id"}, {.name = "object"}, {.name = "store"}}};
  if (!json::read(response, members) || json::value_of(members[1], response) != R"("response")") return {};
  std::string scratch;
  const bool is_kept = members[2].kind != json::Kind::no;
  return is_kept ? std::string(json::string_of(members[0], response, scratch).value_or("")) : std::string();
}

}  // namespace sluice::chat::responses
