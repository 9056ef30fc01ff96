#include <array>

#include "chat/feature_reader.hpp"
#include "chat/openai_chat/parts.hpp"

namespace sluice::chat::openai {
namespace {

constexpr std::array kinds{
    Word{"image_url", Means::image},       Word{"image", Means::image},        Word{"input_image", Means::image},
    Word{"input_audio", Means::audio},     Word{"audio_url", Means::audio},    Word{"file", Means::document},
    Word{"document_url", Means::document}, Word{"video_url", Means::document},
};
// Of a tool that is called, and of a tool's function.
constexpr std::array call{Word{"name", Means::text}, Word{"arguments", Means::text}, Word{"input", Means::text}};
constexpr std::array proof{Word{"thought_signature", Means::bound}};
constexpr std::array maker{Word{"google", Means::inside, proof}};
constexpr std::array calls{
    Word{"function", Means::inside, call},
    Word{"custom", Means::inside, call},
    Word{"extra_content", Means::inside, maker},
    Word{"thought_signature", Means::bound},
};
constexpr std::array thoughts{
    Word{"text", Means::text},
    Word{"summary", Means::text},
    Word{"signature", Means::bound},
    Word{"data", Means::sealed},
};
constexpr std::array sound{Word{"id", Means::bound}};
constexpr std::array content{
    Word{"type", Means::kind, kinds}, Word{"text", Means::text},       Word{"refusal", Means::text},
    Word{"thinking", Means::parts},   Word{"signature", Means::bound},
};
constexpr std::array message{
    Word{"role", Means::role},
    Word{"content", Means::parts, content},
    Word{"name", Means::text},
    Word{"tool_calls", Means::inside, calls},
    Word{"function_call", Means::inside, call},
    Word{"refusal", Means::text},
    Word{"reasoning", Means::text},
    Word{"reasoning_content", Means::text},
    Word{"reasoning_details", Means::inside, thoughts},
    Word{"extra_content", Means::inside, maker},
    Word{"thought_signature", Means::bound},
    Word{"audio", Means::inside, sound},
};
constexpr std::array schema{Word{"schema", Means::schema}};
constexpr std::array format{Word{"json_schema", Means::inside, schema}, Word{"schema", Means::schema}};

// Of all tasks: none uses another's word in another sense.
constexpr std::array members{
    Word{"messages", Means::messages, message},
    Word{"tools", Means::tools},
    Word{"functions", Means::tools},
    Word{"max_tokens", Means::limit},
    Word{"n", Means::choices},
    Word{"best_of", Means::choices},
    Word{"max_completion_tokens", Means::better_limit},
    Word{"response_format", Means::inside, format},
    Word{"user", Means::user},
    Word{"safety_identifier", Means::other_user},
    Word{"metadata", Means::tags},
    Word{"prompt", Means::prompt},
    Word{"suffix", Means::text},
    Word{"input", Means::parts, content},
    Word{"instructions", Means::text},
    Word{"query", Means::text},
    Word{"documents", Means::text},
};

}  // namespace

Features features(const Asked& asked, std::string_view body, std::uint64_t hash_key) {
  return read_features({members}, asked, body, hash_key);
}

}  // namespace sluice::chat::openai
