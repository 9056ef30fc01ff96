#include <gtest/gtest.h>

#include "config/cases.hpp"
#include "config/sections.hpp"

namespace sluice::config::storage_section_test {
namespace {

using testing::Case;
using testing::surroundings;
using testing::world;

const std::string remedy = "write sqlite:///ABSOLUTE/PATH, or memory";

class StorageSection : public testing::Complains {};
TEST_P(StorageSection, complains) { check(); }

INSTANTIATE_TEST_SUITE_P(
    Load, StorageSection,
    ::testing::Values(
        Case{"a_path_alone", world + "storage: /var/db\n", {"f:3:10: storage: found \"/var/db\"; " + remedy}},
        Case{
            "a_relative_path", world + "storage: sqlite://db\n", {"f:3:10: storage: found \"sqlite://db\"; " + remedy}},
        Case{"a_folder", world + "storage: sqlite:///var/\n", {"f:3:10: storage: found \"sqlite:///var/\"; " + remedy}},
        Case{"another_store",
             world + "storage: postgres://u@h/db\n",
             {"f:3:10: storage: found \"postgres://u@h/db\"; " + remedy}},
        Case{"no_value", world + "storage:\n", {"f:3:1: storage: has no value; write one, or remove the key"}},
        Case{"the_ledgers_keys",
             world + "ledger: {on_full: drop, retention_days: 0, retention: 1h}\n",
             {"f:3:19: ledger.on_full: found \"drop\"; use one of refuse, drop-and-count",
              "f:3:41: ledger.retention_days: found \"0\"; use a whole number between 1 and 36500",
              "f:3:44: ledger.retention: unknown key \"retention\"; known here: on_full, retention_days"}}),
    testing::name_of);

Storage storage_of(const std::string& yaml) {
  const Loaded loaded = load(world + yaml, surroundings());
  for (const Complaint& complaint : loaded.complaints) ADD_FAILURE() << complaint.text("f");
  return loaded.config.storage;
}

TEST(StorageSection, reads_where_and_how_long) {
  EXPECT_EQ(storage_of("storage: sqlite:///var/lib/sluice/sluice.db\n").database, "/var/lib/sluice/sluice.db");
  EXPECT_EQ(storage_of("storage: \"sqlite://${FOLDER}/a b%20.db\"\n").database, "/secrets/a b%20.db");
  EXPECT_EQ(storage_of("storage: memory\n").database, in_memory);
  const Storage both = storage_of("ledger: {on_full: drop-and-count, retention_days: 400}\n");
  EXPECT_EQ(both.on_full, ledger::Recorder::OnFull::drop_and_count);
  EXPECT_EQ(both.retention_days, 400u);
}

TEST(StorageSection, refuses_and_keeps_for_ever_unless_told_otherwise) {
  const Storage usual = storage_of("");
  EXPECT_EQ(usual.database, "");
  EXPECT_EQ(usual.on_full, ledger::Recorder::OnFull::refuse);
  EXPECT_EQ(usual.retention_days, 0u);
  EXPECT_EQ(storage_of("ledger: {on_full: refuse}\n").on_full, ledger::Recorder::OnFull::refuse);
}

}  // namespace
}  // namespace sluice::config::storage_section_test
