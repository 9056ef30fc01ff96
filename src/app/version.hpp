#pragma once

#include <string>
#include <string_view>

namespace sluice::app {

// "0.1.0"
std::string_view version();
// The commit this was built from, shortened; "unknown" when it was built outside a repository.
std::string_view revision();
// What `sluice version` prints: version, revision, compiler and libraries, a line each, with its line end.
std::string version_text();

}  // namespace sluice::app
