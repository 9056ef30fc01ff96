#include "app/surroundings.hpp"

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

#include <sluice/net/pem.hpp>
#include <sluice/net/server.hpp>

#include "app/probe.hpp"

namespace sluice::app {
namespace {

// An environment variable that is set to nothing counts as unset.
std::optional<std::string> variable(const config::Surroundings& surroundings, const char* name) {
  auto value = surroundings.environment(name);
  return value && !value->empty() ? value : std::nullopt;
}

Error unreadable(const std::string& path, const std::string& why) {
  return Error(Fault::not_found, Blame::client, "", "cannot read " + path + ": " + why);
}

// Opens the file, or says why not.
std::optional<std::string> why_not_opened(const std::string& path, std::ifstream& file) {
  std::error_code code;
  if (std::filesystem::is_directory(path, code)) return "it is a directory";
  errno = 0;
  file.open(path, std::ios::binary);
  if (file) return std::nullopt;
  return std::generic_category().message(errno != 0 ? errno : ENOENT);
}

std::optional<config::PemFault> pem_fault(config::Pem purpose, const std::string& path) {
  std::ifstream file;
  if (auto why = why_not_opened(path, file)) return config::PemFault{true, *std::move(why)};
  const auto asked = purpose == config::Pem::certificate ? net::Pem::certificate
                     : purpose == config::Pem::key       ? net::Pem::key
                                                         : net::Pem::authorities;
  const Result<> usable = net::check_pem(asked, path);
  if (!usable) return config::PemFault{false, usable.error().message()};
  return std::nullopt;
}

bool is_pair(const config::TlsFiles& files) {
  return static_cast<bool>(net::Identity::load(files.certificate, files.key));
}

// Anything but "there is no such file" counts: what cannot be looked at must not be passed over.
bool seems_to_exist(const std::string& path) {
  std::error_code code;
  const auto status = std::filesystem::status(path, code);
  return status.type() != std::filesystem::file_type::not_found;
}

}  // namespace

Result<std::string> read_configuration_file(const std::string& path) {
  std::ifstream file;
  if (const auto why = why_not_opened(path, file)) return unreadable(path, *why);
  std::string text(largest_configuration + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) return unreadable(path, "reading failed");
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > largest_configuration) {
    return Error(Fault::too_large, Blame::client, "", path + " is larger than 4 MiB");
  }
  text.shrink_to_fit();
  return text;
}

config::Surroundings whole_surroundings() {
  config::Surroundings surroundings = config::process_surroundings();
  surroundings.pem_fault = pem_fault;
  surroundings.is_pair = is_pair;
  return surroundings;
}

std::vector<std::string> usual_places() { return {"./sluice.yaml", "/etc/sluice/sluice.yaml"}; }

Result<Source> find_configuration(const std::optional<std::string>& flag, const config::Surroundings& surroundings,
                                  const std::vector<std::string>& places) {
  std::optional<std::string> file = flag ? flag : variable(surroundings, "SLUICE_CONFIG");
  for (std::size_t at = 0; !file && at < places.size(); ++at) {
    if (seems_to_exist(places[at])) file = places[at];
  }
  if (!file) return Source{};
  auto text = read_configuration_file(*file);
  if (!text) return std::move(text).error();
  return Source{*std::move(file), *std::move(text)};
}

config::Loaded read(const Source& source, const config::Surroundings& surroundings,
                    const std::function<bool()>& model_server, const config::Listeners& instead) {
  if (source.file.empty()) return config::embedded_default(surroundings, model_server(), instead);
  return config::load(source.text, surroundings, instead);
}

bool model_server_is_there() {
  // The address of config/providers.yaml; the path is that server's own, so that no other is taken for it.
  const ProbeAddress usual{"127.0.0.1", 11434};
  const auto status =
      probe(usual, "/api/version", std::chrono::milliseconds(200), std::chrono::seconds(1), system_clock());
  return status && *status == 200;
}

config::Listeners named_listeners(const std::optional<std::string>& listen,
                                  const std::optional<std::string>& admin_listen,
                                  const config::Surroundings& surroundings) {
  return {listen ? listen : variable(surroundings, "SLUICE_LISTEN"),
          admin_listen ? admin_listen : variable(surroundings, "SLUICE_ADMIN_LISTEN")};
}

}  // namespace sluice::app
