#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include <sluice/net/page_server.hpp>

namespace sluice::net {

struct PageLimits {
  std::size_t connections = 64;
  std::uint32_t head_bytes = 16 * 1024;
  std::uint64_t body_bytes = 48 * 1024;
  std::size_t long_pages = 2;  // made at a time
  // From a request's first byte to its answer's last, without the time that a long page takes.
  std::chrono::milliseconds request{10'000};
  std::chrono::milliseconds idle{75'000};    // between requests: longer than a scraper's usual minute
  std::chrono::milliseconds leaving{1'000};  // for the other side to read the last answer
};

// PageServer::start() with other limits than the default ones.
Result<std::unique_ptr<PageServer>> start_page_server(const std::string& address, PageServer::Handler handler,
                                                      PageLimits limits);

}  // namespace sluice::net
