#include "gateway/itinerary.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "gateway/world.hpp"

namespace sluice::test {
namespace {

using namespace std::chrono_literals;
using Move = Itinerary::Move;

constexpr std::string_view providers = R"(
providers:
  a: {kind: openai-compatible, base_url: "http://192.0.2.1/v1", api_keys: ["${A1}", "${A2}"]}
  b: {kind: openai-compatible, base_url: "http://192.0.2.2/v1", api_key: "${B}"}
  c: {kind: openai-compatible, base_url: "http://192.0.2.3/v1", api_key: "${C}"}
)";

Error failure(Fault fault, Outcome outcome, std::string_view code = "upstream_error") {
  return Error(fault, Blame::upstream, code, "Failed.").with_outcome(outcome).worth_retrying();
}
Error server_error() { return failure(Fault::upstream_failed, Outcome::server_error); }
Error refused_connection() { return failure(Fault::unavailable, Outcome::connect); }
Error rate_limited() { return failure(Fault::rate_limited, Outcome::rate_limited).with_retry_after(5s); }
Error too_long() {
  return Error(Fault::bad_request, Blame::client, "context_length_exceeded", "Too long.")
      .with_outcome(Outcome::client_error);
}
Error unknown_model() {
  return Error(Fault::not_found, Blame::client, "model_not_found", "What?").with_outcome(Outcome::client_error);
}

// A request for `m` on its way, at a time the test decides on.
class Way {
 public:
  explicit Way(World& world, unsigned attempts = 3, std::string_view model = "m",
               std::string body = R"({"model":"m","messages":[{"role":"user","content":"hi"}]})",
               TimePoint patience = TimePoint::max())
      : world_(world), body_(std::move(body)), random_({1, 2, 3, 4}) {
    routing_.inquiry.emplace(chat_asked(model, body_.view(), world.key("app")));
    routing_.decision = decide(*world.snapshot, *routing_.inquiry);
    Itinerary::Terms terms;
    terms.attempts = attempts;
    terms.caller_waits_until = patience;
    way_.emplace(*routing_.decision.model, terms, routing_, world.traffic->affinity, random_);
  }

  // Goes on to the next attempt or the end, waiting as long as need be: "a1" for the provider's name and its key.
  std::string next() {
    for (;;) {
      switch (way_->next(now)) {
        case Move::ask:
          return way_->choice().target->provider->name + std::to_string(way_->choice().key + 1);
        case Move::pause:
          ++pauses;
          EXPECT_GE(way_->until(), now);
          now = std::max(way_->until(), now + 1ms);
          break;
        case Move::end:
          return "end";
      }
    }
  }
  // The attempt fails so; then what comes next: "no" if it does not go on.
  std::string fail(const Error& error) {
    way_->pass().failed(error, now);
    return way_->go_on(error) ? next() : "no";
  }
  void succeed() { way_->pass().succeeded(100ms, now); }
  Itinerary& operator*() { return *way_; }
  Itinerary* operator->() { return &*way_; }

  TimePoint now{1h};
  int pauses = 0;

