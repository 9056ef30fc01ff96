#include "app/audit.hpp"

#include <ostream>

#include "app/exit_codes.hpp"
#include "app/open_store.hpp"

namespace sluice::app {
int verify_audit(const std::optional<std::string>& config_file, const config::Surroundings& surroundings,
                 std::ostream& out, std::ostream& err) {
  auto opened = open_store(config_file, surroundings, err);
  if (const int* code = std::get_if<int>(&opened)) return *code;
  const Result<ledger::AuditVerdict> verdict = std::get<OpenStore>(opened).store->verify();
  if (!verdict) return told(verdict.error(), err);
  if (verdict->whole()) {
    out << "the audit trail is whole: " << verdict->records << " records\n";
    return 0;
  }
  err << "sluice: the audit trail is broken: " << verdict->problem << '\n';
  return exit_data;
}

}  // namespace sluice::app
