#pragma once

#include <map>
#include <memory>
#include <string>

#include <sluice/base/digest.hpp>
#include <sluice/net/transport.hpp>

namespace sluice::app {

// Certificate authorities by file, read anew only when the file's content changed: upstream connections are shared
// between configurations as long as they trust the very same object. One thread at a time.
class TrustShelf {
 public:
  // An empty path means the system's authorities.
  Result<std::shared_ptr<const net::Trust>> get(const std::string& path);

 private:
  struct Kept {
    Digest content{};
    std::shared_ptr<const net::Trust> trust;
  };
  std::map<std::string, Kept> kept_;
};

}  // namespace sluice::app
