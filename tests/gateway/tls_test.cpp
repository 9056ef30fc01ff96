#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "support/certificates.hpp"
#include "support/gateway_under_test.hpp"
#include "support/raw_client.hpp"
#include "support/scripted_upstream.hpp"

namespace sluice::test {
namespace {

void copy_file(const std::string& from, const std::string& to) {
  std::ifstream in(from, std::ios::binary);
  std::ofstream out(to, std::ios::binary | std::ios::trunc);
  out << in.rdbuf();
}

// A gateway that listens with a certificate which lies in a file of the test's.
class Listener : public ::testing::Test {
 protected:
  Listener() : upstream_(Script().read_request().send(completion("fine")).again()) {
    install(first_.issue());
    const std::string tls = "tls: {certificate: \"" + certificate_ + "\", key: \"" + key_ + "\"}";
    yaml_ = configuration({upstream_.port()}, {.server = tls});
    gateway_ = std::make_unique<GatewayUnderTest>(yaml_);
  }

  void install(const KeyPair& pair) {
    copy_file(pair.certificate, certificate_);
    copy_file(pair.key, key_);
  }

  // Whether a client that trusts only that authority gets its answer.
  bool serves(const Authority& authority) {
    RawClient client(gateway_->port(), RawClient::Security::tls, authority.file());
    return client.connected() && client.send(chat()) && client.read_answer().status == 200;
  }

  ScriptedUpstream upstream_;
  Authority first_{"First authority"};
  Authority second_{"Second authority"};
  TemporaryFolder folder_;
  std::string certificate_ = folder_.file("listener.crt");
  std::string key_ = folder_.file("listener.key");
  std::string yaml_;
  std::unique_ptr<GatewayUnderTest> gateway_;
};

TEST_F(Listener, shows_its_certificate) {
  EXPECT_TRUE(serves(first_));
  EXPECT_FALSE(serves(second_));
  EXPECT_GT(gateway_->metric("sluice_cert_expiry_timestamp_seconds"), 1.7e9);
}

TEST_F(Listener, shows_the_new_certificate_after_a_reload_and_keeps_old_connections) {
  RawClient old(gateway_->port(), RawClient::Security::tls, first_.file());
  ASSERT_TRUE(old.send(chat()));
  EXPECT_EQ(old.read_answer().status, 200);
  install(second_.issue());
  ASSERT_TRUE(gateway_->daemon().reload(GatewayUnderTest::read(yaml_)));
  EXPECT_TRUE(eventually([&] { return serves(second_); }));
  EXPECT_FALSE(serves(first_));
  ASSERT_TRUE(old.send(chat()));
  EXPECT_EQ(old.read_answer().status, 200);
}

TEST_F(Listener, keeps_its_certificate_when_the_new_one_cannot_be_used) {
  install(second_.mismatched());
  const Result<> reloaded = gateway_->daemon().reload(GatewayUnderTest::read(yaml_));
  ASSERT_FALSE(reloaded);
  EXPECT_NE(reloaded.error().message().find(key_), std::string::npos);
  EXPECT_TRUE(serves(first_));
  EXPECT_EQ(gateway_->metric("sluice_config_reload_success"), 0);
}

TEST_F(Listener, does_not_lose_tls_by_a_reload) {
  const std::size_t begin = yaml_.find("tls: {");
  ASSERT_NE(begin, std::string::npos);
  std::string without = yaml_;
  without.replace(begin, yaml_.find('}', begin) + 1 - begin, "limits: {}");
  const Result<> reloaded = gateway_->daemon().reload(GatewayUnderTest::read(without));
  ASSERT_FALSE(reloaded);
  EXPECT_NE(reloaded.error().message().find("server.tls"), std::string::npos);
  EXPECT_TRUE(serves(first_));
}

TEST_F(Listener, gives_up_on_a_handshake_that_never_comes) {
  RawClient silent(gateway_->port());  // speaks no TLS
  EXPECT_NE(silent.await_close(std::chrono::milliseconds(50'000)), Ending::waiting);
}

}  // namespace
}  // namespace sluice::test
