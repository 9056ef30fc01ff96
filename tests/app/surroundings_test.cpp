#include "app/surroundings.hpp"

#include <map>
#include <string>

#include <gtest/gtest.h>

#include "support/certificates.hpp"
#include "support/scratch.hpp"

namespace sluice::app {
namespace {

config::Surroundings with(std::map<std::string, std::string> environment) {
  config::Surroundings surroundings;
  surroundings.environment = [environment = std::move(environment)](const std::string& name) {
    const auto found = environment.find(name);
    return found == environment.end() ? std::nullopt : std::optional(found->second);
  };
  surroundings.file = [](const std::string&) { return std::optional<std::string>(); };
  return surroundings;
}

TEST(Surroundings, the_flag_comes_first_then_the_variable_then_the_usual_places) {
  const test::Scratch scratch;
  const std::string flag = scratch.write("flag.yaml", "flag");
  const std::string variable = scratch.write("variable.yaml", "variable");
  const std::string place = scratch.write("place.yaml", "place");
  const std::vector<std::string> places = {scratch.path("absent.yaml"), place};

  const auto by_flag = find_configuration(flag, with({{"SLUICE_CONFIG", variable}}), places);
  ASSERT_TRUE(by_flag);
  EXPECT_EQ(by_flag->file, flag);
  EXPECT_EQ(by_flag->text, "flag");
  const auto by_variable = find_configuration(std::nullopt, with({{"SLUICE_CONFIG", variable}}), places);
  ASSERT_TRUE(by_variable);
  EXPECT_EQ(by_variable->text, "variable");
  const auto by_place = find_configuration(std::nullopt, with({{"SLUICE_CONFIG", ""}}), places);
  ASSERT_TRUE(by_place);
  EXPECT_EQ(by_place->file, place);
}

TEST(Surroundings, without_any_file_it_is_the_embedded_default) {
  const test::Scratch scratch;
  const auto source = find_configuration(std::nullopt, with({}), {scratch.path("absent.yaml")});
  ASSERT_TRUE(source);
  EXPECT_EQ(source->file, "");
}

TEST(Surroundings, a_named_file_that_cannot_be_read_is_an_error) {
  const test::Scratch scratch;
  for (const std::string& path : {scratch.path("absent.yaml"), scratch.path("")}) {
    const auto source = find_configuration(path, with({}), {});
    ASSERT_FALSE(source) << path;
    EXPECT_EQ(source.error().fault(), Fault::not_found);
    EXPECT_NE(source.error().message().find(path), std::string::npos);
  }
  EXPECT_FALSE(find_configuration(std::nullopt, with({{"SLUICE_CONFIG", scratch.path("absent.yaml")}}), {}));
}

TEST(Surroundings, a_usual_place_that_is_no_file_is_an_error_and_not_passed_over) {
  const test::Scratch scratch;
  EXPECT_FALSE(find_configuration(std::nullopt, with({}), {scratch.path("")}));
}

TEST(Surroundings, takes_four_mebibytes_and_no_more) {
  const test::Scratch scratch;
  const auto most = read_configuration_file(scratch.write("most.yaml", std::string(4u << 20, '#')));
  ASSERT_TRUE(most);
  EXPECT_EQ(most->size(), 4u << 20);
  const auto more = read_configuration_file(scratch.write("more.yaml", std::string((4u << 20) + 1, '#')));
  ASSERT_FALSE(more);
  EXPECT_EQ(more.error().fault(), Fault::too_large);
}

TEST(Surroundings, an_empty_file_is_not_the_embedded_default) {
  const auto loaded = read(Source{"empty.yaml", ""}, with({}), [] { return false; });
  EXPECT_FALSE(loaded.ok());
}

TEST(Surroundings, looks_for_a_model_server_only_when_there_is_no_file) {
  int looks = 0;
  const auto look = [&looks] {
    ++looks;
    return false;
  };
  read(Source{"some.yaml", "providers: {demo: {}}\n"}, with({}), look);
  EXPECT_EQ(looks, 0);
  EXPECT_TRUE(read(Source{}, with({}), look).ok());
  EXPECT_EQ(looks, 1);
}

TEST(Surroundings, listen_addresses_come_from_flags_before_variables_before_the_file) {
  const auto variables = with({{"SLUICE_LISTEN", "127.0.0.1:2"}, {"SLUICE_ADMIN_LISTEN", "127.0.0.1:3"}});
  const Source file{"some.yaml", "providers: {demo: {}}\nserver: {listen: \"127.0.0.1:1\"}\n"};
  const auto listens = [&](const config::Listeners& instead) {
    const config::Config config = read(
                                      file, with({}), [] { return false; }, instead)
                                      .config;
    return config.server.listen + " " + config.admin.listen;
  };
  EXPECT_EQ(listens(named_listeners(std::nullopt, std::nullopt, with({}))), "127.0.0.1:1 127.0.0.1:9090");
  EXPECT_EQ(listens(named_listeners(std::nullopt, std::nullopt, variables)), "127.0.0.1:2 127.0.0.1:3");
  EXPECT_EQ(listens(named_listeners("127.0.0.1:4", "127.0.0.1:5", variables)), "127.0.0.1:4 127.0.0.1:5");
}

TEST(Surroundings, tell_what_is_wrong_with_a_pem_file) {
  test::Authority authority;
  const test::KeyPair pair = authority.issue();
  const test::KeyPair other = authority.issue();
  const test::Scratch scratch;
  const std::string rubbish = scratch.write("rubbish.pem", "no PEM");
  const config::Surroundings whole = whole_surroundings();
  EXPECT_FALSE(whole.pem_fault(config::Pem::certificate, pair.certificate));
  EXPECT_FALSE(whole.pem_fault(config::Pem::key, pair.key));
  EXPECT_FALSE(whole.pem_fault(config::Pem::authorities, authority.file()));
  for (const config::Pem purpose : {config::Pem::certificate, config::Pem::key, config::Pem::authorities}) {
    const auto bad = whole.pem_fault(purpose, rubbish);
    ASSERT_TRUE(bad);
    EXPECT_FALSE(bad->unreadable);
    EXPECT_EQ(bad->why.find(rubbish), std::string::npos) << bad->why;
    EXPECT_EQ(bad->why.find("lib"), std::string::npos) << bad->why;  // a cause, not the name of a library
    const auto absent = whole.pem_fault(purpose, scratch.path("absent.pem"));
    ASSERT_TRUE(absent);
    EXPECT_TRUE(absent->unreadable);
    EXPECT_TRUE(whole.pem_fault(purpose, scratch.path("")));
  }
  EXPECT_TRUE(whole.pem_fault(config::Pem::key, pair.certificate));
  EXPECT_TRUE(whole.is_pair({pair.certificate, pair.key}));
  EXPECT_FALSE(whole.is_pair({pair.certificate, other.key}));
}

}  // namespace
}  // namespace sluice::app
