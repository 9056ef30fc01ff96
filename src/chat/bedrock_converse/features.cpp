#include <array>

#include "chat/bedrock_converse/parts.hpp"
#include "chat/feature_reader.hpp"

namespace sluice::chat::bedrock {
namespace {

constexpr std::array use{Word{"name", Means::text}, Word{"input", Means::text}};
constexpr std::array thought{Word{"text", Means::text}, Word{"signature", Means::bound}};
constexpr std::array reasoning{Word{"reasoningText", Means::inside, thought}, Word{"redactedContent", Means::bound}};
constexpr std::array pieces{
    Word{"text", Means::text},         Word{"json", Means::text},      Word{"image", Means::image},
    Word{"document", Means::document}, Word{"video", Means::document}, Word{"audio", Means::audio},
};
constexpr std::array results{Word{"content", Means::parts, pieces}};
constexpr std::array cited{Word{"content", Means::parts, pieces}};
constexpr std::array guarded{Word{"text", Means::parts, pieces}, Word{"image", Means::image}};
constexpr std::array blocks{
    Word{"text", Means::text},
    Word{"image", Means::image},
    Word{"document", Means::document},
    Word{"video", Means::document},
    Word{"audio", Means::audio},
    Word{"toolUse", Means::inside, use},
    Word{"toolResult", Means::inside, results},
    Word{"reasoningContent", Means::inside, reasoning},
    Word{"citationsContent", Means::inside, cited},
    Word{"guardContent", Means::inside, guarded},
};
constexpr std::array message{Word{"role", Means::role}, Word{"content", Means::parts, blocks}};
constexpr std::array sampling{Word{"maxTokens", Means::limit}};
constexpr std::array tools{Word{"tools", Means::tools}};
constexpr std::array schema{Word{"schema", Means::schema_text}};
constexpr std::array definition{Word{"jsonSchema", Means::inside, schema}};
constexpr std::array structure{Word{"structure", Means::inside, definition}};
constexpr std::array output{Word{"textFormat", Means::inside, structure}};

constexpr std::array members{
    Word{"messages", Means::messages, message},
    Word{"system", Means::instructions, blocks},
    Word{"inferenceConfig", Means::inside, sampling},
    Word{"toolConfig", Means::inside, tools},
    Word{"outputConfig", Means::inside, output},
    Word{"requestMetadata", Means::tags},
    // Of what models embed.
    Word{"inputText", Means::text},
    Word{"inputImage", Means::image},
    Word{"texts", Means::text},
    Word{"images", Means::images},
};
constexpr std::array converse{Word{"converse", Means::inside, members}};
constexpr std::array counted{Word{"input", Means::inside, converse}};

}  // namespace

Features features(const Asked& asked, std::string_view body, std::uint64_t hash_key) {
  const std::span<const Word> words = asked.task == Task::count ? std::span<const Word>(counted) : members;
  return read_features({words}, asked, body, hash_key);
}

}  // namespace sluice::chat::bedrock
