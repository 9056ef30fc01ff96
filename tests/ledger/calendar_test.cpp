#include <gtest/gtest.h>

#include <chrono>
#include <ostream>
#include <string>

#include <sluice/ledger/terms.hpp>

#include "ledger/wall.hpp"
#include "traffic/seed.hpp"

namespace sluice::ledger {

void PrintTo(const Span& span, std::ostream* out) {
  *out << span.from.time_since_epoch().count() / 1'000'000'000 << " to "
       << span.to.time_since_epoch().count() / 1'000'000'000;
}

namespace calendar_test {
namespace {

using namespace std::chrono_literals;
using Window = Budget::Window;

Span span(const std::string& from, const std::string& to) { return {at(from), at(to)}; }

Calendar calendar(const std::string& zone) {
  auto found = Calendar::in(zone);
  EXPECT_TRUE(found) << zone;
  return *found;
}

TEST(Calendar, knows_the_zones_of_the_system_and_no_others) {
  for (const char* zone : {"", "UTC", "Europe/Berlin", "America/Santiago", "Asia/Kolkata"})
    EXPECT_TRUE(Calendar::in(zone));
  for (const char* zone : {"Europe/Nowhere", "europe/berlin", "../../etc/passwd", "CEST!", " "}) {
    EXPECT_FALSE(Calendar::in(zone)) << zone;
  }
}

TEST(Calendar, has_hours_days_weeks_and_months) {
  const Calendar utc = calendar("");
  const UtcTime now = at("2026-11-28T19:23:47") + 123ns;
  EXPECT_EQ(utc.window(Window::hour, now), span("2026-11-28T19:00:00", "2026-11-28T20:00:00"));
  EXPECT_EQ(utc.window(Window::day, now), span("2026-11-28T00:00:00", "2026-11-29T00:00:00"));
  EXPECT_EQ(utc.window(Window::week, now), span("2026-11-23T00:00:00", "2026-11-30T00:00:00")) << "from Monday";
  EXPECT_EQ(utc.window(Window::month, now), span("2026-11-01T00:00:00", "2026-12-01T00:00:00"));
  EXPECT_EQ(utc.window(Window::total, now), (Span{UtcTime{}, UtcTime::max()}));
}

TEST(Calendar, ends_a_window_just_where_the_next_begins) {
  const Calendar utc = calendar("");
  const UtcTime sunday = at("2026-11-30T00:00:00") - 1ns;
  EXPECT_EQ(utc.window(Window::week, sunday), span("2026-11-23T00:00:00", "2026-11-30T00:00:00"));
  EXPECT_EQ(utc.window(Window::week, sunday + 1ns), span("2026-11-30T00:00:00", "2026-12-07T00:00:00"));
  EXPECT_EQ(utc.window(Window::month, at("2026-12-01T00:00:00") - 1ns),
            span("2026-11-01T00:00:00", "2026-12-01T00:00:00"));
}

TEST(Calendar, minds_leap_days_and_new_years) {
  const Calendar utc = calendar("");
  EXPECT_EQ(utc.window(Window::month, at("2028-02-29T12:00:00")), span("2028-02-01T00:00:00", "2028-03-01T00:00:00"));
  EXPECT_EQ(utc.window(Window::day, at("2028-02-29T12:00:00")), span("2028-02-29T00:00:00", "2028-03-01T00:00:00"));
  EXPECT_EQ(utc.window(Window::day, at("2027-02-28T12:00:00")), span("2027-02-28T00:00:00", "2027-03-01T00:00:00"));
  EXPECT_EQ(utc.window(Window::month, at("2026-12-31T23:59:59")), span("2026-12-01T00:00:00", "2027-01-01T00:00:00"));
  EXPECT_EQ(utc.window(Window::week, at("2027-01-01T12:00:00")), span("2026-12-28T00:00:00", "2027-01-04T00:00:00"));
  const Calendar berlin = calendar("Europe/Berlin");
  EXPECT_EQ(berlin.window(Window::month, at("2026-12-31T23:00:00")),
            span("2026-12-31T23:00:00", "2027-01-31T23:00:00"));
}

TEST(Calendar, follows_Berlin_into_summer) {
  const Calendar berlin = calendar("Europe/Berlin");
  EXPECT_EQ(berlin.window(Window::day, at("2026-03-29T12:00:00")), span("2026-03-28T23:00:00", "2026-03-29T22:00:00"));
  EXPECT_EQ(berlin.window(Window::hour, at("2026-03-29T00:59:59")), span("2026-03-29T00:00:00", "2026-03-29T01:00:00"));
  EXPECT_EQ(berlin.window(Window::hour, at("2026-03-29T01:00:00")), span("2026-03-29T01:00:00", "2026-03-29T02:00:00"));
  EXPECT_EQ(berlin.window(Window::week, at("2026-03-29T12:00:00")), span("2026-03-22T23:00:00", "2026-03-29T22:00:00"));
  EXPECT_EQ(berlin.window(Window::month, at("2026-03-29T12:00:00")),
            span("2026-02-28T23:00:00", "2026-03-31T22:00:00"));
}

TEST(Calendar, follows_Berlin_out_of_summer) {
  const Calendar berlin = calendar("Europe/Berlin");
  EXPECT_EQ(berlin.window(Window::day, at("2026-10-25T12:00:00")), span("2026-10-24T22:00:00", "2026-10-25T23:00:00"));
  EXPECT_EQ(berlin.window(Window::hour, at("2026-10-25T00:30:00")), span("2026-10-25T00:00:00", "2026-10-25T01:00:00"));
  EXPECT_EQ(berlin.window(Window::hour, at("2026-10-25T01:30:00")), span("2026-10-25T01:00:00", "2026-10-25T02:00:00"));
  EXPECT_EQ(berlin.window(Window::month, at("2026-10-25T12:00:00")),
            span("2026-09-30T22:00:00", "2026-10-31T23:00:00"));
}

TEST(Calendar, follows_zones_of_the_south_that_change_at_midnight) {
  const Calendar santiago = calendar("America/Santiago");
  // On 2024-09-08 there was no midnight: the day began at one. On 2024-04-06 its last hour came twice.
  EXPECT_EQ(santiago.window(Window::day, at("2024-09-08T12:00:00")),
            span("2024-09-08T04:00:00", "2024-09-09T03:00:00"));
  EXPECT_EQ(santiago.window(Window::day, at("2024-09-08T03:59:59")),
            span("2024-09-07T04:00:00", "2024-09-08T04:00:00"));
  EXPECT_EQ(santiago.window(Window::day, at("2024-04-07T02:30:00")),
            span("2024-04-06T03:00:00", "2024-04-07T04:00:00"));
  EXPECT_EQ(santiago.window(Window::day, at("2024-04-07T03:30:00")),
            span("2024-04-06T03:00:00", "2024-04-07T04:00:00"));
  EXPECT_EQ(santiago.window(Window::day, at("2024-04-07T04:00:00")),
            span("2024-04-07T04:00:00", "2024-04-08T04:00:00"));
}

TEST(Calendar, does_not_repeat_a_day_when_clocks_are_set_back_over_midnight) {
  // On 2006-10-29 clocks went from one minute past midnight back to the day before.
  const Calendar newfoundland = calendar("America/St_Johns");
  const Span sunday = span("2006-10-29T02:30:00", "2006-10-30T03:30:00");
  EXPECT_EQ(newfoundland.window(Window::day, at("2006-10-29T02:30:30")), sunday);
  EXPECT_EQ(newfoundland.window(Window::day, at("2006-10-29T03:00:00")), sunday) << "Saturday again, by the clock";
  EXPECT_EQ(newfoundland.window(Window::day, at("2006-10-29T12:00:00")), sunday);
}

TEST(Calendar, skips_days_that_a_zone_skips) {
  const Calendar samoa = calendar("Pacific/Apia");  // had no 2011-12-30
  EXPECT_EQ(samoa.window(Window::day, at("2011-12-30T09:00:00")), span("2011-12-29T10:00:00", "2011-12-30T10:00:00"));
  EXPECT_EQ(samoa.window(Window::day, at("2011-12-30T10:00:00")), span("2011-12-30T10:00:00", "2011-12-31T10:00:00"));
}

TEST(Calendar, has_hours_that_begin_with_a_zones_own) {
  const Calendar kolkata = calendar("Asia/Kolkata");
  EXPECT_EQ(kolkata.window(Window::hour, at("2026-05-05T10:15:00")),
            span("2026-05-05T09:30:00", "2026-05-05T10:30:00"));
  const Calendar lord_howe = calendar("Australia/Lord_Howe");  // sets its clocks by half an hour
  EXPECT_EQ(lord_howe.window(Window::hour, at("2026-04-04T14:59:59")),
            span("2026-04-04T14:00:00", "2026-04-04T15:00:00"));
  EXPECT_EQ(lord_howe.window(Window::hour, at("2026-04-04T15:00:00")),
            span("2026-04-04T15:00:00", "2026-04-04T15:30:00"));
}

TEST(Calendar, leaves_no_instant_out_and_has_none_twice) {
  std::mt19937_64 random = traffic::seeded();
  for (const char* zone : {"", "Europe/Berlin", "America/Santiago", "Australia/Lord_Howe", "America/St_Johns",
                           "Africa/Casablanca", "Pacific/Apia", "America/Havana", "Asia/Beirut"}) {
    const Calendar calendar = calendar_test::calendar(zone);
    for (const Window window : {Window::hour, Window::day, Window::week, Window::month}) {
      UtcTime now = at("2005-06-07T08:09:10") + std::chrono::seconds(random() % 1'000'000);
      Span span = calendar.window(window, now);
      for (int i = 0; i < (window == Window::hour ? 30'000 : 400); ++i) {
        ASSERT_LE(span.from, now) << zone;
        ASSERT_LT(now, span.to) << zone;
        ASSERT_EQ(calendar.window(window, span.to - 1ns), span) << zone;
        const Span next = calendar.window(window, span.to);
        ASSERT_EQ(next.from, span.to) << zone;
        span = next;
        const auto length = static_cast<std::uint64_t>((span.to - span.from).count());
        now = span.from + std::chrono::nanoseconds(random() % length);
        ASSERT_EQ(calendar.window(window, now), span) << zone << ' ' << i;
      }
    }
  }
}

}  // namespace
}  // namespace calendar_test
}  // namespace sluice::ledger
