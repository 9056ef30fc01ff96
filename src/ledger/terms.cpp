#include <sluice/ledger/terms.hpp>

namespace sluice::ledger {

std::string_view to_string(Level level) {
  switch (level) {
    case Level::organisation:
      return "organisation";
    case Level::team:
      return "team";
    case Level::key:
      return "key";
    case Level::model:
      return "model";
    case Level::tag:
      return "tag";
  }
  return "";
}

std::string_view to_string(Budget::Window window) {
  switch (window) {
    case Budget::Window::hour:
      return "hour";
    case Budget::Window::day:
      return "day";
    case Budget::Window::week:
      return "week";
    case Budget::Window::month:
      return "month";
    case Budget::Window::total:
      return "total";
  }
  return "";
}

std::string Limit::name() const {
  std::string name;
  switch (what) {
    case What::requests:
      name = "r";
      break;
    case What::input_tokens:
      name = "input_t";
      break;
    case What::output_tokens:
      name = "output_t";
      break;
    case What::tokens:
      name = "t";
      break;
  }
  name += 'p';
  name += "smhd"[static_cast<unsigned>(per)];
  return name;
}

}  // namespace sluice::ledger
