#include <sluice/base/digest.hpp>

#include <gtest/gtest.h>

#include <array>

#include <string>
#include <vector>

#include <sluice/base/text.hpp>

namespace sluice {
namespace {

struct Vector {
  const char* name;
  std::vector<std::uint8_t> key;
  std::string message;
  const char* expected;
};

// RFC 4231, test cases 1, 2, 3, 6 (a key longer than a block) and 7.
const Vector vectors[] = {
    {"case_1", std::vector<std::uint8_t>(20, 0x0b), "Hi There",
     "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
    {"case_2",
     {'J', 'e', 'f', 'e'},
     "what do ya want for nothing?",
     "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
    {"case_3", std::vector<std::uint8_t>(20, 0xaa), std::string(50, '\xdd'),
     "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
    {"case_6", std::vector<std::uint8_t>(131, 0xaa), "Test Using Larger Than Block-Size Key - Hash Key First",
     "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
};

TEST(Hmac, agrees_with_the_vectors_of_rfc_4231) {
  for (const Vector& vector : vectors) {
    SCOPED_TRACE(vector.name);
    EXPECT_EQ(hex(Hmac(vector.key)(vector.message)), vector.expected);
  }
}

TEST(Hmac, gives_the_same_answer_again) {
  const Hmac hmac(std::vector<std::uint8_t>{1, 2, 3});
  EXPECT_EQ(hmac("message"), hmac("message"));
  EXPECT_NE(hmac("message"), hmac("massage"));
}

TEST(Sha256, agrees_with_the_standards_example) {
  EXPECT_EQ(hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(EqualInConstantTime, tells_any_single_bit) {
  const Digest digest = sha256("x");
  EXPECT_TRUE(equal_in_constant_time(digest, digest));
  for (std::size_t bit = 0; bit < 256; ++bit) {
    Digest other = digest;
    other[bit / 8] = static_cast<std::uint8_t>(other[bit / 8] ^ (1u << (bit % 8)));
    EXPECT_FALSE(equal_in_constant_time(digest, other)) << bit;
  }
}

TEST(FillWithRandom, fills_everything) {
  std::array<std::uint8_t, 64> first{};
  std::array<std::uint8_t, 64> second{};
  fill_with_random(first);
  fill_with_random(second);
  EXPECT_NE(first, second);
}

TEST(Sha256, takes_pieces_as_if_they_were_one) {
  const std::array<std::string_view, 4> pieces{"ab", "", "c", "def"};
  EXPECT_EQ(sha256(pieces), sha256("abcdef"));
  EXPECT_EQ(sha256(std::span<const std::string_view>()), sha256(""));
}

}  // namespace
}  // namespace sluice
