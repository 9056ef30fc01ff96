#pragma once

#include <optional>
#include <string>

#include <sluice/config/config.hpp>

#include "config/reader.hpp"

namespace sluice::config {

// Where AWS's own tools look for credentials, in their order: a bearer key, keys in variables, a profile of the shared
// files, the server beside a container, the machine's metadata.
class AwsSurroundings {
 public:
  // `provider` is the provider's value; its `profile`, if written, is the only place that is looked at.
  AwsSurroundings(const Value& provider, std::string bearer_variable)
      : provider_(provider), bearer_variable_(std::move(bearer_variable)) {}

  // Fills one of the two. False after complaining.
  bool find(Secret& bearer, Credential& credential) const;

 private:
  std::string variable(const std::string& name) const;
  bool take_profile(const std::string& name, bool required, bool& found, Credential& credential) const;
  std::string shared_file(const std::string& variable_name, const std::string& usual) const;
  bool take_container(bool& found, Credential& credential) const;
  bool take_instance(Credential& credential) const;
  bool complain(std::string what, std::string remedy) const;

  const Value& provider_;
  const std::string bearer_variable_;
};

}  // namespace sluice::config
