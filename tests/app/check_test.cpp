#include "app/check.hpp"

#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include "support/scratch.hpp"

namespace sluice::app {
namespace {

struct Outcome {
  int code = -1;
  std::string out;
  std::string err;
};

Outcome check_file(const std::string& path) {
  config::Surroundings surroundings;
  surroundings.environment = [](const std::string&) { return std::optional<std::string>(); };
  surroundings.file = [](const std::string&) { return std::optional<std::string>(); };
  std::ostringstream out;
  std::ostringstream err;
  const int code = check(path, surroundings, out, err);
  return {code, out.str(), err.str()};
}

constexpr std::string_view good = "providers: {demo: {}}\nmodels:\n  m: {targets: [{provider: demo, model: demo}]}\n";

TEST(Check, says_that_a_good_file_is_good) {
  const test::Scratch scratch;
  const std::string path = scratch.write("good.yaml", good);
  const Outcome outcome = check_file(path);
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.out, path + ": ok\n");
  EXPECT_EQ(outcome.err, "");
}

TEST(Check, prints_all_problems_with_their_places) {
  const test::Scratch scratch;
  const std::string path = scratch.write("bad.yaml", std::string(good) + "nonsense: 1\nrubbish: 2\n");
  const Outcome outcome = check_file(path);
  EXPECT_EQ(outcome.code, 78);
  EXPECT_NE(outcome.out.find(path + ":4:1: "), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find(path + ":5:1: "), std::string::npos) << outcome.out;
  EXPECT_EQ(outcome.out.find(": ok\n"), std::string::npos) << outcome.out;
}

TEST(Check, tells_warnings_without_failing) {
  const test::Scratch scratch;
  const std::string path = scratch.write("warned.yaml",
                                         "providers: {openai: {api_key: sk-literal-0123456789}}\nmodels:\n  m: "
                                         "{targets: [{provider: openai, model: x}]}\n");
  const Outcome outcome = check_file(path);
  EXPECT_EQ(outcome.code, 0) << outcome.out;
  EXPECT_TRUE(outcome.out.starts_with(path + ":1:")) << outcome.out;
  EXPECT_TRUE(outcome.out.ends_with(path + ": ok\n")) << outcome.out;
  EXPECT_EQ(outcome.out.find("sk-literal"), std::string::npos) << outcome.out;
}

TEST(Check, says_of_each_line_whether_it_is_an_error_or_a_warning) {
  const test::Scratch scratch;
  const std::string path = scratch.write("both.yaml",
                                         "providers: {openai: {api_key: sk-literal-0123456789}}\nmodels:\n  m: "
                                         "{targets: [{provider: openai, model: x}]}\nnonsense: 1\n");
  const Outcome outcome = check_file(path);
  EXPECT_NE(outcome.out.find(path + ":1:31: providers.openai.api_key: warning: "), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find(path + ":4:1: nonsense: error: "), std::string::npos) << outcome.out;
}

TEST(Check, opens_the_pem_files_that_are_named) {
  const test::Scratch scratch;
  const std::string rubbish = scratch.write("rubbish.pem", "no PEM");
  const std::string path =
      scratch.write("tls.yaml", std::string(good) + "server:\n  tls:\n    certificate: " + rubbish +
                                    "\n    key: " + scratch.path("absent.pem") + "\n");
  std::ostringstream out;
  std::ostringstream err;
  EXPECT_EQ(check(path, out, err), 78);
  EXPECT_NE(out.str().find(path + ":6:18: server.tls.certificate: error: the file"), std::string::npos) << out.str();
  EXPECT_NE(out.str().find(path + ":7:10: server.tls.key: error: cannot read the file"), std::string::npos)
      << out.str();
}

TEST(Check, an_empty_file_is_a_bad_configuration) {
  const test::Scratch scratch;
  EXPECT_EQ(check_file(scratch.write("empty.yaml", "")).code, 78);
}

TEST(Check, a_file_that_cannot_be_read_is_no_input) {
  const test::Scratch scratch;
  const Outcome outcome = check_file(scratch.path("absent.yaml"));
  EXPECT_EQ(outcome.code, 66);
  EXPECT_EQ(outcome.out, "");
  EXPECT_NE(outcome.err.find("absent.yaml"), std::string::npos);
}

TEST(Check, a_file_that_is_too_large_is_a_bad_configuration) {
  const test::Scratch scratch;
  EXPECT_EQ(check_file(scratch.write("large.yaml", std::string((4u << 20) + 1, '#'))).code, 78);
}

}  // namespace
}  // namespace sluice::app
