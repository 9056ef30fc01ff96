#pragma once

#include <string>

#include "app/surroundings.hpp"

namespace sluice::app {

// Where a configuration came from, for whoever asks what is in force, and for the audit trail.
struct Origin {
  std::string file;    // as it was named; empty: the embedded default
  std::string digest;  // SHA-256 of the file's text in hexadecimal digits; empty: there is no text

  // How the audit trail calls it.
  std::string name() const { return file.empty() ? "embedded default" : file; }
};
Origin origin_of(const Source& source);

}  // namespace sluice::app
