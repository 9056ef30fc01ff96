#include <array>

#include "chat/cohere_v2/parts.hpp"
#include "chat/feature_reader.hpp"

namespace sluice::chat::cohere {
namespace {

constexpr std::array kinds{Word{"image_url", Means::image}, Word{"image", Means::image}};
constexpr std::array content{
    Word{"type", Means::kind, kinds}, Word{"text", Means::text},
    Word{"thinking", Means::text},    Word{"document", Means::text},  // what a tool or a search found
    Word{"signature", Means::bound},
};
constexpr std::array call{Word{"name", Means::text}, Word{"arguments", Means::text}};
constexpr std::array calls{Word{"function", Means::inside, call}, Word{"signature", Means::bound}};
constexpr std::array message{
    Word{"role", Means::role},
    Word{"content", Means::parts, content},
    Word{"tool_calls", Means::inside, calls},
    Word{"tool_plan", Means::text},
};
constexpr std::array format{Word{"json_schema", Means::schema}, Word{"schema", Means::schema}};
// Of one thing among several to be embedded.
constexpr std::array inputs{Word{"content", Means::parts, content}};

constexpr std::array members{
    Word{"messages", Means::messages, message},
    Word{"tools", Means::tools},
    Word{"documents", Means::text},
    Word{"max_tokens", Means::limit},
    Word{"response_format", Means::inside, format},
    Word{"query", Means::text},
    Word{"texts", Means::text},
    Word{"images", Means::images},
    Word{"inputs", Means::inside, inputs},
};

}  // namespace

Features features(const Asked& asked, std::string_view body, std::uint64_t hash_key) {
  return read_features({members}, asked, body, hash_key);
}

}  // namespace sluice::chat::cohere
