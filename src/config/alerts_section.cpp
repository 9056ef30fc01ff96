#include "config/peer.hpp"
#include "config/sections.hpp"

namespace sluice::config {

void read_alerts(const Value& value, std::optional<Alerts>& alerts) {
  const Section section(value, {"webhook", "secret", "allow_private", "tls"});
  if (!value.written()) return;
  if (value.empty()) return value.wrong("has no value", "write {webhook: URL}");
  if (value.shape() != Shape::mapping) return;
  const Value webhook = section["webhook"];
  if (!webhook.written()) webhook.wrong("is missing", "write webhook: https://HOST/PATH");
  read_peer(webhook, section, "somebody in between could read alerts, and make some up", alerts.emplace().webhook);
  read_secret_text(section["secret"], alerts->secret);
}

}  // namespace sluice::config
