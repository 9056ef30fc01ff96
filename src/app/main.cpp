#include <exception>
#include <iostream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <sluice/base/text.hpp>
#include <sluice/config/load.hpp>

#include "app/audit.hpp"
#include "app/check.hpp"
#include "app/exit_codes.hpp"
#include "app/explain.hpp"
#include "app/healthcheck.hpp"
#include "app/keys.hpp"
#include "app/open_store.hpp"
#include "app/serve.hpp"
#include "app/surroundings.hpp"
#include "app/usage_command.hpp"
#include "app/version.hpp"

namespace {

// Where the running daemon's admin plane listens, found as `serve` finds it.
int ask_health(const sluice::app::ServeOptions& options) {
  const auto surroundings = sluice::config::process_surroundings();
  const auto source = sluice::app::find_configuration(options.config, surroundings);
  if (!source) {
    std::cerr << "sluice: " << source.error().message() << '\n';
    return source.error().fault() == sluice::Fault::not_found ? sluice::app::exit_no_input : sluice::app::exit_config;
  }
  // Whom the data plane lets in is not asked here, so it is thought where it is in nobody's way.
  auto listeners = sluice::app::named_listeners(options.listen, options.admin_listen, surroundings);
  listeners.data_plane = "127.0.0.1:0";
  const auto loaded = sluice::app::read(
      *source, surroundings, [] { return false; }, listeners);
  // A file with mistakes changes nothing about the daemon, which goes on with the one before.
  return sluice::app::healthcheck(loaded.config.admin.listen, std::cerr);
}

// What CLI11 would only call a missing subcommand: a first word that is none. Empty when there is nothing to say.
std::string what_of_unknown_command(const CLI::App& app, int count, char** words) {
  if (count < 2 || words[1][0] == '-') return "";
  const std::string word = words[1];
  std::vector<std::string> known;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (command->get_name() == word) return "";
    known.push_back(command->get_name());
  }
  std::string text = "there is no command \"" + word + "\"";
  if (const auto near = sluice::nearest_name(word.substr(0, 64), known))
    text += "; did you mean \"" + std::string(*near) + "\"?";
  text += "\nthe commands are";
  for (const std::string& name : known) text += (name == known.front() ? " " : ", ") + name;
  return text + "; `sluice --help` says what they do";
}

// `sluice keys` and what follows it.
class KeyCommands {
 public:
  explicit KeyCommands(CLI::App& app)
      : keys_(*app.add_subcommand("keys", "Make, change, list, renew and end keys of callers")) {
    keys_.require_subcommand(1);
    add_create();
    add_change();
    add("list", "List the keys of the store", sluice::app::list_keys);
    CLI::App& rotate = add("rotate", "Give a key a new secret, shown this once", sluice::app::rotate_key);
    add_name(rotate);
    rotate
        .add_option("--overlap", options_.overlap,
                    "How long the old secret stays good, such as 1h; default: not at all")
        ->type_name("DURATION");
    add_name(add("revoke", "End a key for good", sluice::app::revoke_key));
  }

  bool parsed() const { return keys_.parsed(); }
  int run() const {
    const auto surroundings = sluice::app::whole_surroundings();
    for (const auto& [command, does] : commands_)
      if (command->parsed()) return does(options_, surroundings, std::cout, std::cerr);
    return sluice::app::exit_usage;
  }

 private:
  using Does = int (*)(const sluice::app::KeyOptions&, const sluice::config::Surroundings&, std::ostream&,
                       std::ostream&);

  CLI::App& add(const char* name, const char* what, Does does) {
    CLI::App* command = keys_.add_subcommand(name, what);
    command->add_option("--config", options_.config, "Configuration file")->type_name("FILE");
    command->add_option("--format", options_.format, "table or json")->check(CLI::IsMember({"table", "json"}));
    commands_.emplace_back(command, does);
    return *command;
  }

  void add_name(CLI::App& command) {
    command.add_option("key", options_.name, "The key's name or id")->type_name("NAME|ID")->required();
  }

  void add_create() {
    CLI::App& create = add("create", "Make a key; its secret is shown this once", sluice::app::create_key);
    create.add_option("--name", options_.name, "For logs and reports")->type_name("NAME")->required();
    create.add_option("--team", options_.team, "A team of the configuration")->type_name("TEAM");
    create.add_option("--models", options_.models, "Models it may ask for; default: all")->type_name("GLOB,…");
    create.add_option("--endpoints", options_.endpoints, "Endpoints it may use; default: all")->type_name("NAME,…");
    create.add_option("--cidr", options_.cidrs, "Addresses it may be used from; default: any")->type_name("CIDR,…");
    create.add_option("--expires", options_.expires, "When it ends, or after how long; default: never")
        ->type_name("2s|RFC3339");
    add_terms(create);
  }

  void add_change() {
    CLI::App& change = add("change", "Change what a key may do, use and spend", sluice::app::change_key);
    add_name(change);
    change.add_option("--models", options_.models, "Models it may ask for")->type_name("GLOB,…");
    change.add_option("--endpoints", options_.endpoints, "Endpoints it may use, or all")->type_name("NAME,…");
    change.add_option("--cidr", options_.cidrs, "Addresses it may be used from, or any")->type_name("CIDR,…");
    change.add_option("--expires", options_.expires, "When it ends, or never")->type_name("2s|RFC3339");
    add_terms(change);
    CLI::Option* raise = change.add_option("--raise", options_.raise, "So much more of a budget, until then");
    CLI::Option* until = change.add_option("--until", options_.until, "When a raise ends");
    raise->type_name("USD[/WINDOW]")->needs(until);
    until->type_name("2s|RFC3339")->needs(raise);
  }