 private:
  World& world_;
  Body body_;
  Random random_;
  Routing routing_;
  std::optional<Itinerary> way_;
};

std::string with(std::string_view models) { return std::string(providers) + "models:\n" + std::string(models); }

TEST(Itinerary, asks_targets_in_order_without_a_pause_and_then_again_after_one) {
  World world(with("  m: {targets: [{provider: b, model: x}, {provider: c, model: y}]}"));
  Way way(world, 4);
  EXPECT_EQ(way.next(), "b1");
  EXPECT_EQ(way.fail(server_error()), "c1");
  EXPECT_EQ(way.pauses, 0);
  EXPECT_EQ(way.fail(server_error()), "b1");
  EXPECT_EQ(way.pauses, 1);
  EXPECT_TRUE(way->is_repetition());
  EXPECT_EQ(way.fail(server_error()), "c1");
  EXPECT_EQ(way.fail(server_error()), "end") << "four attempts are all there are";
  EXPECT_EQ(way->verdict()->fault(), Fault::upstream_failed);
}

TEST(Itinerary, believes_a_target_that_says_whether_it_is_worth_asking_again) {
  World world(with("  m: {targets: [{provider: b, model: x}, {provider: c, model: y}]}"));
  Way way(world, 4);
  EXPECT_EQ(way.next(), "b1");
  EXPECT_EQ(way.fail(server_error().with_repeatable(false)), "c1");
  EXPECT_EQ(way.fail(server_error()), "c1") << "b has said no";

  Way other(world, 4);
  EXPECT_EQ(other.next(), "b1");
  const Error conflict = Error(Fault::bad_request, Blame::upstream, "conflict", "Busy.")
                             .with_outcome(Outcome::client_error)
                             .with_repeatable(true)
                             .worth_retrying();
  EXPECT_EQ(other.fail(conflict), "c1");
  EXPECT_EQ(other.fail(server_error().with_repeatable(false)), "b1");
}

TEST(Itinerary, one_attempt_means_neither_repetition_nor_fallback) {
  World world(with("  m: {targets: [{provider: b, model: x}, {provider: c, model: y}]}"));
  Way way(world, 1);
  EXPECT_EQ(way.next(), "b1");
  EXPECT_EQ(way.fail(server_error()), "end");
}

TEST(Itinerary, takes_the_next_key_where_the_trouble_was_the_keys_own) {
  World world(with("  m: {targets: [{provider: a, model: x}, {provider: b, model: y}]}"));
  Way limited(world);
  EXPECT_EQ(limited.next(), "a1");
  EXPECT_EQ(limited.fail(rate_limited()), "a2");
  EXPECT_EQ(limited.fail(failure(Fault::upstream_failed, Outcome::client_error, "upstream_auth")), "b1");
  World other(with("  m: {targets: [{provider: a, model: x}, {provider: b, model: y}]}"));
  Way broken(other);
  EXPECT_EQ(broken.next(), "a1");
  EXPECT_EQ(broken.fail(server_error()), "b1") << "another key does not mend a server";
}

TEST(Itinerary, takes_keys_in_turn) {
  World world(with("  m: {targets: [{provider: a, model: x}]}"));
  EXPECT_EQ(Way(world).next(), "a1");
  EXPECT_EQ(Way(world).next(), "a2");
  EXPECT_EQ(Way(world).next(), "a1");
}

TEST(Itinerary, never_asks_who_wished_to_be_left_alone) {
  World world(with("  m: {targets: [{provider: b, model: x}]}"));
  Way way(world);
  EXPECT_EQ(way.next(), "b1");
  EXPECT_EQ(way.fail(rate_limited()), "end");
  EXPECT_EQ(way->verdict()->fault(), Fault::rate_limited);
  EXPECT_EQ(way->verdict()->retry_after(), 5s);
  Way later(world);
  later.now = way.now + 2s;
  EXPECT_EQ(later.next(), "end");
  EXPECT_EQ(later->verdict()->code(), "no_healthy_deployment");
  EXPECT_EQ(later->verdict()->fault(), Fault::rate_limited);
  EXPECT_EQ(later->verdict()->retry_after(), 3s);
  Way after(world);
  after.now = way.now + 5s;
  EXPECT_EQ(after.next(), "b1");
}

TEST(Itinerary, asks_with_a_refused_key_only_where_there_is_nobody_else) {
  const Error refused = failure(Fault::upstream_failed, Outcome::client_error, "upstream_auth");
  World world(
      with("  m: {targets: [{provider: b, model: x}, {provider: c, model: y}]}\n"
           "  alone: {targets: [{provider: b, model: x}]}"));
  Way first(world);
  EXPECT_EQ(first.next(), "b1");
  EXPECT_EQ(first.fail(refused), "c1");
  first.succeed();
  EXPECT_EQ(Way(world).next(), "c1") << "the other one comes first";
  Way alone(world, 3, "alone");
  EXPECT_EQ(alone.next(), "b1");
  EXPECT_EQ(alone.fail(refused), "end") << "each once";
  EXPECT_EQ(alone->verdict()->code(), "upstream_auth");
}

TEST(Itinerary, goes_on_only_for_the_classes_the_model_names) {
  World world(with("  m: {retry: {on: [connection]}, targets: [{provider: b, model: x}, {provider: c, model: y}]}"));
  Way connection(world);
  EXPECT_EQ(connection.next(), "b1");
  EXPECT_EQ(connection.fail(refused_connection()), "c1");
  EXPECT_EQ(connection.fail(server_error()), "no");
}

TEST(Itinerary, an_unknown_model_is_looked_for_elsewhere_only_if_the_model_says_so) {
  World world(
      with("  m: {targets: [{provider: b, model: x}, {provider: c, model: y}]}\n"
           "  n: {retry: {on: [model_not_found]}, targets: [{provider: b, model: x}, {provider: c, model: y}]}"));
  Way no(world);
  EXPECT_EQ(no.next(), "b1");
  EXPECT_FALSE(no->curable().has(traffic::FailureClass::model_not_found));
  EXPECT_EQ(no.fail(unknown_model()), "no");
  Way yes(world, 3, "n");
  EXPECT_EQ(yes.next(), "b1");
  EXPECT_TRUE(yes->curable().has(traffic::FailureClass::model_not_found));
  EXPECT_EQ(yes.fail(unknown_model()), "c1");
  EXPECT_FALSE(yes->curable().has(traffic::FailureClass::model_not_found)) << "the last one's word is the caller's";
}

TEST(Itinerary, goes_to_the_fallbacks_when_every_target_failed_before_it_repeats) {
  World world(
      with("  m: {targets: [{provider: b, model: x}], fallback: [n]}\n"
           "  n: {targets: [{provider: c, model: y}], fallback: [o]}\n"
           "  o: {targets: [{provider: a, model: z}]}"));
  Way way(world, 4);
  EXPECT_EQ(way.next(), "b1");
  EXPECT_EQ(way.fail(server_error()), "c1");
  EXPECT_EQ(way.fail(server_error()), "a1");
  EXPECT_EQ(way.pauses, 0);
  EXPECT_EQ(way.fail(server_error()), "b1");
}

TEST(Itinerary, a_conversation_that_is_too_long_goes_to_models_that_read_more_and_to_no_others) {
  World world(
      with("  m: {targets: [{provider: b, model: x}, {provider: c, model: x}], fallback: [n], context_fallback: [o]}\n"
           "  n: {targets: [{provider: c, model: y}]}\n"
           "  o: {targets: [{provider: a, model: z}]}"));
  Way way(world, 5);
  EXPECT_EQ(way.next(), "b1");
  EXPECT_TRUE(way->curable().has(traffic::FailureClass::context_length));
  EXPECT_EQ(way.fail(too_long()), "a1");
  EXPECT_EQ(way.fail(too_long()), "no");
}

TEST(Itinerary, begins_nothing_more_when_the_caller_has_given_up) {
  World world(with("  m: {targets: [{provider: b, model: x}, {provider: c, model: y}]}"));
  Way way(world, 3, "m", R"({"model":"m","messages":[]})", TimePoint(1h) + 10s);
  EXPECT_EQ(way.next(), "b1");
  way.now += 11s;
  EXPECT_EQ(way.fail(failure(Fault::upstream_timeout, Outcome::timeout)), "end");
  EXPECT_EQ(way->verdict()->fault(), Fault::upstream_timeout);
}

TEST(Itinerary, repeats_no_more_than_a_fifth_of_what_comes_in) {
  World world(with("  m: {retry: {attempts: 9}, targets: [{provider: b, model: x}]}"));
  int attempts = 0;
  constexpr int requests = 400;
  for (int i = 0; i < requests; ++i) {
    Way way(world, 9);
    // Every request by itself a minute later, and every other one succeeds, so that no breaker helps.
    way.now += std::chrono::minutes(i);
    for (std::string at = way.next(); at == "b1"; at = way.fail(server_error())) {
      ++attempts;
      if (i % 2 == 0) {
        way.succeed();
        break;
      }
    }
  }
  EXPECT_LE(attempts, requests + requests / 5 + 3);
  EXPECT_GT(attempts, requests);
}

TEST(Itinerary, waits_for_room_where_everybody_is_full_and_lets_nobody_past) {
  World world(with("  m: {targets: [{provider: b, model: x, concurrent: {limit: 1, queue: 1, wait: 2s}}]}"));
  Way first(world);
  EXPECT_EQ(first.next(), "b1");
  Way second(world);
  EXPECT_EQ(second->next(second.now), Move::pause);
  Way third(world);
  EXPECT_EQ(third.next(), "end") << "the queue has one place";
  EXPECT_EQ(third->verdict()->code(), "overloaded");
  first.succeed();
  Way late(world);
  EXPECT_NE(late->next(late.now), Move::ask) << "somebody waits";
  EXPECT_EQ(second.next(), "b1");
}

TEST(Itinerary, a_place_that_was_waited_for_is_taken_with_a_refused_key_too) {
  World world(with("  m: {targets: [{provider: b, model: x, concurrent: {limit: 1, queue: 3, wait: 5s}}]}"));
  Way refused(world);
  EXPECT_EQ(refused.next(), "b1");
  EXPECT_EQ(refused.fail(failure(Fault::upstream_failed, Outcome::client_error, "upstream_auth")), "end");
  std::optional<Way> first;
  first.emplace(world);
  EXPECT_EQ(first->next(), "b1") << "there is no other";
  Way second(world);
  EXPECT_EQ(second->next(second.now), Move::pause);
  Way third(world);
  EXPECT_EQ(third->next(third.now), Move::pause);
  first.reset();
  EXPECT_EQ(second.next(), "b1");
  second.succeed();
  EXPECT_EQ(third.next(), "b1");
}

TEST(Itinerary, waits_no_longer_than_it_may) {
  World world(with("  m: {targets: [{provider: b, model: x, concurrent: {limit: 1, queue: 5, wait: 2s}}]}"));
  Way first(world);
  EXPECT_EQ(first.next(), "b1");
  Way second(world);
  const TimePoint began = second.now;
  EXPECT_EQ(second.next(), "end");
  EXPECT_GE(second.now - began, 2s);
  EXPECT_LE(second.now - began, 2100ms);
}

TEST(Itinerary, keeps_a_conversation_where_its_cache_is_warm) {
  World world(with("  m: {strategy: weighted, targets: [{provider: b, model: x}, {provider: c, model: y}]}"));
  const auto lane_of = [](Way& way) { return way->choice().lane().id(); };
  Way first(world);
  first.next();
  first.succeed();
  const std::uint64_t lane = lane_of(first);
  const Body body(R"({"model":"m","messages":[{"role":"user","content":"hi"}]})");
  const Inquiry inquiry(chat_asked("m", body.view(), world.key("app")));
  world.traffic->affinity.remember(inquiry.conversation(), lane, first.now);
  for (int i = 0; i < 20; ++i) {
    Way next(world);
    next.next();
    EXPECT_EQ(lane_of(next), lane);
    next.succeed();
  }
}

TEST(Itinerary, leaves_a_warm_target_that_is_unwell) {
  World world(with("  m: {targets: [{provider: b, model: x}, {provider: c, model: y}]}"));
  const Body body(R"({"model":"m","messages":[{"role":"user","content":"hi"}]})");
  const Inquiry inquiry(chat_asked("m", body.view(), world.key("app")));
  Way first(world);
  EXPECT_EQ(first.next(), "b1");
  EXPECT_EQ(first.fail(rate_limited()), "c1");
  Way second(world);
  world.traffic->affinity.remember(inquiry.conversation(), world->find_model("m")->targets[0].lanes[0]->id(),
                                   second.now);
  EXPECT_EQ(second.next(), "c1");
}

TEST(Itinerary, an_answer_that_follows_another_goes_to_who_keeps_that_and_to_nobody_else) {
  World world(
      with("  m: {targets: [{provider: b, model: x}, {provider: c, model: y}], fallback: [n]}\n"
           "  n: {targets: [{provider: a, model: z}]}"));
  const Body body(R"({"model":"m","input":"and then?","previous_response_id":"resp_1"})");
  Inquiry::Asked asked{.caller = world.key("app"),
                       .endpoint = "responses",
                       .spoken = chat::openai_responses(),
                       .model = "m",
                       .body = body.view(),
                       .hash_key = 7};
  Routing routing;
  routing.inquiry.emplace(asked);
  routing.decision = decide(*world.snapshot, *routing.inquiry);
  const TimePoint now{1h};
  const std::uint64_t lane = world->find_model("m")->targets[1].lanes[0]->id();
  world.traffic->affinity.remember(key_of_answer("resp_1", asked.caller, asked.hash_key), lane, now);
  Random random({1, 2, 3, 4});
  Itinerary way(*routing.decision.model, {.attempts = 3}, routing, world.traffic->affinity, random);
  ASSERT_EQ(way.next(now), Move::ask);
  EXPECT_EQ(way.choice().target->provider->name, "c");
  way.pass().failed(rate_limited(), now);
  ASSERT_TRUE(way.go_on(rate_limited()));
  EXPECT_EQ(way.next(now), Move::end);
}

TEST(Itinerary, excludes_targets_whose_models_lack_what_the_request_needs) {
  World world(
      with("  m: {targets: [{provider: b, model: x, capabilities: [tools]}, {provider: c, model: y, capabilities: "
           "[tools, vision]}]}"));
  Way image(
      world, 3, "m",
      R"({"model":"m","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://x/y.png"}}]}]})");
  EXPECT_EQ(image.next(), "c1");
  EXPECT_EQ(image.fail(server_error()), "c1") << "the other one is never asked";
  EXPECT_EQ(Way(world).next(), "b1");
}

TEST(Itinerary, excludes_targets_that_do_not_read_that_much) {
  World world(
      with("  m: {targets: [{provider: b, model: x, context: 1000}, {provider: c, model: y, context: 100000}]}"));
  EXPECT_EQ(
      Way(world, 3, "m", R"({"model":"m","messages":[{"role":"user","content":")" + std::string(8000, 'x') + R"("}]})")
          .next(),
      "c1");
}

TEST(Itinerary, a_rule_keeps_requests_from_where_they_must_not_go_in_fallbacks_too) {
  World world(R"(
providers:
  b: {kind: openai-compatible, base_url: "http://192.0.2.2/v1", api_key: "${B}", residency: us}
  c: {kind: openai-compatible, base_url: "http://192.0.2.3/v1", api_key: "${C}", residency: eu}
models:
  m: {targets: [{provider: b, model: x}, {provider: c, model: y}], fallback: [n]}
  n: {targets: [{provider: b, model: z}, {provider: c, model: z}]}
keys:
  - {name: app, secret: "${K}"}
routes:
  - {name: near, when: {key: app}, require: {residency: eu}}
)");
  Way way(world, 5);
  EXPECT_EQ(way.next(), "c1");
  EXPECT_EQ(way.fail(server_error()), "c1");
  EXPECT_EQ(way.fail(server_error()), "c1");
}

}  // namespace
}  // namespace sluice::test
