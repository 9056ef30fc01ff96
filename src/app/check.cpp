#include "app/check.hpp"

#include <ostream>

#include "app/exit_codes.hpp"
#include "app/surroundings.hpp"

namespace sluice::app {
int check(const std::string& file, const config::Surroundings& surroundings, std::ostream& out, std::ostream& err) {
  const auto text = read_configuration_file(file);
  if (!text) {
    err << "sluice: " << text.error().message() << '\n';
    return text.error().fault() == Fault::too_large ? exit_config : exit_no_input;
  }
  const config::Loaded loaded = config::load(*text, surroundings);
  for (const config::Complaint& complaint : loaded.complaints) out << complaint.text(file) << '\n';
  if (!loaded.ok()) return exit_config;
  out << file << ": ok\n";
  return 0;
}

int check(const std::string& file, std::ostream& out, std::ostream& err) {
  return check(file, whole_surroundings(), out, err);
}

}  // namespace sluice::app
