#pragma once

#include <optional>
#include <string>

#include <CLI/App.hpp>

#include "app/usage.hpp"

namespace sluice::app {

// `sluice usage` and what follows it.
class UsageCommand {
 public:
  explicit UsageCommand(CLI::App& app);
  bool parsed() const { return command_.parsed(); }
  // An exit code, after it was told on stdout, or on stderr why not.
  int run() const;

 private:
  CLI::App& command_;
  CLI::Option* reprice_ = nullptr;
  UsageOptions options_;
  std::optional<std::string> config_;
  std::string prices_;  // a file; empty: the configuration in force
};

}  // namespace sluice::app
