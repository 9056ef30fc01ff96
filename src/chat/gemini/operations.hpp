#pragma once

#include <string_view>

#include <sluice/chat/operations.hpp>

// What the gemini dialect asks beside conversations: embedContent, batchEmbedContents and countTokens.
namespace sluice::chat::generate_content {

const EmbeddingCodec& embedding_codec();
const CountCodec& count_codec();

// Whether a model's name in a body ("models/NAME", or the bare name) is the one in the path.
bool is_same_model(std::string_view written, std::string_view in_path);
// These requests repeat the model in parts of their body: it must not be another one there.
Result<Ok> check_inner_models(std::string_view body, std::string_view in_path);

}  // namespace sluice::chat::generate_content
