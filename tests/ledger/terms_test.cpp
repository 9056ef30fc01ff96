#include <sluice/ledger/terms.hpp>

#include <gtest/gtest.h>

namespace sluice::ledger {
namespace {

TEST(Limit, is_called_as_it_is_written) {
  EXPECT_EQ((Limit{Limit::What::requests, Limit::Per::minute, 1}.name()), "rpm");
  EXPECT_EQ((Limit{Limit::What::tokens, Limit::Per::day, 1}.name()), "tpd");
  EXPECT_EQ((Limit{Limit::What::input_tokens, Limit::Per::second, 1}.name()), "input_tps");
  EXPECT_EQ((Limit{Limit::What::output_tokens, Limit::Per::hour, 1}.name()), "output_tph");
}

}  // namespace
}  // namespace sluice::ledger
