#include "config/peer.hpp"

#include <utility>

#include "config/units.hpp"

namespace sluice::config {
namespace {

bool is_this_machine(const std::string& host) {
  const auto endpoint = parse_endpoint(host.find(':') == std::string::npos ? host + ":1" : "[" + host + "]:1");
  return endpoint && endpoint->loopback;
}

}  // namespace

void read_peer(const Value& url, const Section& section, std::string_view danger, Peer& peer) {
  read_flag(section["allow_private"], peer.allow_private);
  const Value tls = section["tls"];
  const Section authorities(tls, {"ca"});
  read_pem(authorities["ca"], Pem::authorities, peer.ca_file);
  auto text = url.text();
  if (!text) return;
  const auto page = parse_page_url(*text);
  if (!page)
    return url.wrong("no absolute http or https URL", "write https://HOST[:PORT]/PATH, without user or fragment");
  const bool is_here = is_this_machine(page->url.host);
  if (!page->url.tls && !is_here && !peer.allow_private)
    return url.wrong("over plain HTTP " + std::string(danger), "write an https URL");
  if (!page->url.tls && !peer.ca_file.empty())
    tls.doubtful("tls has no effect on an http URL", "write an https URL, or remove it");
  if (is_here) peer.allow_private = true;
  peer.url = *std::move(text);
}

}  // namespace sluice::config
