#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <sluice/base/result.hpp>
#include <sluice/config/load.hpp>

namespace sluice::app {

// A configuration before it is read.
struct Source {
  std::string file;  // as it was named; empty: the embedded default
  std::string text;
};

// The largest configuration that is taken; far above what people write, far below what hurts.
inline constexpr std::size_t largest_configuration = 4u << 20;

// The whole file. Errors say why not: not_found when it cannot be read (exit code 66), too_large above
// largest_configuration (78).
Result<std::string> read_configuration_file(const std::string& path);

// Where `serve` looks when nothing names a file, in this order.
std::vector<std::string> usual_places();

// The configuration to use: the flag's file, else that of $SLUICE_CONFIG, else the first of `places` that exists, else
// the embedded default. A file that was named or exists and cannot be read is an error, never passed over.
Result<Source> find_configuration(const std::optional<std::string>& flag, const config::Surroundings& surroundings,
                                  const std::vector<std::string>& places = usual_places());

// This process's environment and files, PEM files included.
config::Surroundings whole_surroundings();

// Reads and checks, with `instead` in the place of the configuration's listen addresses. `model_server` is asked only
// for the embedded default. An empty file is an error, as in config::load.
config::Loaded read(const Source& source, const config::Surroundings& surroundings,
                    const std::function<bool()>& model_server, const config::Listeners& instead = {});

// Whether the local model server that the catalogue marks with `probe` answers on its usual port. Blocks for at
// most a second; not at all when nobody listens there.
bool model_server_is_there();

// The listen addresses of the command line, else of $SLUICE_LISTEN and $SLUICE_ADMIN_LISTEN.
config::Listeners named_listeners(const std::optional<std::string>& listen,
                                  const std::optional<std::string>& admin_listen,
                                  const config::Surroundings& surroundings);

}  // namespace sluice::app
