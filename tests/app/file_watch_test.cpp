#include "app/file_watch.hpp"

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <mutex>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "support/scratch.hpp"

namespace sluice::app {
namespace {

namespace fs = std::filesystem;

// Collects what the file held at each call.
class Witness {
 public:
  explicit Witness(std::string path) : path_(std::move(path)) {}

  void look() {
    std::ifstream file(path_, std::ios::binary);
    const std::lock_guard lock(mutex_);
    seen_.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    more_.notify_all();
  }

  // Everything seen, once there are `count` or ten seconds have passed.
  std::vector<std::string> wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    more_.wait_for(lock, std::chrono::seconds(10), [&] { return seen_.size() >= count; });
    return seen_;
  }

  // Everything seen, once the latest is `content` or ten seconds have passed.
  std::vector<std::string> wait_until(const std::string& content) {
    std::unique_lock lock(mutex_);
    more_.wait_for(lock, std::chrono::seconds(10), [&] { return !seen_.empty() && seen_.back() == content; });
    return seen_.empty() ? std::vector<std::string>{""} : seen_;
  }

 private:
  const std::string path_;
  std::mutex mutex_;
  std::condition_variable more_;
  std::vector<std::string> seen_;
};

using Seen = std::vector<std::string>;

TEST(LastContent, tells_a_change_from_a_touch) {
  LastContent content("a");
  EXPECT_EQ(content.look("a"), News::none);
  EXPECT_EQ(content.look("b"), News::changed);
  EXPECT_EQ(content.look("b"), News::none);
  EXPECT_EQ(content.look("a"), News::changed);
}

TEST(LastContent, is_lost_once_and_forgets_nothing) {
  LastContent content("a");
  EXPECT_EQ(content.look(std::nullopt), News::lost);
  EXPECT_EQ(content.look(std::nullopt), News::none);
  EXPECT_EQ(content.look("a"), News::none);
  EXPECT_EQ(content.look(std::nullopt), News::lost);
  EXPECT_EQ(content.look(""), News::changed);
}

TEST(LastContent, a_file_that_comes_into_being_is_news) {
  LastContent content(std::nullopt);
  EXPECT_EQ(content.look(""), News::changed);
}

TEST(FileWatch, sees_a_file_written_in_place) {
  const test::Scratch scratch;
  const std::string path = scratch.write("sluice.yaml", "a");
  Witness witness(path);
  const FileWatch watch(path, [&] { witness.look(); });
  scratch.write("sluice.yaml", "b");
  EXPECT_EQ(witness.wait_for(1), Seen({"b"}));
  scratch.write("sluice.yaml", "c");
  EXPECT_EQ(witness.wait_for(2), Seen({"b", "c"}));
}

TEST(FileWatch, sees_a_file_replaced_by_another) {
  const test::Scratch scratch;
  const std::string path = scratch.write("sluice.yaml", "a");
  Witness witness(path);
  const FileWatch watch(path, [&] { witness.look(); });
  fs::rename(scratch.write("sluice.yaml~", "b"), path);
  EXPECT_EQ(witness.wait_for(1), Seen({"b"}));
}

TEST(FileWatch, sees_a_switched_symbolic_link_of_a_directory) {
  const test::Scratch scratch;
  fs::create_directory(scratch.path("v1"));
  fs::create_directory(scratch.path("v2"));
  scratch.write("v1/sluice.yaml", "a");
  scratch.write("v2/sluice.yaml", "b");
  fs::create_symlink("v1", scratch.path("..data"));
  fs::create_symlink("..data/sluice.yaml", scratch.path("sluice.yaml"));
  Witness witness(scratch.path("sluice.yaml"));
  const FileWatch watch(scratch.path("sluice.yaml"), [&] { witness.look(); });
  fs::create_symlink("v2", scratch.path("..data_next"));
  fs::rename(scratch.path("..data_next"), scratch.path("..data"));
  EXPECT_EQ(witness.wait_for(1), Seen({"b"}));
}

TEST(FileWatch, sees_a_change_of_the_file_a_link_leads_to) {
  const test::Scratch scratch;
  fs::create_directory(scratch.path("elsewhere"));
  fs::create_directory(scratch.path("here"));
  scratch.write("elsewhere/real.yaml", "a");
  fs::create_symlink("../elsewhere/real.yaml", scratch.path("here/sluice.yaml"));
  Witness witness(scratch.path("here/sluice.yaml"));
  const FileWatch watch(scratch.path("here/sluice.yaml"), [&] { witness.look(); });
  scratch.write("elsewhere/real.yaml", "b");
  EXPECT_EQ(witness.wait_for(1), Seen({"b"}));
}

TEST(FileWatch, sees_a_file_that_was_removed_and_came_back_changed) {
  const test::Scratch scratch;
  const std::string path = scratch.write("sluice.yaml", "a");
  Witness witness(path);
  const FileWatch watch(path, [&] { witness.look(); });
  fs::remove(path);
  scratch.write("sluice.yaml", "b");
  EXPECT_EQ(witness.wait_for(1), Seen({"b"}));
}

TEST(FileWatch, tells_that_the_file_is_gone_however_it_went) {
  const test::Scratch scratch;
  const std::string path = scratch.write("sluice.yaml", "a");
  Witness changes(path);
  Witness losses(path);
  const FileWatch watch(
      path, [&] { changes.look(); }, "a", [&](const std::string&) { losses.look(); });
  fs::remove(path);
  EXPECT_EQ(losses.wait_for(1), Seen({""}));
  scratch.write("sluice.yaml", "b");
  EXPECT_EQ(changes.wait_for(1), Seen({"b"}));
  fs::rename(path, scratch.path("elsewhere.yaml"));
  EXPECT_EQ(losses.wait_for(2), Seen({"", ""}));
}

TEST(FileWatch, does_not_call_for_every_change_of_a_burst) {
  const test::Scratch scratch;
  const std::string path = scratch.write("sluice.yaml", "a");
  Witness witness(path);
  const FileWatch watch(path, [&] { witness.look(); });
  for (int change = 0; change < 100; ++change) scratch.write("sluice.yaml", std::to_string(change));
  scratch.write("sluice.yaml", "last");
  const Seen seen = witness.wait_until("last");
  EXPECT_EQ(seen.back(), "last");
  EXPECT_LT(seen.size(), 50u);
}

TEST(FileWatch, notices_without_an_event_that_the_file_is_no_longer_what_was_read) {
  const test::Scratch scratch;
  const std::string path = scratch.write("sluice.yaml", "b");
  Witness witness(path);
  const FileWatch watch(
      path, [&] { witness.look(); }, "a");
  EXPECT_EQ(witness.wait_for(1), Seen({"b"}));
}

TEST(FileWatch, names_without_a_directory_are_in_the_current_one) {
  const test::Scratch scratch;
  const fs::path before = fs::current_path();
  fs::current_path(scratch.path(""));
  scratch.write("sluice.yaml", "a");
  Witness witness("sluice.yaml");
  {
    const FileWatch watch("sluice.yaml", [&] { witness.look(); });
    scratch.write("sluice.yaml", "b");
    EXPECT_EQ(witness.wait_for(1), Seen({"b"}));
  }
  fs::current_path(before);
}

}  // namespace
}  // namespace sluice::app
