#include "app/origin.hpp"

#include <sluice/base/digest.hpp>
#include <sluice/base/text.hpp>

namespace sluice::app {

Origin origin_of(const Source& source) {
  return {source.file, source.file.empty() ? std::string() : hex(sha256(source.text))};
}

}  // namespace sluice::app
