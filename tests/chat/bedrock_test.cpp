#include <gtest/gtest.h>
TEST(Bedrock, x) {}
