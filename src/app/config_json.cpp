#include "app/config_json.hpp"

#include <sluice/base/utc_text.hpp>

#include "app/config_sections.hpp"

namespace sluice::app {
namespace {

ConfigJson server_section(const config::Server& server) {
  ConfigJson out;
  out["listen"] = server.listen;
  out["workers"] = server.workers == 0 ? ConfigJson("auto") : ConfigJson(server.workers);
  out["tls"] = server.tls.has_value();
  out["limits"] = {{"body", server.limits.body},
                   {"header", server.limits.header},
                   {"connections", server.limits.connections},
                   {"buffered", server.limits.buffered}};
  out["timeouts"] = {{"header_ms", server.timeouts.header.count()},
                     {"body_ms", server.timeouts.body.count()},
                     {"idle_ms", server.timeouts.idle.count()}};
  out["drain"] = {{"delay_ms", server.drain.delay.count()}, {"grace_ms", server.drain.grace.count()}};
  return out;
}

ConfigJson admin_section(const config::Admin& admin) {
  ConfigJson operators = ConfigJson::array();
  for (const config::Operator& one : admin.operators) {
    operators.push_back({{"name", one.name},
                         {"role", config::to_string(one.role)},
                         {"team", text_or_null(one.team)},
                         {"token", !one.token.empty()}});
  }
  return {{"listen", admin.listen}, {"token", !admin.token.empty()}, {"operators", std::move(operators)}};
}

ConfigJson ledger_section(const config::Storage& storage) {
  const bool refuses = storage.on_full == ledger::Recorder::OnFull::refuse;
  ConfigJson out;
  out["on_full"] = refuses ? "refuse" : "drop-and-count";
  out["retention_days"] = storage.retention_days == 0 ? ConfigJson(nullptr) : ConfigJson(storage.retention_days);
  return out;
}

ConfigJson sections_of(const config::Config& config) {
  const bool stored = !config.storage.database.empty() && config.storage.database != config::in_memory;
  ConfigJson out;
  out["auth"] = config.auth_none ? "none" : "keys";
  out["server"] = server_section(config.server);
  out["admin"] = admin_section(config.admin);
  out["storage"] = stored ? "sqlite://" + config.storage.database : "memory";
  out["ledger"] = ledger_section(config.storage);
  out["providers"] = providers_section(config);
  out["models"] = models_section(config);
  out["routes"] = routes_section(config);
  out["organisation"] = organisation_section(config);
  out["teams"] = teams_section(config);
  out["keys"] = keys_section(config);
  out["jwt"] = jwt_section(config);
  out["tags"] = tags_section(config);
  out["alerts"] = alerts_section(config);
  out["prices"] = prices_section(config);
  out["unknown_price"] = unknown_price_section(config);
  out["log"] = {{"level", config.log.level}, {"format", config.log.format}};
  return out;
}

}  // namespace

std::string config_json(const config::Config& config, const Origin& origin, UtcTime loaded) {
  ConfigJson page;
  page["file"] = text_or_null(origin.file);
  page["sha256"] = text_or_null(origin.digest);
  page["loaded_at"] = utc_text(loaded);
  page["config"] = sections_of(config);
  // Names of models may be any bytes.
  return page.dump(-1, ' ', false, ConfigJson::error_handler_t::replace);
}

}  // namespace sluice::app
