#pragma once

#include <cstddef>
#include <string>
#include <string_view>

// Ids of tools' calls, which every maker spells by rules of his own.
namespace sluice::chat {

// The id as a provider takes it that knows letters, digits, '-' and '_', those in `others`, and at most so many of
// them: one that does not fit becomes another, the same wherever it stands.
std::string fitting_id(std::string_view id, std::size_t most, std::string_view others = {});

// Whether an id is what a provider takes that wants exactly so many letters and digits, 32 at most; and the id as it
// does.
bool is_exact_id(std::string_view id, std::size_t size);
std::string exact_id(std::string_view id, std::size_t size);

}  // namespace sluice::chat
