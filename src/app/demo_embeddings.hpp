#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "app/demo_json.hpp"

namespace sluice::app {

// Answers POST /v1/embeddings: for every text a vector of length one that depends on its bytes only, on every machine.
Result<std::string> embed(const Json& request);

// The vector of one text.
std::vector<float> embedding_of(std::string_view text, std::size_t dimensions);

// RFC 4648 §4, over the vector as 32-bit little-endian floats.
std::string in_base64(const std::vector<float>& vector);

}  // namespace sluice::app
