#include "app/usage_command.hpp"

#include <iostream>
#include <memory>
#include <utility>
#include <variant>

#include <CLI/CLI.hpp>
#include <sluice/base/clock.hpp>

#include "app/open_store.hpp"
#include "app/reprice.hpp"
#include "app/surroundings.hpp"

namespace sluice::app {

UsageCommand::UsageCommand(CLI::App& app) : command_(*app.add_subcommand("usage", "Say what was spent")) {
  command_
      .add_option("--by", options_.by, "What to tell apart: team, key, model, provider, route, day, hour, tag.NAME")
      ->delimiter(',')
      ->type_name("DIM,…");
  command_.add_option("--since", options_.since, "From then on: a time, a date, or how long ago (24h, 7d)")
      ->type_name("T");
  command_.add_option("--until", options_.until, "Up to then")->type_name("T");
  command_.add_option("--team", options_.team, "Only what that team used")->type_name("NAME");
  command_.add_option("--format", options_.format, "table, json, csv, or focus for FinOps tools")
      ->check(CLI::IsMember({"table", "json", "csv", "focus"}));
  reprice_ = command_
                 .add_option("--reprice", prices_,
                             "Say too what all of it would cost by today's prices, or by those of another "
                             "configuration")
                 ->type_name("FILE")
                 ->expected(0, 1);
  command_.add_option("--config", config_, "Configuration file")->type_name("FILE");
}

int UsageCommand::run() const {
  const auto surroundings = whole_surroundings();
  const auto file = usage_file(config_, surroundings, std::cerr);
  if (const int* const code = std::get_if<int>(&file)) return *code;
  UsageOptions options = options_;
  if (reprice_->count() > 0) {
    const std::optional<std::string> named = prices_.empty() ? config_ : std::optional(prices_);
    auto config = read_for_command(named, surroundings, std::cerr);
    if (const int* const code = std::get_if<int>(&config)) return *code;
    const auto prices = std::make_shared<PricesOf>(std::get<config::Config>(std::move(config)));
    options.price = [prices](const ledger::AttemptRecord& attempt) { return (*prices)(attempt); };
  }
  return usage(options, std::get<std::string>(file), system_clock().utc(), std::cout, std::cerr);
}

}  // namespace sluice::app
