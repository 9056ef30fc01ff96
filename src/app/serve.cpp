#include "app/serve.hpp"

#include <algorithm>
#include <csignal>
#include <iostream>
#include <memory>
#include <thread>

#include <sys/resource.h>
#include <unistd.h>
#include <sluice/config/load.hpp>
#include <sluice/telemetry/log.hpp>

#include "app/daemon.hpp"
#include "app/exit_codes.hpp"
#include "app/file_watch.hpp"
#include "app/probe.hpp"
#include "app/store_place.hpp"
#include "app/surroundings.hpp"
#include "app/version.hpp"

namespace sluice::app {
namespace {

LogLevel level_of(const std::string& name) {
  if (name == "debug") return LogLevel::debug;
  if (name == "warn") return LogLevel::warn;
  if (name == "error") return LogLevel::error;
  return LogLevel::info;
}

LogFormat format_of(const std::string& name) { return name == "text" ? LogFormat::text : LogFormat::json; }

sigset_t our_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGHUP, SIGTERM, SIGINT, SIGUSR1}) sigaddset(&set, signal);
  return set;
}

// As many descriptors as we may have: each stream takes two.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

// A process that serves until it is told not to.
class Process {
 public:
  explicit Process(const ServeOptions& options) : options_(options), surroundings_(whole_surroundings()) {}

  int run() {
    const Result<Source> source = find_configuration(options_.config, surroundings_);
    if (!source) {
      std::cerr << "sluice: " << source.error().message() << '\n';
      return source.error().fault() == Fault::not_found ? exit_no_input : exit_config;
    }
    source_ = *source;
    if (const int refused = refuse_bad_address()) return refused;
    const config::Loaded loaded = read_as_named(source_);
    if (!loaded.ok()) return tell_problems(loaded);
    listens_at_ = loaded.config.server.listen;
    log_ = make_log(level_of(loaded.config.log.level), format_of(loaded.config.log.format));
    Result<std::unique_ptr<Daemon>> daemon = start(loaded.config);
    if (!daemon) {
      log_->flush();
      std::cerr << "sluice: " << daemon.error().message() << '\n';
      const bool busy = daemon.error().message().starts_with("cannot listen on ");
      if (daemon.error().code().starts_with("store_")) return exit_io;
      return busy ? exit_unavailable : exit_config;
    }
    daemon_ = *std::move(daemon);
    say_hello(loaded);
    tell_token(loaded.config.admin.listen);
    serve_until_told();
    log_->info("stopped");
    log_->flush();
    return 0;
  }

 private:
  // With its store at its place. What several daemons would use who were told of no place, one of them has.
  Result<std::unique_ptr<Daemon>> start(config::Config config) {
    const bool is_usual = config.storage.database.empty();
    const StorePlace place = store_place(config.storage.database, surroundings_);
    if (place.file.empty()) {
      log_->warn("nothing is stored: keys made now, and what is known of usage, end with this process",
                 {{"reason", place.why}});
    }
    config.storage.database = place.file;
    const Daemon::Surface surface{*log_, STDOUT_FILENO, place.keys(), origin_of(source_)};
    Result<std::unique_ptr<Daemon>> daemon = Daemon::start(config, surface);
    if (daemon || !is_usual || daemon.error().code() != "store_busy") return daemon;
    log_->warn("no usage is recorded: another daemon keeps its books at the usual place; say where with `storage`",
               {{"file", place.file}});
    config.storage.database.clear();
    return Daemon::start(config, surface);
  }

  config::Loaded read_as_named(const Source& source) const {
    return read(source, surroundings_, model_server_is_there,
                named_listeners(options_.listen, options_.admin_listen, surroundings_));
  }

  std::string file_name() const { return source_.file.empty() ? "embedded default" : source_.file; }

  int tell_problems(const config::Loaded& loaded) const {
    for (const config::Complaint& complaint : loaded.complaints) std::cerr << complaint.text(file_name()) << '\n';
    std::cerr << "sluice: the configuration cannot be used\n";
    return exit_config;
  }

  // What the flags and the environment say is not checked with the file.
  int refuse_bad_address() const {
    struct Place {
      const char* name;
      std::optional<std::string> address;
    };
    const config::Listeners from_environment = named_listeners(std::nullopt, std::nullopt, surroundings_);
    const Place places[] = {{"--listen", options_.listen},
                            {"--admin-listen", options_.admin_listen},
                            {"SLUICE_LISTEN", from_environment.data_plane},
                            {"SLUICE_ADMIN_LISTEN", from_environment.admin_plane}};
    for (const Place& place : places) {
      if (!place.address || config::is_listen_address(*place.address)) continue;
      std::cerr << "sluice: " << place.name << ": \"" << *place.address
                << "\" is no address; write ADDRESS:PORT, such as 127.0.0.1:8080\n";
      return exit_usage;
    }
    return 0;
  }

