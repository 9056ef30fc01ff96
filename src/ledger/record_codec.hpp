#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include <sluice/ledger/record.hpp>

// A usage record as compact bytes, and back: numbers as varints, strings with their length, a version in front.
namespace sluice::ledger {

// How long, in bytes, what callers and configurations may name freely is kept. What is longer is cut, between two
// characters.
inline constexpr std::size_t most_name_bytes = 128;       // ids, and names of keys, teams, organisations and models
inline constexpr std::size_t most_short_name_bytes = 64;  // everything else
inline constexpr std::size_t most_tags = 16;              // the first ones
inline constexpr std::size_t most_tag_name_bytes = 32;
inline constexpr std::size_t most_tag_value_bytes = 64;

// So much of a name as a record keeps.
std::string_view cut_to(std::size_t most_bytes, std::string_view text);

// The most a record takes that has no attempts, and the most each of them adds.
inline constexpr std::size_t most_head_bytes = 160 + 6 * (most_name_bytes + 2) + 5 * (most_short_name_bytes + 1) +
                                               most_tags * (most_tag_name_bytes + most_tag_value_bytes + 2);
inline constexpr std::size_t most_attempt_bytes = 160 + most_name_bytes + 2 + 3 * (most_short_name_bytes + 1);

// How many bytes were written. The place has room for a head and one attempt at least, so that a record always fits:
// attempts there is no room for become one of nobody's, with outcome "more" and their sums, so that what a record's
// attempts cost is always what it cost. Allocates nothing unless that happens.
std::size_t write_record(const UsageRecord& record, std::span<char> place);

// Whether that was a record, all of it. Any bytes will do; what is not a record leaves `record` as it happens to be.
bool read_record(std::string_view bytes, UsageRecord& record);

// Numbers as they are written above: seven bits in a byte, the low ones first. What frames records uses them too.
inline constexpr std::size_t most_varint_bytes = 10;
char* put_varint(char* at, std::uint64_t number);
// Takes one off the front; false: there is none.
bool take_varint(std::string_view& bytes, std::uint64_t& number);

}  // namespace sluice::ledger
