#include <array>

#include "chat/feature_reader.hpp"
#include "chat/ollama/parts.hpp"

namespace sluice::chat::ollama_api {
namespace {

constexpr std::array call{Word{"name", Means::text}, Word{"arguments", Means::text}};
constexpr std::array calls{Word{"function", Means::inside, call}, Word{"signature", Means::bound}};
constexpr std::array message{
    Word{"role", Means::role},
    Word{"content", Means::text},
    Word{"thinking", Means::text},
    Word{"images", Means::images},
    Word{"tool_calls", Means::inside, calls},
    Word{"signature", Means::bound},
};
constexpr std::array options{Word{"num_predict", Means::limit}};

constexpr std::array members{
    Word{"messages", Means::messages, message},
    Word{"tools", Means::tools},
    Word{"format", Means::schema},
    Word{"options", Means::inside, options},
    Word{"system", Means::instructions},
    Word{"prompt", Means::prompt},
    Word{"suffix", Means::text},
    Word{"images", Means::images},
    Word{"input", Means::text},
};

}  // namespace

Features features(const Asked& asked, std::string_view body, std::uint64_t hash_key) {
  return read_features({members}, asked, body, hash_key);
}

}  // namespace sluice::chat::ollama_api
