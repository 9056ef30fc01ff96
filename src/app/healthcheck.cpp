#include "app/healthcheck.hpp"

#include <chrono>
#include <ostream>

#include "app/exit_codes.hpp"
#include "app/probe.hpp"

namespace sluice::app {
namespace {

constexpr std::chrono::seconds deadline{2};

}  // namespace

int healthcheck(const std::string& admin_address, std::ostream& err) {
  const auto address = probe_address(admin_address);
  if (!address) {
    err << "sluice: " << address.error().message() << '\n';
    return exit_unavailable;
  }
  const auto status = probe(*address, "/readyz", deadline, deadline, system_clock());
  if (!status) {
    err << "sluice: " << admin_address << ": " << status.error().message() << '\n';
    return exit_unavailable;
  }
  if (*status != 200) {
    err << "sluice: " << admin_address << " is not ready (status " << *status << ")\n";
    return exit_unavailable;
  }
  return 0;
}

}  // namespace sluice::app
