#pragma once

#include <string_view>

#include <sluice/chat/operations.hpp>

#include "chat/json_tree.hpp"
#include "chat/json_writer.hpp"

// What the gemini dialect asks beside conversations: embedContent, batchEmbedContents, countTokens, and predict, which
// a cloud has in the place of batchEmbedContents.
namespace sluice::chat::generate_content {

const EmbeddingCodec& embedding_codec();
const CountCodec& count_codec();

// The word for a purpose; empty for unset.
std::string_view task_type_of(Purpose purpose);
// Whether too long a text is cut at its end or refused, as a member. False: something else is wanted.
inline constexpr std::string_view cut_member = "autoTruncate";
bool write_cut(const EmbeddingRequest& request, json::Writer& to);
// Notes what no form of these requests can say.
void drop_foreign(const EmbeddingRequest& request, Dropped& dropped);

// ---- The form of predict: https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/text-embeddings-api

Result<Rendered> write_instances(const EmbeddingRequest& request);
// Whether an answer has that form.
bool is_predicted(json::Value answer);
Result<EmbeddingAnswer> read_predictions(json::Value answer);

// Whether a model's name in a body ("models/NAME", or the bare name) is the one in the path.
bool is_same_model(std::string_view written, std::string_view in_path);
// These requests repeat the model in parts of their body: it must not be another one there.
Result<Ok> check_inner_models(std::string_view body, std::string_view in_path);

}  // namespace sluice::chat::generate_content
