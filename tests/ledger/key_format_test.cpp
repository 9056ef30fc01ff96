#include <sluice/ledger/key_format.hpp>

#include <set>
#include <string>

#include <gtest/gtest.h>

namespace sluice::ledger::key_format_test {
namespace {

constexpr std::array<std::uint8_t, 32> counted = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,
                                                  16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31};

// The checksum was computed by another program: zlib.crc32() in base 62.
constexpr std::string_view known = "sk-sluice-0abc9xyz-AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8-0fVK5w";

TEST(KeyFormat, is_what_its_description_says) {
  EXPECT_EQ(key_secret("0abc9xyz", counted).reveal(), known);
  EXPECT_EQ(known.size(), key_secret_size);
}

TEST(KeyFormat, tells_the_id_of_what_it_made) {
  for (int i = 0; i < 1000; ++i) {
    const std::string id = make_key_id();
    const Secret secret = make_key_secret(id);
    ASSERT_EQ(key_id_of(secret.reveal()), id);
  }
}

TEST(KeyFormat, makes_no_secret_twice) {
  std::set<std::string> secrets;
  for (int i = 0; i < 1000; ++i) secrets.emplace(make_key_secret("0abc9xyz").reveal());
  EXPECT_EQ(secrets.size(), 1000u);
}

TEST(KeyFormat, notices_every_single_wrong_character) {
  for (std::size_t at = 0; at < known.size(); ++at) {
    for (const char wrong : {'0', 'A', 'z', '-', '_', ' ', '\0', '\xff'}) {
      std::string text(known);
      if (text[at] == wrong) continue;
      text[at] = wrong;
      EXPECT_FALSE(key_id_of(text)) << at << ' ' << wrong;
    }
  }
}

TEST(KeyFormat, notices_swapped_neighbours) {
  for (std::size_t at = 0; at + 1 < known.size(); ++at) {
    std::string text(known);
    std::swap(text[at], text[at + 1]);
    if (text == known) continue;
    EXPECT_FALSE(key_id_of(text)) << at;
  }
}

TEST(KeyFormat, notices_missing_and_further_characters) {
  for (std::size_t size = 0; size < known.size(); ++size) EXPECT_FALSE(key_id_of(known.substr(0, size))) << size;
  EXPECT_FALSE(key_id_of(std::string(known) + "A"));
  EXPECT_FALSE(key_id_of(" " + std::string(known)));
  EXPECT_FALSE(key_id_of("sk-something-else-that-a-caller-uses-elsewhere"));
}

TEST(KeyFormat, ids_are_letters_and_digits_that_cannot_be_mistaken) {
  EXPECT_TRUE(is_key_id("0abc9xyz"));
  for (const char* const wrong :
       {"", "0abc9xy", "0abc9xyz0", "0ABC9XYZ", "0abc9xyi", "0abc9xyl", "0abc9xyo", "0abc9-yz"})
    EXPECT_FALSE(is_key_id(wrong)) << wrong;
}

}  // namespace
}  // namespace sluice::ledger::key_format_test