  void say_hello(const config::Loaded& loaded) {
    for (const config::Complaint& warning : loaded.complaints) log_->warn(warning.text(file_name()));
    const auto unused = config::unused_keys(surroundings_);
    if (source_.file.empty() && !unused.empty()) {
      std::string names;
      for (const std::string& name : unused) names += (names.empty() ? "" : ", ") + name;
      log_->info("the environment holds keys that are used only where a configuration names them",
                 {{"variables", names}});
    }
    std::string providers;
    for (const config::Provider& provider : loaded.config.providers)
      providers += (providers.empty() ? "" : ", ") + provider.name;
    log_->info("serving", {{"version", std::string(version())},
                           {"configuration", file_name()},
                           {"providers", providers},
                           {"listen", with_port(loaded.config.server.listen, daemon_->port())},
                           {"admin", with_port(loaded.config.admin.listen, daemon_->admin_port())},
                           {"tls", loaded.config.server.tls ? "on" : "off"}});
  }

  // The token that was made for this run, if one was. Not through the log, which is kept and sent elsewhere.
  void tell_token(const std::string& listen) const {
    if (daemon_->made_token().empty()) return;
    log_->flush();  // so that the lines stay apart
    std::string line = "sluice: admin plane at http://" + reachable(with_port(listen, daemon_->admin_port())) +
                       "/ with a token made for this run: ";
    line += daemon_->made_token().reveal();
    std::cerr << line + "\n";
  }

  // A listener's address as it is written in a URL; one for all interfaces is reached over loopback.
  static std::string reachable(const std::string& listen) {
    const Result<ProbeAddress> address = probe_address(listen);
    if (!address) return listen;
    const bool six = address->host.find(':') != std::string::npos;
    return (six ? "[" + address->host + "]" : address->host) + ":" + std::to_string(address->port);
  }

  static std::string with_port(const std::string& listen, std::uint16_t port) {
    return listen.substr(0, listen.rfind(':') + 1) + std::to_string(port);
  }

  void serve_until_told() {
    std::unique_ptr<FileWatch> watch;
    if (!source_.file.empty()) {
      watch = std::make_unique<FileWatch>(
          source_.file, [] { ::kill(::getpid(), SIGHUP); }, source_.text,
          [this](const std::string& why) {
            log_->warn("the configuration file is gone, the configuration in force stays", {{"reason", why}});
          });
    }
    const sigset_t signals = our_signals();
    std::thread waiter;
    for (bool over = false; !over;) {
      int signal = 0;
      if (sigwait(&signals, &signal) != 0) continue;
      if (signal == SIGHUP && !waiter.joinable()) {
        reload();
      } else if ((signal == SIGTERM || signal == SIGINT) && !waiter.joinable()) {
        log_->info("draining");
        daemon_->drain();
        waiter = std::thread([this] {
          daemon_->wait();
          ::kill(::getpid(), SIGUSR1);
        });
      } else if (signal == SIGTERM || signal == SIGINT) {
        log_->warn("stopping at once");
        daemon_->stop();
      } else if (signal == SIGUSR1 && waiter.joinable()) {
        over = true;
      }
    }
    waiter.join();
    watch.reset();
    daemon_.reset();
  }

  void reload() {
    if (source_.file.empty()) {
      log_->info("nothing to reload: there is no configuration file");
      return;
    }
    Result<std::string> text = read_configuration_file(source_.file);
    if (!text) return refuse_reload({source_.file, ""}, text.error().message());
    const Source source{source_.file, *std::move(text)};
    const Origin origin = origin_of(source);
    const config::Loaded loaded = read_as_named(source);
    for (const config::Complaint& complaint : loaded.complaints) {
      log_->write(complaint.warning ? LogLevel::warn : LogLevel::error, complaint.text(source_.file), {});
    }
    if (!loaded.ok()) {
      const auto problems = std::to_string(std::count_if(loaded.complaints.begin(), loaded.complaints.end(),
                                                         [](const auto& told) { return !told.warning; }));
      daemon_->reload_failed(origin, "problems of the file: " + problems);
      log_->error("reload refused, the old configuration stays", {{"problems", problems}});
      return;
    }
    // The listener stays where it is until a restart, wherever the file wants it now.
    config::Config where_it_listens = loaded.config;
    where_it_listens.server.listen = listens_at_;
    if (config::open_to_strangers(where_it_listens)) {
      return refuse_reload(origin, "without keys whoever reaches " + listens_at_ +
                                       " could call; a new listen address takes effect with a restart only");
    }
    const Result<> reloaded = daemon_->reload(loaded.config, origin);
    if (!reloaded) {
      log_->error("reload refused, the old configuration stays", {{"reason", reloaded.error().message()}});
      return;
    }
    log_->configure(level_of(loaded.config.log.level), format_of(loaded.config.log.format));
    log_->info("reloaded", {{"configuration", source_.file}});
  }

  void refuse_reload(const Origin& origin, const std::string& reason) {
    daemon_->reload_failed(origin, reason);
    log_->error("reload refused, the old configuration stays", {{"reason", reason}});
  }

  ServeOptions options_;
  config::Surroundings surroundings_;
  Source source_;
  std::string listens_at_;
  std::unique_ptr<Log> log_;
  std::unique_ptr<Daemon> daemon_;
};

}  // namespace

int serve(const ServeOptions& options) {
  const sigset_t signals = our_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGXFSZ, SIG_IGN);  // a file that must not grow is trouble like a full disk, and no reason to die
  std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes to sockets without MSG_NOSIGNAL
  raise_descriptor_limit();
  return Process(options).run();
}

}  // namespace sluice::app
