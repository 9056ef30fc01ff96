#include <array>

#include "chat/anthropic_messages/parts.hpp"
#include "chat/feature_reader.hpp"

namespace sluice::chat::anthropic {
namespace {

constexpr std::array kinds{Word{"image", Means::image}, Word{"document", Means::document}};
constexpr std::array blocks{
    Word{"type", Means::kind, kinds},
    Word{"text", Means::text},
    Word{"thinking", Means::text},
    Word{"signature", Means::bound},
    Word{"data", Means::bound},  // of a redacted thought
    Word{"name", Means::text},
    Word{"input", Means::text},
    Word{"content", Means::parts},
    Word{"source", Means::source},
    Word{"title", Means::text},
    Word{"context", Means::text},
    Word{"encrypted_content", Means::bound},  // of a page that was found
};
constexpr std::array message{Word{"role", Means::role}, Word{"content", Means::parts, blocks}};
constexpr std::array schema{Word{"schema", Means::schema}};
constexpr std::array output{Word{"format", Means::inside, schema}};
constexpr std::array about{Word{"user_id", Means::user}};

constexpr std::array members{
    Word{"messages", Means::messages, message},
    Word{"system", Means::instructions, blocks},
    Word{"tools", Means::tools},
    Word{"max_tokens", Means::limit},
    Word{"output_config", Means::inside, output},
    Word{"output_format", Means::inside, schema},
    Word{"metadata", Means::tags, about},
};

}  // namespace

Features features(const Asked& asked, std::string_view body, std::uint64_t hash_key) {
  return read_features({members}, asked, body, hash_key);
}

}  // namespace sluice::chat::anthropic
