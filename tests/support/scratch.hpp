#pragma once

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

namespace sluice::test {

// A directory of a test's own, gone afterwards with everything in it.
class Scratch {
 public:
  Scratch() {
    std::string pattern = std::filesystem::temp_directory_path() / "sluice-test-XXXXXX";
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no directory for the test");
    root_ = pattern;
  }
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(root_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  std::string path(const std::string& name) const { return root_ / name; }

  std::string write(const std::string& name, std::string_view content) const {
    std::ofstream file(root_ / name, std::ios::binary | std::ios::trunc);
    file << content;
    return root_ / name;
  }

 private:
  std::filesystem::path root_;
};

}  // namespace sluice::test
