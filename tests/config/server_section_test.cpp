#include "config/sections.hpp"

#include <gtest/gtest.h>

#include "config/cases.hpp"

namespace sluice::config {
namespace {

using testing::Case;
using testing::surroundings;
using testing::world;

const std::string listen_remedy = "write ADDRESS:PORT, like 127.0.0.1:8080, 0.0.0.0:8080 or [::1]:8080";
const std::string duration_remedy = "write a duration like 250ms, 3s, 5m or 1h";
const std::string size_remedy = "write a size like 64KiB, 32MiB or 1GiB, or a number of bytes";

class ServerSection : public testing::Complains {};
TEST_P(ServerSection, complains) { check(); }

INSTANTIATE_TEST_SUITE_P(
    Load, ServerSection,
    ::testing::Values(
        Case{"no_mapping",
             world + "server: 8080\n",
             {"f:3:9: server: a mapping belongs here, not a single value; write \"key: value\" lines"}},
        Case{"without_content", world + "server:\nadmin:\nlog:\nteams:\nkeys:\n", {}},
        Case{"unknown_keys",
             world + "server: {port: 1, limits: {bdy: 1}, timeouts: {heder: 1s}, drain: {grac: 1s}, tls: {cert: x}}\n",
             {"f:3:10: server.port: unknown key \"port\"; known here: listen, workers, tls, limits, timeouts, drain",
              "f:3:28: server.limits.bdy: unknown key \"bdy\"; did you mean \"body\"?",
              "f:3:48: server.timeouts.heder: unknown key \"heder\"; did you mean \"header\"?",
              "f:3:68: server.drain.grac: unknown key \"grac\"; did you mean \"grace\"?",
              "f:3:79: server.tls.certificate: is missing; tls needs both certificate and key; each is the path of a "
              "PEM "
              "file",
              "f:3:79: server.tls.key: is missing; tls needs both certificate and key; each is the path of a PEM file",
              "f:3:85: server.tls.cert: unknown key \"cert\"; known here: certificate, key"}},
        Case{"listen_without_address",
             world + "server:\n  listen: :8080\n",
             {"f:4:11: server.listen: found \":8080\"; " + listen_remedy}},
        Case{"listen_by_name",
             world + "admin: {listen: \"example.com:80\"}\n",
             {"f:3:17: admin.listen: found \"example.com:80\"; " + listen_remedy}},
        Case{"listen_without_value",
             world + "server:\n  listen:\n  workers: 2\n",
             {"f:4:3: server.listen: has no value; write one, or remove the key"}},
        Case{"listen_as_list",
             world + "server: {listen: [a, b]}\n",
             {"f:3:18: server.listen: a single value belongs here, not a list; write one value"}},
        Case{"listen_with_an_unset_variable",
             world + "server: {listen: \"127.0.0.1:${NOT_THERE}\"}\n",
             {"f:3:18: server.listen: the environment variable NOT_THERE is not set; set it before starting"}},
        Case{"workers_none",
             world + "server: {workers: 0}\n",
             {"f:3:19: server.workers: found \"0\"; use a whole number between 1 and 1024"}},
        Case{"workers_too_many",
             world + "server: {workers: 1025}\n",
             {"f:3:19: server.workers: found \"1025\"; use a whole number between 1 and 1024"}},
        Case{"sizes",
             world + "server: {limits: {body: 32MB, header: 1, connections: 0, buffered: -1}}\n",
             {"f:3:25: server.limits.body: found \"32MB\"; " + size_remedy,
              "f:3:39: server.limits.header: found \"1\"; use a size between 256 and 16MiB",
              "f:3:55: server.limits.connections: found \"0\"; use a whole number between 1 and 10000000",
              "f:3:68: server.limits.buffered: found \"-1\"; " + size_remedy}},
        Case{"durations",
             world + "server: {timeouts: {header: 10, body: 0s, idle: 25h}, drain: {delay: 1d, grace: 1.5s}}\n",
             {"f:3:29: server.timeouts.header: found \"10\"; " + duration_remedy,
              "f:3:39: server.timeouts.body: found \"0s\"; use a duration between 1ms and 24h",
              "f:3:49: server.timeouts.idle: found \"25h\"; use a duration between 1ms and 24h",
              "f:3:70: server.drain.delay: found \"1d\"; " + duration_remedy,
              "f:3:81: server.drain.grace: found \"1.5s\"; " + duration_remedy}},
        Case{"tls_without_key",
             world + "server:\n  tls: {certificate: /c}\n",
             {"f:4:3: server.tls.key: is missing; tls needs both certificate and key; each is the path of a PEM file"}},
        Case{"tls_with_an_empty_path",
             world + "server:\n  tls: {certificate: \"\", key: /k}\n",
             {"f:4:22: server.tls.certificate: is empty; write a value, or remove the key"}},
        Case{"admin_token",
             world + "admin: {token: \"${T}\", listn: x}\n",
             {"f:3:16: admin.token: the environment variable T is not set; set it before starting",
              "f:3:24: admin.listn: unknown key \"listn\"; did you mean \"listen\"?"}},
        Case{"short_admin_token",
             world + "admin: {token: \"${TEAM_KEY}\"}\n",
             {"f:3:16: admin.token: the token is shorter than 16 characters; use a long random one, such as `openssl "
              "rand -hex 32` makes"}},
        Case{"empty_admin_token",
             world + "admin: {token: \"${EMPTY}\"}\n",
             {"f:3:16: admin.token: the secret is empty; give it a value where the reference leads to"}},
        Case{
            "admin_token_that_no_header_carries",
            world + "admin: {token: \"${SPACED}\"}\n",
            {"f:3:16: admin.token: the secret holds spaces, control characters or letters outside ASCII; such a secret "
             "cannot travel in a header; check for a line break or quotes"}},
        Case{"literal_admin_token",
             world + "admin: {token: canary-literal-token}\n",
             {"warning f:3:16: admin.token: the secret itself stands in the file; write ${NAME} for an environment "
              "variable, or file:/path"}},
        Case{"log",
             world + "log: {level: trace, format: xml, bodies: none, fromat: json}\n",
             {"f:3:14: log.level: found \"trace\"; use one of debug, info, warn, error",
              "f:3:29: log.format: found \"xml\"; use one of json, text",
              "f:3:34: log.bodies: \"bodies\" is not supported by this version; remove it",
              "f:3:48: log.fromat: unknown key \"fromat\"; did you mean \"format\"?"}}),
    testing::name_of);

TEST(ServerSection, reads_every_key) {
  const Loaded loaded = load(world +
                                 "server:\n"
                                 "  listen: localhost:${PORT}\n"
                                 "  workers: 4\n"
                                 "  tls: {certificate: /c, key: /k}\n"
                                 "  limits: {body: 1, header: 64KiB, connections: 7, buffered: 2GiB}\n"
                                 "  timeouts: {header: 1ms, body: 2m, idle: 24h}\n"
                                 "  drain: {delay: 0s, grace: 250ms}\n"
                                 "admin: {listen: \"[0:0::1]:0\", token: \"file:/secrets/key\"}\n"
                                 "log: {level: warn, format: text}\n",
                             surroundings());
  ASSERT_TRUE(loaded.complaints.empty());
  const Server& server = loaded.config.server;
  using namespace std::chrono_literals;
  EXPECT_EQ(server.listen, "127.0.0.1:8123");
  EXPECT_EQ(server.workers, 4u);
  ASSERT_TRUE(server.tls);
  EXPECT_EQ(server.tls->certificate, "/c");
  EXPECT_EQ(server.tls->key, "/k");
  EXPECT_EQ(server.limits.body, 1u);
  EXPECT_EQ(server.limits.header, 65'536u);
  EXPECT_EQ(server.limits.connections, 7u);
  EXPECT_EQ(server.limits.buffered, 2'147'483'648u);
  EXPECT_EQ(server.timeouts.header, 1ms);
  EXPECT_EQ(server.timeouts.body, 2min);
  EXPECT_EQ(server.timeouts.idle, 24h);
  EXPECT_EQ(server.drain.delay, 0s);
  EXPECT_EQ(server.drain.grace, 250ms);
  EXPECT_EQ(loaded.config.admin.listen, "[::1]:0");
  EXPECT_EQ(loaded.config.admin.token.reveal(), "canary-from-file");
  EXPECT_EQ(loaded.config.log.level, "warn");
  EXPECT_EQ(loaded.config.log.format, "text");
}

// The complaints about PEM files; `bad` names the ones that hold no PEM, "/none" is not there.
std::vector<std::string> pem_complaints(const std::string& yaml, const std::string& bad, bool is_pair) {
  Surroundings around = surroundings();
  around.pem_fault = [bad](Pem, const std::string& path) -> std::optional<PemFault> {
    if (path == "/none") return PemFault{true, "No such file"};
    if (path == bad) return PemFault{false, "no start line"};
    return std::nullopt;
  };
  around.is_pair = [is_pair](const TlsFiles&) { return is_pair; };
  std::vector<std::string> lines;
  for (const Complaint& complaint : load(world + yaml, around).complaints) lines.push_back(testing::line_of(complaint));
  return lines;
}

TEST(PemFiles, are_told_of_at_their_own_places) {
  const std::string yaml = "server:\n  tls:\n    certificate: /none\n    key: /key\n";
  EXPECT_EQ(
      pem_complaints(yaml, "/key", true),
      (std::vector<std::string>{
          "f:5:18: server.tls.certificate: cannot read the file \"/none\": No such file; check that it exists and "
          "that Sluice may read it",
          "f:6:10: server.tls.key: the file \"/key\" holds no usable private key: no start line; name a PEM file "
          "that begins with -----BEGIN PRIVATE KEY-----, without a passphrase"}));
}

TEST(PemFiles, have_to_be_a_pair) {
  const std::string yaml = "server: {tls: {certificate: /c, key: /k}}\n";
  EXPECT_TRUE(pem_complaints(yaml, "", true).empty());
  EXPECT_EQ(
      pem_complaints(yaml, "", false),
      std::vector<std::string>{"f:3:38: server.tls.key: this key does not belong to the certificate; name the two "
                               "files of one pair"});
}

TEST(PemFiles, of_authorities_are_looked_at_too) {
  const std::string provider =
      "providers: {p: {kind: openai-compatible, base_url: \"https://h/\", tls: {ca: \"${FOLDER}/ca\"}}}\n"
      "models: {m: {targets: [{provider: p}]}}\n";
  Surroundings around = surroundings();
  around.pem_fault = [](Pem purpose, const std::string& path) -> std::optional<PemFault> {
    EXPECT_EQ(purpose, Pem::authorities);
    EXPECT_EQ(path, "/secrets/ca");
    return PemFault{false, "no certificate"};
  };
  const auto complaints = load(provider, around).complaints;
  ASSERT_EQ(complaints.size(), 1u);
  // The path as it is written: what a reference led to is never shown.
  EXPECT_EQ(testing::line_of(complaints[0]),
            "f:1:76: providers.p.tls.ca: the file \"${FOLDER}/ca\" holds no usable certificate: no certificate; name a "
            "PEM file that begins with -----BEGIN CERTIFICATE-----");
}

TEST(ServerSection, takes_auto_for_one_worker_per_hardware_thread) {
  const Loaded loaded = load(world + "server: {workers: auto}\n", surroundings());
  EXPECT_TRUE(loaded.complaints.empty());
  EXPECT_EQ(loaded.config.server.workers, 0u);
}

}  // namespace
}  // namespace sluice::config
