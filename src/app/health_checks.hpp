#pragma once

#include <memory>
#include <vector>

#include <sluice/base/clock.hpp>
#include <sluice/gateway/snapshot.hpp>
#include <sluice/telemetry/log.hpp>

#include "app/errands.hpp"

namespace sluice::app {

// Asks providers whose configuration says so every so often whether they are there, whoever calls: one that does not
// answer, or with 500 and above, is found out before a caller's request is, and one that came back is asked again
// without one. All of it happens on the errands' thread.
class HealthChecks {
 public:
  // All outlive it, and the errands are stopped before it ends.
  HealthChecks(Errands& errands, const Clock& clock, Log& log) : errands_(errands), clock_(clock), log_(log) {}

  // From now on this configuration's providers are asked. From any thread.
  void use(std::shared_ptr<const Snapshot> world);

 private:
  // Of one provider.
  struct Check;
  void begin(const std::shared_ptr<const Snapshot>& world);
  void look(const std::shared_ptr<Check>& check);
  void told(const std::shared_ptr<Check>& check, bool probe, const Result<ErrandAnswer>& answer);
  void again(const std::shared_ptr<Check>& check);

  Errands& errands_;
  const Clock& clock_;
  Log& log_;
  std::vector<std::shared_ptr<Check>> checks_;  // of the configuration in force; the errands' thread's
};

}  // namespace sluice::app
