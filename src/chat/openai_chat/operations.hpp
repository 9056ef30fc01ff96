#pragma once

#include <sluice/chat/operations.hpp>

// What the openai_chat dialect asks beside conversations.
namespace sluice::chat::openai {

const EmbeddingCodec& embedding_codec();
// The form that many servers of rerankers share, under the path that they share: results listed under `results`, or
// under `data` where the number of them is called `top_k`.
const RerankCodec& rerank_codec();

}  // namespace sluice::chat::openai
