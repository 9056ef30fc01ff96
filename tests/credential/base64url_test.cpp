#include "credential/base64url.hpp"

#include <gtest/gtest.h>

#include "support/token_signer.hpp"

namespace sluice::credential::base64url_test {
namespace {

TEST(Base64url, reads_what_others_write) {
  std::string bytes;
  for (int length = 0; length < 300; ++length) {
    EXPECT_EQ(from_base64url(test::base64url(bytes)), bytes) << length;
    bytes += static_cast<char>(length * 151 + 7);
  }
  EXPECT_EQ(from_base64url("Zm9vYmE"), "fooba");
  EXPECT_EQ(from_base64url("_-8"), "\xFF\xEF");
}

TEST(Base64url, has_one_text_for_the_same_bytes) {
  for (const char* const text :
       {"Zg==", "Zg=", "Zh", "Zm9=", "Zm8 ", " Zm8", "Z", "Zm9vY", "Zm9", "+A", "/w", "Z.", "Zm\n8", "\xC3\xA4"}) {
    EXPECT_EQ(from_base64url(text), std::nullopt) << text;
  }
  EXPECT_EQ(from_base64url("Zg"), "f");
  EXPECT_EQ(from_base64url("Zm8"), "fo");
}

}  // namespace
}  // namespace sluice::credential::base64url_test
