#include "config/reader.hpp"

#include <gtest/gtest.h>

#include "config/cases.hpp"

namespace sluice::config {
namespace {

using testing::Case;
using testing::surroundings;
using testing::world;

const std::string brace_remedy = "write ${NAME}, or $${ for the characters themselves";
const std::string header_remedy = "such a secret cannot travel in a header; check for a line break or quotes";

// The complaints about one api_key, with their position, which is the same for all, cut off.
class References : public testing::Complains {};
TEST_P(References, complains) {
  std::vector<std::string> said;
  for (const Complaint& complaint : load("providers: {p: {kind: openai-compatible, api_key: " + GetParam().yaml +
                                             ", base_url: \"http://h\"}}\nmodels: {m: {targets: [{provider: p}]}}\n",
                                         surroundings())
                                        .complaints) {
    EXPECT_EQ(complaint.line, 1);
    EXPECT_EQ(complaint.column, 51);
    EXPECT_EQ(complaint.path, "providers.p.api_key");
    EXPECT_EQ(complaint.text("").find("canary"), std::string::npos);
    said.push_back((complaint.warning ? "warning " : "") + complaint.what + "; " + complaint.remedy);
  }
  EXPECT_EQ(said, GetParam().complaints);
}

INSTANTIATE_TEST_SUITE_P(
    Reader, References,
    ::testing::Values(
        Case{"of_a_variable", "\"${OPENAI_API_KEY}\"", {}},
        Case{"in_the_middle", "\"x-${OPENAI_API_KEY}-${PORT}\"", {}}, Case{"of_a_file", "\"file:/secrets/key\"", {}},
        Case{"of_a_file_with_windows_lines", "\"file:/secrets/windows\"", {}},
        Case{"unset", "\"${NOT_THERE}\"", {"the environment variable NOT_THERE is not set; set it before starting"}},
        Case{"unset_twice",
             "\"${NOT_THERE}${NOR_HERE}\"",
             {"the environment variable NOT_THERE is not set; set it before starting",
              "the environment variable NOR_HERE is not set; set it before starting"}},
        Case{"unclosed", "\"${canary\"", {"a ${ without its }; " + brace_remedy}},
        Case{"no_name", "\"${canary-x}\"", {"a ${} that holds no name of a variable; " + brace_remedy}},
        Case{"no_name_at_all", "\"${}\"", {"a ${} that holds no name of a variable; " + brace_remedy}},
        Case{"starting_with_a_digit", "\"${1A}\"", {"a ${} that holds no name of a variable; " + brace_remedy}},
        Case{"empty", "\"${EMPTY}\"", {"the secret is empty; give it a value where the reference leads to"}},
        Case{"empty_text",
             "\"\"",
             {"is empty; write \"${NAME}\" for an environment variable, or file:/path, or remove the key"}},
        Case{"spaces",
             "\"${SPACED}\"",
             {"the secret holds spaces, control characters or letters outside ASCII; " + header_remedy}},
        Case{"missing_file",
             "\"file:/secrets/none\"",
             {"cannot read the file \"/secrets/none\"; check that it exists and that Sluice may read it"}},
        Case{"missing_file_by_variable",
             "\"file:/${LEVEL}\"",
             {"cannot read the file \"/${LEVEL}\"; check that it exists and that Sluice may read it"}},
        Case{"relative_file", "\"file:key\"", {"file: needs an absolute path; write file:/path/to/the/secret"}},
        Case{"empty_file",
             "\"file:/secrets/empty\"",
             {"the secret is empty; give it a value where the reference leads to"}},
        Case{"file_of_two_lines",
             "\"file:/secrets/lines\"",
             {"the secret holds spaces, control characters or letters outside ASCII; " + header_remedy}},
        Case{
            "literal",
            "canary",
            {"warning the secret itself stands in the file; write ${NAME} for an environment variable, or file:/path"}},
        Case{
            "escaped_is_literal",
            "\"$${canary}\"",
            {"warning the secret itself stands in the file; write ${NAME} for an environment variable, or file:/path"}},
        Case{"list", "[canary]", {"a single value belongs here, not a list; write one value"}}),
    testing::name_of);

std::string certificate_of(const std::string& value) {
  const Loaded loaded = load(world + "server: {tls: {certificate: \"" + value + "\", key: k}}\n", surroundings());
  for (const Complaint& complaint : loaded.complaints) ADD_FAILURE() << complaint.text("f");
  return loaded.config.server.tls ? loaded.config.server.tls->certificate : "none";
}

TEST(References, are_replaced_in_any_value) {
  EXPECT_EQ(certificate_of("${FOLDER}"), "/secrets");
  EXPECT_EQ(certificate_of("a${FOLDER}b${PORT}c"), "a/secretsb8123c");
  EXPECT_EQ(certificate_of("${EMPTY}x"), "x");
}

TEST(References, are_escaped_by_a_second_dollar) {
  EXPECT_EQ(certificate_of("$${FOLDER}"), "${FOLDER}");
  EXPECT_EQ(certificate_of("a$${${PORT}}"), "a${8123}");
  EXPECT_EQ(certificate_of("$$${FOLDER}"), "$${FOLDER}");
}

TEST(References, leave_other_dollars_alone) {
  EXPECT_EQ(certificate_of("$FOLDER"), "$FOLDER");
  EXPECT_EQ(certificate_of("a$"), "a$");
  EXPECT_EQ(certificate_of("$$"), "$$");
  EXPECT_EQ(certificate_of("{$}"), "{$}");
}

TEST(References, to_files_are_followed_in_secrets_only) {
  EXPECT_EQ(certificate_of("file:/secrets/key"), "file:/secrets/key");
}

TEST(References, are_not_followed_in_what_they_lead_to) {
  const Surroundings nested{[](const std::string& name) { return name == "A" ? "${B}" : "no"; },
                            [](const std::string&) { return "${A}"; }};
  const std::string model = "models: {m: {targets: [{provider: p}]}}\n";
  const std::string start = "providers: {p: {kind: openai-compatible, base_url: \"http://h\", api_key: ";
  EXPECT_EQ(load(start + "\"${A}\"}}\n" + model, nested).config.providers.at(0).api_key.reveal(), "${B}");
  EXPECT_EQ(load(start + "\"file:/x\"}}\n" + model, nested).config.providers.at(0).api_key.reveal(), "${A}");
}

TEST(References, in_keys_are_text) {
  const Loaded loaded = load(world + "\"${LEVEL}\": 1\n", surroundings());
  ASSERT_EQ(loaded.complaints.size(), 1u);
  EXPECT_EQ(loaded.complaints[0].path, "[\"${LEVEL}\"]");
}

}  // namespace
}  // namespace sluice::config
