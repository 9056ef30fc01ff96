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

std::vector<Limit> limit_kinds() {
  using What = Limit::What;
  using Per = Limit::Per;
  std::vector<Limit> kinds;
  for (const What what : {What::requests, What::tokens, What::input_tokens, What::output_tokens}) {
    for (const Per per : {Per::second, Per::minute, Per::hour, Per::day}) kinds.push_back({what, per, 0});
  }
  return kinds;
}

}  // namespace sluice::ledger
