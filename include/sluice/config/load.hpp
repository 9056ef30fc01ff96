#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/config/config.hpp>

namespace sluice::config {

// One thing wrong with a configuration: where, what, and what would be right.
struct Complaint {
  int line = 1;          // from 1
  int column = 1;        // from 1; of the key if the key is wrong, else of the value
  std::string path;      // "models.assistant.targets[2].provider"
  std::string what;      // "no provider is called \"antrhopic\""
  std::string remedy;    // "did you mean \"base_url\"?"
  bool warning = false;  // told, but no reason to refuse

  // "FILE:LINE:COL: path: error: what; remedy"; a warning says so in the place of `error`.
  std::string text(std::string_view file) const;
};

// What a PEM file is for.
enum class Pem : std::uint8_t { certificate, key, authorities };

// Why a PEM file cannot be used.
struct PemFault {
  bool unreadable = false;  // else it can be read, and does not hold what it should
  std::string why;          // without the path, which may hold what a reference led to
};

// What values lead to. A shell fills it; tests hand in their own.
struct Surroundings {
  std::function<std::optional<std::string>(const std::string& name)> environment;
  // The content of a file, or nothing when it cannot be read.
  std::function<std::optional<std::string>(const std::string& path)> file;
  // What is wrong with a PEM file; nothing when it can be used. Without this function none is looked at.
  std::function<std::optional<PemFault>(Pem purpose, const std::string& path)> pem_fault = {};
  // Whether a key belongs to a certificate; asked only when nothing is wrong with either alone.
  std::function<bool(const TlsFiles& files)> is_pair = {};
};
// Variables and files of this process; PEM files are not looked at.
Surroundings process_surroundings();

struct Loaded {
  Config config;                      // of use only when there are no errors
  std::vector<Complaint> complaints;  // all of them, in the order of the text
  bool ok() const;                    // nothing but warnings
};

// Listen addresses that stand in the place of a configuration's: what the command line and the environment say.
struct Listeners {
  std::optional<std::string> data_plane;
  std::optional<std::string> admin_plane;
};

// Reads and checks a whole configuration, with `instead` in the place of what it says. Reports everything that is
// wrong, not only the first thing. Never throws on bad input, never echoes a secret. An empty text is an error.
Loaded load(std::string_view text, const Surroundings& surroundings, const Listeners& instead = {});

// The configuration without a file: the demo, and every provider of the catalogue whose key is in the
// environment. `probe_answered` says whether the local server that the catalogue marks with `probe` was found on
// its usual port.
Loaded embedded_default(const Surroundings& surroundings, bool probe_answered, const Listeners& instead = {});

// Whether anybody may call, and from outside of this machine, although nobody wrote "auth: none".
bool open_to_strangers(const Config& config);

// Environment variables that hold keys but are read only where a configuration names them, by name.
std::vector<std::string> unused_keys(const Surroundings& surroundings);

// All kinds of the catalogue, in its order.
std::vector<std::string> known_kinds();

// Whether this is a literal address and a port, as `listen` takes it.
bool is_listen_address(std::string_view text);

// An absolute http or https URL taken apart.
struct Url {
  bool tls = false;
  std::string host;  // without brackets
  std::uint16_t port = 0;
  std::string path;  // "" or "/v1", never with a trailing slash
};
std::optional<Url> parse_url(std::string_view text);

// What a `host` field says of whom a URL leads to: the port only if it is not the scheme's own (RFC 9110 §7.2).
std::string host_of(const Url& url);

// The URL of one page: as parse_url() takes it, and a query may follow.
struct PageUrl {
  Url url;
  std::string target;  // path and query as they are written, "/" where there is neither
};
std::optional<PageUrl> parse_page_url(std::string_view text);

}  // namespace sluice::config
