#pragma once

#include <string>
#include <string_view>

#include <sluice/chat/conversation.hpp>

// Thinking of another family of models on its way through a caller who keeps no more than an opaque signature: packed
// into that string, so that it comes back on the next turn.
namespace sluice::chat {

// `sluice:FORMAT:SIGNATURE`; when there is more than a signature, an object of all there is stands in its place. The
// text is not in it.
std::string packed_proof(const Thinking& thinking);

// Undoes packed_proof() where `signature` holds its result; otherwise false, and nothing is changed.
bool unpack_proof(std::string_view signature, Thinking& thinking);

}  // namespace sluice::chat
