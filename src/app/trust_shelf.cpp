#include "app/trust_shelf.hpp"

#include <fstream>
#include <iterator>
#include <utility>

namespace sluice::app {

Result<std::shared_ptr<const net::Trust>> TrustShelf::get(const std::string& path) {
  std::string content;
  if (!path.empty()) {
    std::ifstream file(path, std::ios::binary);
    content.assign(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  const Digest digest = sha256(content);
  Kept& kept = kept_[path];
  if (kept.trust == nullptr || kept.content != digest) {
    Result<std::shared_ptr<const net::Trust>> loaded = path.empty() ? net::Trust::system() : net::Trust::file(path);
    if (!loaded) return loaded;
    kept = {digest, *std::move(loaded)};
  }
  return kept.trust;
}

}  // namespace sluice::app
