#include <utility>

#include "config/planned.hpp"
#include "config/sections.hpp"
#include "config/units.hpp"

namespace sluice::config {
namespace {

using std::chrono::milliseconds;

constexpr std::uint64_t mebibyte = 1u << 20;
constexpr std::uint64_t gibibyte = 1u << 30;

void read_workers(const Value& value, unsigned& workers) {
  if (value.raw() == "auto") return;
  std::uint64_t number = workers;
  read_number(value, 1, 1'024, number);
  workers = static_cast<unsigned>(number);
}

void read_tls(const Value& value, std::optional<TlsFiles>& tls) {
  const Section section(value, {"certificate", "key"});
  if (!value.written() || (!value.empty() && value.shape() != Shape::mapping)) return;
  TlsFiles files;
  for (const std::string_view name : {"certificate", "key"}) {
    const Value file = section[name];
    if (!file.written()) file.wrong("is missing", "tls needs both certificate and key; each is the path of a PEM file");
  }
  const bool good_certificate = read_pem(section["certificate"], Pem::certificate, files.certificate);
  const bool good_key = read_pem(section["key"], Pem::key, files.key);
  const auto& is_pair = value.desk().surroundings.is_pair;
  if (good_certificate && good_key && is_pair && !is_pair(files))
    section["key"].wrong("this key does not belong to the certificate", "name the two files of one pair");
  tls = std::move(files);
}

void read_limits(const Value& value, ServerLimits& limits) {
  const Section section(value, {"body", "header", "connections", "buffered"});
  read_size(section["body"], 1, 16 * gibibyte, limits.body);
  read_size(section["header"], 256, 16 * mebibyte, limits.header);
  read_number(section["connections"], 1, 10'000'000, limits.connections);
  read_size(section["buffered"], 1, 1024 * gibibyte, limits.buffered);
}

void read_server_timeouts(const Value& value, ServerTimeouts& timeouts) {
  const Section section(value, {"header", "body", "idle"});
  read_duration(section["header"], milliseconds(1), timeouts.header);
  read_duration(section["body"], milliseconds(1), timeouts.body);
  read_duration(section["idle"], milliseconds(1), timeouts.idle);
}

void read_drain(const Value& value, Drain& drain) {
  const Section section(value, {"delay", "grace"});
  read_duration(section["delay"], milliseconds(0), drain.delay);
  read_duration(section["grace"], milliseconds(0), drain.grace);
}

}  // namespace

void read_listen(const Value& value, std::string& listen) {
  const auto text = value.text();
  if (!text) return;
  const auto endpoint = parse_endpoint(*text);
  if (!endpoint)
    return value.wrong("found " + in_quotes(value.raw()),
                       "write ADDRESS:PORT, like 127.0.0.1:8080, 0.0.0.0:8080 or [::1]:8080");
  listen = write_endpoint(*endpoint);
}

void read_server(const Value& value, Server& server) {
  const Section section(value, {"listen", "workers", "tls", "limits", "timeouts", "drain"});
  read_listen(section["listen"], server.listen);
  read_workers(section["workers"], server.workers);
  read_tls(section["tls"], server.tls);
  read_limits(section["limits"], server.limits);
  read_server_timeouts(section["timeouts"], server.timeouts);
  read_drain(section["drain"], server.drain);
}

void read_log(const Value& value, Logging& log) {
  const Section section(value, {"level", "format"}, planned_keys("log"));
  read_choice(section["level"], {"debug", "info", "warn", "error"}, log.level);
  read_choice(section["format"], {"json", "text"}, log.format);
}

}  // namespace sluice::config
