#include <sluice/base/keyed_hash.hpp>

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace sluice {
namespace {

// The key and messages of the paper's appendix: bytes counted up from 0.
std::uint64_t hash_of_counted(std::size_t size) {
  std::string message;
  for (std::size_t i = 0; i < size; ++i) message += static_cast<char>(i);
  KeyedHash hash(0x0706050403020100, 0x0f0e0d0c0b0a0908);
  hash.add(message);
  return hash.value();
}

TEST(KeyedHash, is_siphash_1_3) {
  EXPECT_EQ(hash_of_counted(0), 0xabac0158050fc4dc);
  EXPECT_EQ(hash_of_counted(1), 0xc9f49bf37d57ca93);
  EXPECT_EQ(hash_of_counted(8), 0x369095118d299a8e);
  EXPECT_EQ(hash_of_counted(15), 0xd320d86d2a519956);
  EXPECT_EQ(hash_of_counted(63), 0x9d199062b7bbb3a8);
}

TEST(KeyedHash, does_not_see_how_bytes_are_cut) {
  const std::string text = "the same forty bytes, however they come.";
  KeyedHash whole(7);
  whole.add(text);
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    KeyedHash pieces(7);
    pieces.add(std::string_view(text).substr(0, cut));
    pieces.add(std::string_view(text).substr(cut));
    EXPECT_EQ(pieces.value(), whole.value()) << cut;
  }
}

TEST(KeyedHash, adds_numbers_as_eight_bytes) {
  KeyedHash number(7);
  number.add(std::uint64_t{0x6867666564636261});
  KeyedHash bytes(7);
  bytes.add("abcdefgh");
  EXPECT_EQ(number.value(), bytes.value());
}

TEST(KeyedHash, depends_on_every_byte_and_on_the_key) {
  std::set<std::uint64_t> seen;
  for (std::uint64_t key = 0; key < 4; ++key) {
    for (const char* const text : {"", "a", "b", "ab", "ba", "a much longer text", "a much longer texT"}) {
      KeyedHash hash(key);
      hash.add(std::string_view(text));
      seen.insert(hash.value());
    }
  }
  EXPECT_EQ(seen.size(), 28U);
}

}  // namespace
}  // namespace sluice
