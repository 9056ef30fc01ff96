#include "support/gateway_under_test.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <sluice/config/load.hpp>
#include <stdexcept>

namespace sluice::test {
namespace {

config::Surroundings surroundings(const Variables& variables) {
  config::Surroundings around;
  around.environment = [variables](const std::string& name) -> std::optional<std::string> {
    if (const auto own = variables.find(name); own != variables.end()) return own->second;
    if (name == "CALLER_KEY") return std::string(caller_key);
    if (name == "OTHER_KEY") return "sk-other-canary-77aa42";
    if (name == "THIRD_KEY") return "sk-third-canary-0c55fe";
    if (name == "PROVIDER_KEY") return std::string(provider_key);
    return std::nullopt;
  };
  around.file = [](const std::string&) -> std::optional<std::string> { return std::nullopt; };
  return around;
}

// The value of one line of the text format if it is that metric with these labels.
std::optional<double> value_of(std::string_view line, std::string_view name, const std::vector<std::string>& labels) {
  if (!line.starts_with(name)) return std::nullopt;
  const std::string_view rest = line.substr(name.size());
  if (rest.empty() || (rest.front() != '{' && rest.front() != ' ')) return std::nullopt;
  const bool all = std::all_of(labels.begin(), labels.end(),
                               [rest](const std::string& label) { return rest.find(label) != std::string_view::npos; });
  if (!all) return std::nullopt;
  return std::strtod(std::string(line.substr(line.rfind(' ') + 1)).c_str(), nullptr);
}

}  // namespace

std::string configuration(const std::vector<std::uint16_t>& ports, const Details& details) {
  std::string out = "server: {listen: \"127.0.0.1:0\", workers: " + std::to_string(details.workers);
  if (!details.server.empty()) out += ", " + details.server;
  out += "}\nadmin: {listen: \"127.0.0.1:0\"}\nproviders:\n";
  std::string targets;
  for (std::size_t i = 0; i < ports.size(); ++i) {
    const std::string name = "p" + std::to_string(i + 1);
    out += "  " + name + ": {kind: openai-compatible, api_key: \"${PROVIDER_KEY}\", base_url: \"" + details.scheme +
           "://" + details.host + ":" + std::to_string(ports[i]) + "/v1\"";
    if (details.host != "127.0.0.1") out += ", allow_private: true";
    if (!details.provider.empty()) out += ", " + details.provider;
    out += "}\n";
    targets += (i == 0 ? "" : ", ") + ("{provider: " + name + ", model: real-model}");
  }
  out += "models:\n  m: {targets: [" + targets + "]";
  if (!details.model.empty()) out += ", " + details.model;
  return out + "}\nkeys:\n  - {name: app, secret: \"${CALLER_KEY}\"}\n" + details.more;
}

void CapturedLog::write(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  const std::lock_guard lock(mutex_);
  text_ += std::to_string(static_cast<int>(level)) + " " + std::string(message);
  for (const LogField& field : fields) text_ += " " + std::string(field.name) + "=" + field.value;
  text_ += "\n";
}

std::string CapturedLog::text() const {
  const std::lock_guard lock(mutex_);
  return text_;
}

config::Config GatewayUnderTest::read(const std::string& yaml, const Variables& variables) {
  config::Loaded loaded = config::load(yaml, surroundings(variables));
  if (!loaded.ok()) {
    std::string all = "the test's configuration is refused:\n" + yaml;
    for (const config::Complaint& complaint : loaded.complaints) all += complaint.text("test.yaml") + "\n";
    throw std::runtime_error(all);
  }
  return std::move(loaded.config);
}

GatewayUnderTest::GatewayUnderTest(const std::string& yaml, const Variables& variables, const std::string& keys) {
  std::signal(SIGPIPE, SIG_IGN);  // as the process around the daemon does
  const config::Config config = read(yaml, variables);
  // In memory, without an end: a pipe nobody reads meanwhile would fill, and lines would be dropped.
  access_file_ = ::memfd_create("access-log", MFD_CLOEXEC);
  if (access_file_ < 0) throw std::runtime_error("no file for the access log");
  auto started = app::Daemon::start(config, {log_, access_file_, keys});
  if (!started) {
    ::close(access_file_);
    throw std::runtime_error("the gateway does not start: " + started.error().message());
  }
  daemon_ = std::move(*started);
}

GatewayUnderTest::~GatewayUnderTest() {
  daemon_.reset();
  ::close(access_file_);
}

void GatewayUnderTest::drain_access_log(int wait_ms) {
  char buffer[64 * 1024];
  ssize_t got = 0;
  const std::size_t before = access_.size();
  // At an offset of its own: the writer's must stay at the end.
  while ((got = ::pread(access_file_, buffer, sizeof buffer, static_cast<off_t>(access_.size()))) > 0) {
    access_.append(buffer, static_cast<std::size_t>(got));
  }
  if (access_.size() == before && wait_ms > 0) ::poll(nullptr, 0, wait_ms);
}

const std::string& GatewayUnderTest::access_text() {
  drain_access_log(0);
  return access_;
}

std::vector<nlohmann::json> GatewayUnderTest::access_lines(std::size_t count) {
  const Moment until = std::chrono::steady_clock::now() + patience;
  const auto lines = [this] { return static_cast<std::size_t>(std::count(access_.begin(), access_.end(), '\n')); };
  drain_access_log(0);
  while (lines() < count && std::chrono::steady_clock::now() < until) drain_access_log(5);
  std::vector<nlohmann::json> all;
  std::size_t begin = 0;
  for (std::size_t end = 0; (end = access_.find('\n', begin)) != std::string::npos; begin = end + 1) {
    all.push_back(nlohmann::json::parse(access_.substr(begin, end - begin)));
  }
  return all;
}

Answer GatewayUnderTest::admin(std::string_view path) const {
  RawClient client(daemon_->admin_port());
  client.send(get(path, "connection: close\r\n"));
  return client.read_answer();
}

std::string GatewayUnderTest::metrics() const { return admin("/metrics").body; }

double GatewayUnderTest::metric(std::string_view name, const std::vector<std::string>& labels) const {
  const std::string text = metrics();
  double sum = 0;
  std::size_t begin = 0;
  for (std::size_t end = 0; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
    sum += value_of(std::string_view(text).substr(begin, end - begin), name, labels).value_or(0);
  }
  return sum;
}

double GatewayUnderTest::await_metric(std::string_view name, double value,
                                      const std::vector<std::string>& labels) const {
  double last = 0;
  const auto equal = [&] {
    last = metric(name, labels);
    return last <= value && last >= value;
  };
  eventually(equal);
  return last;
}

bool eventually(const std::function<bool()>& condition, Patience limit) {
  const Moment until = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > until) return false;
    ::poll(nullptr, 0, 5);
  }
  return true;
}

