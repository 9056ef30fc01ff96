#include "app/token_key_fetch.hpp"

#include <gtest/gtest.h>

#include <mutex>
#include <vector>

#include "app/token_keyring.hpp"
#include "support/gateway_under_test.hpp"
#include "support/scripted_upstream.hpp"
#include "support/token_signer.hpp"

namespace sluice::app::token_key_fetch_test {
namespace {

using test::CapturedLog;
using test::eventually;
using test::key_set;
using test::response;
using test::Script;
using test::ScriptedUpstream;
using test::TokenSigner;
using Keys = std::shared_ptr<const TokenKeys>;

// A keyring that follows one identity provider, and all that it told.
class Follower {
 public:
  explicit Follower(const ScriptedUpstream& provider) {
    source_.peer.url = "http://127.0.0.1:" + std::to_string(provider.port()) + "/keys";
    follow(source_);
  }
  ~Follower() { errands_.stop(); }

  Keys follow(const TokenSource& source) {
    const std::lock_guard lock(mutex_);
    return keyring_.follow(source, errands_, [this](const TokenKeyFetch* from, Keys keys) {
      const std::lock_guard again(mutex_);
      if (keyring_.take(from, keys)) told_.push_back(std::move(keys));
    });
  }
  std::vector<Keys> told() {
    const std::lock_guard lock(mutex_);
    return told_;
  }
  std::optional<Gauges::TokenKeys> gauges() {
    const std::lock_guard lock(mutex_);
    return keyring_.gauges(system_clock().now());
  }
  Keys await_told(std::size_t count) {
    return eventually([&] { return told().size() >= count; }) ? told()[count - 1] : nullptr;
  }
  std::string log() const { return log_.text(); }
  const TokenSource& source() const { return source_; }

 private:
  CapturedLog log_;
  std::mutex mutex_;
  std::vector<Keys> told_;
  TokenSource source_;
  Errands errands_{system_clock()};
  TokenKeyring keyring_{system_clock(), log_, "sluice/test"};
};

TEST(TokenKeyFetch, tells_the_keys_and_how_old_they_are) {
  ScriptedUpstream provider(test::always(response(200, key_set({TokenSigner::eddsa().jwk()}))));
  Follower follower(provider);
  const Keys keys = follower.await_told(1);
  ASSERT_NE(keys, nullptr);
  EXPECT_EQ(keys->set->size(), 1u);
  ASSERT_TRUE(eventually([&] { return follower.gauges()->fetched == 1; }));
  EXPECT_LT(*follower.gauges()->age, 60);
  EXPECT_EQ(follower.gauges()->failed, 0u);
}

TEST(TokenKeyFetch, tries_again_until_there_are_keys) {
  ScriptedUpstream provider({Script().read_request().send(response(404, "no")),
                             test::always(response(200, key_set({TokenSigner::eddsa().jwk()})))});
  Follower follower(provider);
  ASSERT_NE(follower.await_told(1), nullptr);
  EXPECT_EQ(follower.gauges()->failed, 1u);
  EXPECT_NE(follower.log().find("no token is accepted without them reason=the answer was 404"), std::string::npos)
      << follower.log();
  EXPECT_NE(follower.log().find("can be fetched again"), std::string::npos) << follower.log();
}

TEST(TokenKeyFetch, keys_of_another_source_are_not_taken) {
  ScriptedUpstream slow(Script()
                            .read_request()
                            .wait_for("go")
                            .send(response(200, key_set({TokenSigner::eddsa("a").jwk()}), "connection: close\r\n"))
                            .hang());
  ScriptedUpstream other(test::always(response(200, key_set({TokenSigner::eddsa("b").jwk()}))));
  Follower follower(slow);
  ASSERT_TRUE(slow.await_requests(1));
  TokenSource source;
  source.peer.url = "http://127.0.0.1:" + std::to_string(other.port()) + "/keys";
  EXPECT_EQ(follower.follow(source), nullptr);
  const Keys keys = follower.await_told(1);
  ASSERT_NE(keys, nullptr);
  slow.signal("go");
  ASSERT_TRUE(slow.await_left(0));
  EXPECT_EQ(follower.told().size(), 1u);
  EXPECT_EQ(follower.follow(source), keys) << "the same source is followed as before";
}

TEST(TokenKeyFetch, keys_of_a_file_are_there_at_once_and_nobody_is_asked) {
  ScriptedUpstream provider(test::always(response(200, key_set({TokenSigner::eddsa().jwk()}))));
  Follower follower(provider);
  ASSERT_NE(follower.await_told(1), nullptr);
  TokenSource file;
  file.keys = *credential::KeySet::read(key_set({TokenSigner::eddsa().jwk()}));
  const Keys keys = follower.follow(file);
  ASSERT_NE(keys, nullptr);
  EXPECT_EQ(keys->set, file.keys);
  EXPECT_FALSE(keys->want);
  EXPECT_FALSE(follower.gauges());
  EXPECT_EQ(follower.follow({}), nullptr);
}

TEST(TokenKeyFetch, wishes_of_a_crowd_are_one_fetch_at_most) {
  ScriptedUpstream provider(test::always(response(200, key_set({TokenSigner::eddsa().jwk()}))));
  Follower follower(provider);
  const Keys keys = follower.await_told(1);
  ASSERT_NE(keys, nullptr);
  for (int i = 0; i < 1000; ++i) keys->want();
  follower.follow({});
  keys->want();  // of nobody any more
  EXPECT_EQ(provider.requests(), 1u) << "so soon after the last one";
}

}  // namespace
}  // namespace sluice::app::token_key_fetch_test
