#pragma once

#include <iosfwd>
#include <string>

#include <sluice/config/load.hpp>

namespace sluice::app {

struct ExplainOptions {
  std::string config;   // the file
  std::string request;  // a file with a JSON body
  std::string key;      // the caller's, by name; empty: nobody's
  std::string path = "/v1/chat/completions";
  std::string format = "text";  // text | json
};

// Says on `out` whom a request would be sent to, with one line for each candidate in the order in which they are asked,
// and why not to others; on `err` what else is to be said. Nobody is asked: all are taken to be well. Returns the
// process's exit code: 0, 65 (the request is none), 66 (no such file) or 78 (the configuration cannot be used).
int explain(const ExplainOptions& options, const config::Surroundings& surroundings, std::ostream& out,
            std::ostream& err);

}  // namespace sluice::app
