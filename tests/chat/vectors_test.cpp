#include "chat/vectors.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <random>

#include "chat/base64.hpp"

namespace sluice::chat {
namespace {

// Packed by other means than the code under test.
std::string bytes_of(const std::vector<float>& numbers) {
  static_assert(std::endian::native == std::endian::little);
  std::string bytes(numbers.size() * sizeof(float), '\0');
  std::memcpy(bytes.data(), numbers.data(), bytes.size());
  return to_base64(bytes);
}

std::vector<float> finite_floats(std::size_t count) {
  std::mt19937 random(7);
  std::vector<float> numbers{0.0F,
                             -0.0F,
                             1.0F,
                             std::numeric_limits<float>::max(),
                             std::numeric_limits<float>::min(),
                             std::numeric_limits<float>::denorm_min(),
                             -std::numeric_limits<float>::max()};
  while (numbers.size() < count) {
    const auto number = std::bit_cast<float>(static_cast<std::uint32_t>(random()));
    if (std::isfinite(number)) numbers.push_back(number);
  }
  return numbers;
}

TEST(PackedVectors, keep_every_float_exactly_there_and_back) {
  const std::string given = bytes_of(finite_floats(50'000));
  const auto numbers = unpacked(given);
  ASSERT_TRUE(numbers);
  const auto again = packed(*numbers);
  ASSERT_TRUE(again);
  EXPECT_EQ(*again, given);
}

TEST(PackedVectors, become_json_that_other_readers_read_as_the_same_floats) {
  const std::vector<float> given = finite_floats(2'000);
  const auto numbers = unpacked(bytes_of(given));
  ASSERT_TRUE(numbers);
  EXPECT_EQ(nlohmann::json::parse(*numbers).get<std::vector<float>>(), given);
}

TEST(PackedVectors, are_made_of_the_nearest_floats) {
  // Halfway between two floats, a bit above it, and what a double would round wrongly on the way.
  EXPECT_EQ(packed("[1.00000005960464477539062501]"), bytes_of({std::nextafter(1.0F, 2.0F)}));
  EXPECT_EQ(packed("[1.000000059604644775390625]"), bytes_of({1.0F}));
  EXPECT_EQ(packed(" [ 0.1 ,\n-2e-3, 7 ] "), bytes_of({0.1F, -0.002F, 7.0F}));
  EXPECT_EQ(packed("[1e-60,1e-420]"), bytes_of({0.0F, 0.0F}));
}

TEST(PackedVectors, are_not_made_of_anything_but_numbers_in_range) {
  for (const char* wrong :
       {"", "[]", "[", "{}", "[1,]", "[null]", "[\"1\"]", "[[1]]", "[1e39]", "[nan]", "[inf]", "1"}) {
    EXPECT_FALSE(packed(wrong)) << wrong;
  }
}

TEST(PackedVectors, are_refused_when_they_are_no_floats) {
  const std::string nan = bytes_of({std::numeric_limits<float>::quiet_NaN()});
  const std::string infinite = bytes_of({1.0F, std::numeric_limits<float>::infinity()});
  for (const std::string& wrong : {std::string(), std::string("AAA="), std::string("no base64"), nan, infinite}) {
    EXPECT_FALSE(unpacked(wrong)) << wrong;
  }
}

TEST(VectorsAs, gives_a_provider_s_numbers_in_its_own_bytes) {
  EmbeddingAnswer answer;
  answer.sets = {{"float", {"[0.10, 1e+2]"}}, {"int8", {"[1,2]"}}};
  EXPECT_EQ((**vectors_as(answer, "float")).vectors.front(), "[0.10, 1e+2]");
  EXPECT_EQ((**vectors_as(answer, "int8")).vectors.front(), "[1,2]");
  EXPECT_EQ((**vectors_as(answer, "base64")).vectors.front(), bytes_of({0.1F, 100.0F}));
  EXPECT_FALSE(*vectors_as(answer, "uint8"));
}

TEST(VectorsAs, tells_of_vectors_that_cannot_be_converted) {
  EmbeddingAnswer answer;
  answer.sets = {{"base64", {"AAA="}}};
  EXPECT_FALSE(vectors_as(answer, "float"));
}

}  // namespace
}  // namespace sluice::chat
