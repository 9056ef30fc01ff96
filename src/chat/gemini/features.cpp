#include <array>

#include "chat/feature_reader.hpp"
#include "chat/gemini/parts.hpp"

namespace sluice::chat::generate_content {
namespace {

constexpr std::array call{Word{"name", Means::text}, Word{"args", Means::text}};
constexpr std::array media{
    Word{"inlineData", Means::blob},
    Word{"inline_data", Means::blob},
    Word{"fileData", Means::blob},
    Word{"file_data", Means::blob},
};
constexpr std::array result{
    Word{"name", Means::text},
    Word{"response", Means::text},
    Word{"parts", Means::inside, media},
};
constexpr std::array parts{
    Word{"text", Means::text},
    Word{"inlineData", Means::blob},
    Word{"inline_data", Means::blob},
    Word{"fileData", Means::blob},
    Word{"file_data", Means::blob},
    Word{"functionCall", Means::inside, call},
    Word{"function_call", Means::inside, call},
    Word{"functionResponse", Means::inside, result},
    Word{"function_response", Means::inside, result},
    Word{"executableCode", Means::text},
    Word{"executable_code", Means::text},
    Word{"codeExecutionResult", Means::text},
    Word{"code_execution_result", Means::text},
    Word{"thoughtSignature", Means::bound},
    Word{"thought_signature", Means::bound},
};
constexpr std::array turn{Word{"role", Means::role}, Word{"parts", Means::parts, parts}};
constexpr std::array config{
    Word{"candidateCount", Means::choices},    Word{"candidate_count", Means::choices},
    Word{"maxOutputTokens", Means::limit},     Word{"max_output_tokens", Means::limit},
    Word{"responseSchema", Means::schema},     Word{"response_schema", Means::schema},
    Word{"responseJsonSchema", Means::schema}, Word{"response_json_schema", Means::schema},
};
// Of one text among several to be embedded.
constexpr std::array inputs{Word{"content", Means::parts, turn}, Word{"title", Means::text}};

constexpr std::array members{
    Word{"contents", Means::messages, turn},
    Word{"systemInstruction", Means::instructions, turn},
    Word{"system_instruction", Means::instructions, turn},
    Word{"tools", Means::tools},
    Word{"generationConfig", Means::inside, config},
    Word{"generation_config", Means::inside, config},
    Word{"cachedContent", Means::sealed},
    Word{"cached_content", Means::sealed},
    Word{"labels", Means::tags},
    Word{"content", Means::parts, turn},
    Word{"title", Means::text},
    Word{"requests", Means::inside, inputs},
};
// A whole request may be counted, or bare contents.
constexpr std::array counted{
    Word{"contents", Means::messages, turn},
    Word{"generateContentRequest", Means::inside, members},
    Word{"generate_content_request", Means::inside, members},
};

}  // namespace

Features features(const Asked& asked, std::string_view body, std::uint64_t hash_key) {
  const std::span<const Word> words = asked.task == Task::count ? std::span<const Word>(counted) : members;
  return read_features({words, true}, asked, body, hash_key);
}

}  // namespace sluice::chat::generate_content
