#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>
#include <sluice/config/load.hpp>

#include <filesystem>
#include <fstream>

namespace sluice::config {
namespace {

// A folder of its own for each test, gone at its end.
class ProcessSurroundings : public ::testing::Test {
 protected:
  ProcessSurroundings()
      : folder_(std::filesystem::temp_directory_path() / ("sluice-surroundings-" + std::to_string(getpid()))) {
    std::filesystem::create_directories(folder_);
  }
  ~ProcessSurroundings() override { std::filesystem::remove_all(folder_); }

  std::string written(const std::string& content) const {
    const std::string path = folder_ / "file";
    std::ofstream(path, std::ios::binary) << content;
    return path;
  }

  const std::filesystem::path folder_;
  const Surroundings surroundings_ = process_surroundings();
};

TEST_F(ProcessSurroundings, lead_to_variables) {
  setenv("SLUICE_TEST_VARIABLE", "x", 1);
  EXPECT_EQ(surroundings_.environment("SLUICE_TEST_VARIABLE"), "x");
  unsetenv("SLUICE_TEST_VARIABLE");
  EXPECT_EQ(surroundings_.environment("SLUICE_TEST_VARIABLE"), std::nullopt);
}

TEST_F(ProcessSurroundings, lead_to_files_as_they_are) {
  const std::string content("a\0b\r\n", 5);
  EXPECT_EQ(surroundings_.file(written(content)), content);
  EXPECT_EQ(surroundings_.file(written("")), "");
}

TEST_F(ProcessSurroundings, refuse_what_is_no_file_or_too_long_for_a_credential) {
  EXPECT_EQ(surroundings_.file(folder_ / "none"), std::nullopt);
  EXPECT_EQ(surroundings_.file(folder_), std::nullopt);
  EXPECT_EQ(surroundings_.file("/dev/zero"), std::nullopt);
  EXPECT_EQ(surroundings_.file(written(std::string(64u << 10, 'x')))->size(), 64u << 10);
  EXPECT_EQ(surroundings_.file(written(std::string((64u << 10) + 1, 'x'))), std::nullopt);
}

}  // namespace
}  // namespace sluice::config