  void add_terms(CLI::App& command) {
    command.add_option("--limit", options_.limits, "A limit: rpm=600, tpm=200000; none takes it away")
        ->type_name("NAME=AMOUNT")
        ->allow_extra_args(false);
    command.add_option("--concurrent", options_.concurrent, "Requests at a time; none takes it away")->type_name("N");
    command.add_option("--budget", options_.budgets, "A budget: 20/day, 300/month; none/day takes it away")
        ->type_name("USD/WINDOW")
        ->allow_extra_args(false);
    CLI::Option* downgrade = command.add_option("--downgrade", options_.downgrade,
                                                "The model that is asked instead when a budget has nothing left");
    downgrade->type_name("MODEL");
    command.add_option("--on-exhausted", options_.exhausted, "refuse, or team: as its team says, which is the default")
        ->check(CLI::IsMember({"refuse", "team"}))
        ->excludes(downgrade);
  }

  CLI::App& keys_;
  std::vector<std::pair<CLI::App*, Does>> commands_;
  sluice::app::KeyOptions options_;
};

int run(int count, char** words) {
  CLI::App app("Sluice: one gateway to every language model.", "sluice");
  app.require_subcommand(1);
  app.set_version_flag("--version", std::string(sluice::app::version()));
  sluice::app::ServeOptions options;
  std::string file;

  CLI::App* serve = app.add_subcommand(
      "serve", "Serve; without --config: $SLUICE_CONFIG, ./sluice.yaml, /etc/sluice/sluice.yaml, else a demo");
  serve->add_option("--config", options.config, "Configuration file")->type_name("FILE");
  serve->add_option("--listen", options.listen, "Address for applications, instead of the configuration's")
      ->type_name("ADDRESS:PORT");
  serve->add_option("--admin-listen", options.admin_listen, "Address for operators, instead of the configuration's")
      ->type_name("ADDRESS:PORT");
  CLI::App* check = app.add_subcommand("check", "Print everything that is wrong with a configuration");
  check->add_option("file", file, "Configuration file")->type_name("FILE");
  sluice::app::ExplainOptions question;
  CLI::App* explain = app.add_subcommand("explain", "Say whom a request would be sent to, in which order and why");
  explain->add_option("--config", question.config, "Configuration file")->type_name("FILE")->required();
  explain->add_option("--request", question.request, "File with the request's JSON body")
      ->type_name("FILE")
      ->required();
  explain->add_option("--key", question.key, "Name of the caller's key")->type_name("NAME");
  explain->add_option("--path", question.path, "Where the request is sent, instead of /v1/chat/completions");
  explain->add_option("--format", question.format, "text or json")->check(CLI::IsMember({"text", "json"}));
  const sluice::app::UsageCommand usage(app);
  CLI::App* health = app.add_subcommand("healthcheck", "Exit 0 when the running daemon is ready");
  health->add_option("--config", options.config, "Configuration file")->type_name("FILE");
  health->add_option("--admin-listen", options.admin_listen, "Address of the admin plane")->type_name("ADDRESS:PORT");
  const KeyCommands keys(app);
  CLI::App* audit = app.add_subcommand("audit", "Check the trail of who changed what");
  audit->require_subcommand(1);
  CLI::App* verify = audit->add_subcommand("verify", "Exit 0 when the trail is whole");
  verify->add_option("--config", options.config, "Configuration file")->type_name("FILE");
  CLI::App* version = app.add_subcommand("version", "Version, revision, compiler and libraries");

  if (const std::string what = what_of_unknown_command(app, count, words); !what.empty()) {
    std::cerr << "sluice: " << what << '\n';
    return sluice::app::exit_usage;
  }
  try {
    app.parse(count, words);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : sluice::app::exit_usage;
  }
  if (serve->parsed()) return sluice::app::serve(options);
  if (check->parsed() && file.empty()) {
    std::cerr << "sluice: check: name the configuration file to check, as in `sluice check sluice.yaml`\n";
    return sluice::app::exit_usage;
  }
  if (check->parsed()) return sluice::app::check(file, std::cout, std::cerr);
  if (explain->parsed()) {
    return sluice::app::explain(question, sluice::app::whole_surroundings(), std::cout, std::cerr);
  }
  if (usage.parsed()) return usage.run();
  if (health->parsed()) return ask_health(options);
  if (keys.parsed()) return keys.run();
  if (verify->parsed()) {
    return sluice::app::verify_audit(options.config, sluice::app::whole_surroundings(), std::cout, std::cerr);
  }
  if (version->parsed()) std::cout << sluice::app::version_text();
  return 0;
}

}  // namespace

int main(int count, char** words) {
  try {
    return run(count, words);
  } catch (const std::exception& failure) {
    std::cerr << "sluice: " << failure.what() << '\n';
    return sluice::app::exit_software;
  }
}
