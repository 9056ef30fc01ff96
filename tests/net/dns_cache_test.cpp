#include "net/dns_cache.hpp"

#include <gtest/gtest.h>

#include <boost/asio/ip/address.hpp>

namespace sluice::net {
namespace {

using namespace std::chrono_literals;
using Freshness = DnsCache::Freshness;
constexpr TimePoint start{1h};
const Addresses one{asio::ip::make_address("192.0.2.1")};
const Addresses other{asio::ip::make_address("192.0.2.2")};

TEST(DnsCache, knows_nothing_at_first) { EXPECT_EQ(DnsCache().find("a", start).freshness, Freshness::missing); }

TEST(DnsCache, keeps_an_answer_for_its_time_to_live_but_at_most_half_a_minute) {
  DnsCache cache;
  cache.learned("a", one, 10s, start);
  cache.learned("b", one, 1h, start);
  cache.learned("c", one, 0s, start);
  EXPECT_EQ(cache.find("a", start + 9s).freshness, Freshness::fresh);
  EXPECT_EQ(cache.find("a", start + 10s).freshness, Freshness::stale);
  EXPECT_EQ(cache.find("b", start + 29s).freshness, Freshness::fresh);
  EXPECT_EQ(cache.find("b", start + 30s).freshness, Freshness::stale);
  EXPECT_EQ(cache.find("c", start + 999ms).freshness, Freshness::fresh);
}

TEST(DnsCache, serves_stale_answers_for_five_minutes) {
  DnsCache cache;
  cache.learned("a", one, 10s, start);
  const auto stale = cache.find("a", start + 5min);
  EXPECT_EQ(stale.freshness, Freshness::stale);
  ASSERT_NE(stale.addresses, nullptr);
  EXPECT_EQ(*stale.addresses, one);
  EXPECT_EQ(cache.find("a", start + 5min + 10s).freshness, Freshness::missing);
}

TEST(DnsCache, remembers_a_failure_for_a_second) {
  DnsCache cache;
  cache.failed("a", start);
  EXPECT_EQ(cache.find("a", start + 999ms).freshness, Freshness::failed);
  EXPECT_EQ(cache.find("a", start + 1s).freshness, Freshness::missing);
}

TEST(DnsCache, keeps_serving_what_it_knew_when_asking_again_fails) {
  DnsCache cache;
  cache.learned("a", one, 10s, start);
  cache.failed("a", start + 20s);
  EXPECT_NE(cache.find("a", start + 20s).addresses, nullptr);
  EXPECT_NE(cache.find("a", start + 1min).addresses, nullptr);
}

TEST(DnsCache, follows_a_change_of_address) {
  DnsCache cache;
  cache.learned("a", one, 10s, start);
  cache.learned("a", other, 10s, start + 11s);
  EXPECT_EQ(*cache.find("a", start + 12s).addresses, other);
}

TEST(DnsCache, does_not_grow_without_bound) {
  DnsCache cache;
  for (std::size_t i = 0; i < 3 * DnsCache::most_names; ++i) cache.learned("name" + std::to_string(i), one, 10s, start);
  std::size_t known = 0;
  for (std::size_t i = 0; i < 3 * DnsCache::most_names; ++i) {
    if (cache.find("name" + std::to_string(i), start).addresses != nullptr) ++known;
  }
  EXPECT_LE(known, DnsCache::most_names);
}

}  // namespace
}  // namespace sluice::net