std::string chat_body(std::string_view model, std::string_view words) {
  return R"({"model":")" + std::string(model) + R"(","messages":[{"role":"user","content":")" + std::string(words) +
         R"("}]})";
}

std::string stream_body(std::string_view model) {
  return R"({"model":")" + std::string(model) + R"(","stream":true,"messages":[{"role":"user","content":"hi"}]})";
}

std::string bearer(std::string_view key) { return "authorization: Bearer " + std::string(key) + "\r\n"; }

std::string chat(std::string_view more_fields) {
  return post("/v1/chat/completions", chat_body(), bearer() + std::string(more_fields));
}

std::string chat_stream(std::string_view more_fields) {
  return post("/v1/chat/completions", stream_body(), bearer() + std::string(more_fields));
}

std::string error_shape_trouble(std::string_view body) {
  const nlohmann::json json = nlohmann::json::parse(body, nullptr, false);
  if (!json.is_object() || json.size() != 1 || !json.contains("error")) return "not an object with `error` alone";
  const nlohmann::json& error = json["error"];
  if (!error.is_object() || error.size() != 4) return "`error` does not have four members";
  for (const char* const name : {"message", "type"}) {
    if (!error.contains(name) || !error[name].is_string() || error[name].get<std::string>().empty()) {
      return std::string("`") + name + "` is no text";
    }
  }
  for (const char* const name : {"param", "code"}) {
    if (!error.contains(name) || !(error[name].is_string() || error[name].is_null())) {
      return std::string("`") + name + "` is neither text nor null";
    }
  }
  return {};
}

std::string error_code(std::string_view body) {
  const nlohmann::json json = nlohmann::json::parse(body, nullptr, false);
  if (!json.is_object() || !json.contains("error") || !json["error"].is_object()) return {};
  const nlohmann::json code = json["error"].value("code", nlohmann::json());
  return code.is_string() ? code.get<std::string>() : std::string();
}

}  // namespace sluice::test
