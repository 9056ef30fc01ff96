#include "gateway/simulation.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <set>
#include <vector>

#include "gateway/itinerary.hpp"
#include "gateway/world.hpp"

namespace sluice::test {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view yaml = R"(
providers:
  alpha: {kind: openai-compatible, base_url: "http://192.0.2.1/v1", api_keys: ["${A1}", "${A2}"], residency: eu}
  beta:  {kind: openai-compatible, base_url: "http://192.0.2.2/v1", api_key: "${B}", residency: us}
  gamma: {kind: openai-compatible, base_url: "http://192.0.2.3/v1", api_key: "${C}", residency: eu, breaker: {failures: 3, cooldown: 2s, max: 20s}}
  delta: {kind: openai-compatible, base_url: "http://192.0.2.4/v1", api_key: "${D}", residency: us}
  omega: {kind: openai-compatible, base_url: "http://192.0.2.5/v1", api_key: "${E}", residency: eu}
models:
  first:    {targets: [{provider: alpha, model: a}, {provider: beta, model: b}], fallback: [last]}
  spread:   {strategy: weighted, targets: [{provider: alpha, model: a, weight: 3}, {provider: gamma, model: c}]}
  turns:    {strategy: round_robin, targets: [{provider: beta, model: b}, {provider: delta, model: d}]}
  busy:     {strategy: least_busy, targets: [{provider: gamma, model: c, concurrent: {limit: 8, queue: 20, wait: 5s}}, {provider: delta, model: d2, concurrent: {limit: 4, queue: 10, wait: 3s}}]}
  quick:    {strategy: latency, targets: [{provider: alpha, model: a2}, {provider: beta, model: b2}, {provider: omega, model: e}], retry: {attempts: 2}}
  long:     {targets: [{provider: omega, model: e-long}]}
  last:     {targets: [{provider: omega, model: e}], context_fallback: [long]}
teams:
  bank:  {priority: high}
  batch: {priority: low}
keys:
  - {name: teller, team: bank, secret: "${T}"}
  - {name: report, team: batch, secret: "${R}"}
  - {name: app, secret: "${P}"}
routes:
  - {name: regulated, when: {team: bank, model: [first, spread, quick, last, long]}, require: {residency: eu}}
  - {name: auto, when: {model: auto}, use: spread}
)";

constexpr std::array<std::string_view, 7> model_names{"first", "spread", "turns", "busy", "quick", "last", "auto"};
constexpr std::array<std::string_view, 5> provider_names{"alpha", "beta", "gamma", "delta", "omega"};

enum class Mood : std::uint8_t { well, slow, flaky, failing, down, limiting, refusing };

struct Provider {
  Mood mood = Mood::well;
};

// What an attempt will come to, known only to the simulation.
struct Coming {
  std::optional<Error> error;
  bool breaks_later = false;  // after the caller has seen the beginning
  Duration takes{};
};

class Simulation {
 public:
  explicit Simulation(std::uint64_t seed)
      : seed_(seed), random_({seed, seed ^ 0x5deece66d, 3, 4}), way_random_({seed, 5, 6, 7}), world_(yaml, seed) {}

  SimulationReport run(Duration length) {
    ends_ = now_ + length;
    for (std::size_t i = 0; i < provider_names.size(); ++i) {
      at(now_ + between(1s, 30s), [this, i] { change_mood(i); });
    }
    for (std::size_t client = 0; client < 200; ++client) {
      at(now_ + between(0s, 10s), [this, client] { begin(client); });
    }
    while (!events_.empty() && report_.trouble.empty()) {
      const Event event = events_.top();
      events_.pop();
      now_ = event.at;
      event.happens();
      ++report_.events;
      check();
    }
    if (report_.trouble.empty()) check_end();
    return report_;
  }

 private:
  struct Request {
    std::string body;
    std::unique_ptr<Body> padded;
    Routing routing;
    std::unique_ptr<Itinerary> way;
    std::size_t client = 0;
    bool is_asking = false;
    bool is_over = false;
    Choice asked{};
  };
  struct Event {
    TimePoint at;
    std::uint64_t number;
    std::function<void()> happens;
    bool operator>(const Event& other) const { return at != other.at ? at > other.at : number > other.number; }
  };

  std::uint64_t below(std::uint64_t bound) { return random_.next() % bound; }
  bool chance(std::uint64_t percent) { return below(100) < percent; }
  Duration between(Duration least, Duration most) {
    return least + Duration(static_cast<std::int64_t>(below(static_cast<std::uint64_t>((most - least).count()) + 1)));
  }
  void at(TimePoint when, std::function<void()> happens) { events_.push({when, number_++, std::move(happens)}); }

  void change_mood(std::size_t index) {
    if (now_ >= ends_) {
      providers_[index].mood = Mood::well;
      return;
    }
    constexpr std::array moods{Mood::well,    Mood::well, Mood::well,     Mood::slow,    Mood::flaky,
                               Mood::failing, Mood::down, Mood::limiting, Mood::refusing};
    providers_[index].mood = moods[below(moods.size())];
    at(now_ + between(5s, 120s), [this, index] { change_mood(index); });
  }

  void begin(std::size_t client) {
    if (now_ >= ends_) return;
    auto request = std::make_shared<Request>();
    request->client = client;
    const std::string_view model = model_names[below(model_names.size())];
    request->body = R"({"model":")" + std::string(model) + R"(","messages":[{"role":"user","content":"conversation )" +
                    std::to_string(client) + '.' + std::to_string(below(3)) + R"("}]})";
    request->padded = std::make_unique<Body>(request->body);
    constexpr std::array<std::string_view, 3> keys{"teller", "report", "app"};
    Inquiry::Asked asked = chat_asked(model, request->padded->view(), world_.key(keys[client % keys.size()]));
    asked.random = random_.next();
    request->routing.inquiry.emplace(asked);
    request->routing.decision = decide(*world_.snapshot, *request->routing.inquiry);
    const Model* found = request->routing.decision.model;
    if (found == nullptr) return broken("no model was found");
    Itinerary::Terms terms;
    terms.attempts = found->attempts;
    terms.priority = asked.caller->team != nullptr ? asked.caller->team->priority : traffic::Priority::normal;
    request->way = std::make_unique<Itinerary>(*found, terms, request->routing, world_.traffic->affinity, way_random_);
    ++report_.requests;
    open_.insert(request.get());
    if (chance(5)) at(now_ + between(0s, 20s), [this, request] { leave(request); });
    go(request);
  }

  void go(const std::shared_ptr<Request>& request) {
    const Itinerary::Move move = request->way->next(now_);
    if (move == Itinerary::Move::pause) {
      if (request->way->until() < now_) return broken("a pause ends in the past");
      at(request->way->until(), [this, request] {
        if (!request->is_over) go(request);
      });
    } else if (move == Itinerary::Move::end) {
      const auto verdict = request->way->verdict();
      if (!verdict) return broken("a request ends without a verdict");
      end(*request, report_.failed);
    } else {
      ask(request);
    }
  }

  void ask(const std::shared_ptr<Request>& request) {
    const Choice choice = request->way->choice();
    ++report_.attempts;
    request->is_asking = true;
    request->asked = choice;
    if (request->way->is_repetition()) ++report_.repetitions;
    if (request->way->pass().is_probe()) ++report_.probes;
    check_permission(*request, choice);
    const Coming coming = coming_of(choice);
    at(now_ + coming.takes, [this, request, coming] {
      if (!request->is_over) answered(request, coming);
    });
  }

  // What the rules demand, and what the provider has asked for.
  void check_permission(const Request& request, const Choice& choice) {
    const Inquiry::Asked& asked = request.routing.inquiry->asked();
    const bool is_bank = asked.caller->team != nullptr && asked.caller->team->name == "bank";
    const bool is_regulated = is_bank && asked.model != "turns" && asked.model != "busy" && asked.model != "auto";
    if (is_regulated && choice.target->provider->residency != "eu") broken("a rule forbids this target");
    const auto limited = limited_until_.find(&choice.lane());
    if (limited != limited_until_.end() && now_ < limited->second) broken("a lane is asked that is cooling");
  }

  Coming coming_of(const Choice& choice) {
    const auto index = static_cast<std::size_t>(
        std::find(provider_names.begin(), provider_names.end(), choice.target->provider->name) -
        provider_names.begin());
    Coming coming;
    coming.takes = between(200ms, 3s);
    switch (providers_[index].mood) {
      case Mood::well:
        break;
      case Mood::slow:
        coming.takes = between(5s, 30s);
        if (chance(30)) coming.error = failure(Fault::upstream_timeout, Outcome::timeout);
        break;
      case Mood::flaky:
        if (chance(30)) coming.error = failure(Fault::upstream_failed, Outcome::server_error);
        coming.breaks_later = !coming.error && chance(10);
        break;
      case Mood::failing:
        coming.error = failure(Fault::unavailable, Outcome::server_error);
        coming.takes = 50ms;
        break;
      case Mood::down:
        coming.error = failure(Fault::unavailable, Outcome::connect);
        coming.takes = 1ms;
        break;
      case Mood::limiting:
        if (chance(50)) {
          coming.error = failure(Fault::rate_limited, Outcome::rate_limited)
                             .with_retry_after(std::chrono::milliseconds(1 + below(20'000)));
        }
        break;
      case Mood::refusing:
        if (chance(10)) {
          coming.error = Error(Fault::bad_request, Blame::client, "context_length_exceeded", "Too long.")
                             .with_outcome(Outcome::client_error);
        }
        break;
    }
    return coming;
  }

  static Error failure(Fault fault, Outcome outcome) {
    return Error(fault, Blame::upstream, "upstream_error", "Failed.").with_outcome(outcome).worth_retrying();
  }

  void answered(const std::shared_ptr<Request>& request, const Coming& coming) {
    request->is_asking = false;
    traffic::Pass& pass = request->way->pass();
    if (!coming.error) {
      if (coming.breaks_later) {
        pass.failed(failure(Fault::upstream_failed, Outcome::truncated), now_);
        return end(*request, report_.failed);
      }
      pass.succeeded(coming.takes, now_);
      if (const std::uint64_t conversation = request->routing.inquiry->known_conversation(); conversation != 0) {
        world_.traffic->affinity.remember(conversation, request->asked.lane().id(), now_);
      }
      return end(*request, report_.done);
    }
    pass.failed(*coming.error, now_);
    if (coming.error->retry_after()) {
      TimePoint& until = limited_until_[&request->asked.lane()];
      until = std::max(until, now_ + std::min<Duration>(*coming.error->retry_after(), 60s));
    }
    if (!request->way->go_on(*coming.error)) return end(*request, report_.failed);
    go(request);
  }

  void leave(const std::shared_ptr<Request>& request) {
    if (!request->is_over) end(*request, report_.gone);
  }

  void end(Request& request, std::uint64_t& how) {
    if (request.is_over) return broken("a request ends twice");
    request.is_over = true;
    request.is_asking = false;
    request.way.reset();
    ++how;
    open_.erase(&request);
    const std::size_t client = request.client;
    at(now_ + between(100ms, 20s), [this, client] { begin(client); });
  }

  void check() {
    std::map<const traffic::Lane*, int> probes;
    std::map<const Target*, std::uint32_t> asking;
    for (Request* request : open_) {
      if (!request->is_asking) continue;
      ++asking[request->asked.target];
      if (request->way->pass().is_probe() && ++probes[&request->asked.lane()] > 1) broken("a lane has two probes");
    }
    for (const auto& [target, count] : asking) {
      if (target->concurrency.limit > 0 && count > target->concurrency.limit)
        broken("a deployment has more than it may");
    }
    if (report_.done + report_.failed + report_.gone + open_.size() != report_.requests) {
      broken("requests were lost");
    }
  }

  void check_end() {
    if (!open_.empty()) return broken("requests did not end");
    for (const Model& model : world_->models()) {
      for (const Target& target : model.targets) {
        for (const auto& lane : target.lanes) {
          if (lane->look(now_).in_flight != 0) return broken("something is in flight for ever");
          if (lane->waiting_room().waiting() != 0) return broken("somebody waits for ever");
        }
      }
    }
  }

  void broken(std::string_view what) {
    if (!report_.trouble.empty()) return;
    report_.trouble = "seed " + std::to_string(seed_) + ", event " + std::to_string(report_.events) + ": ";
    report_.trouble += what;
  }

  const std::uint64_t seed_;
  Random random_;
  Random way_random_;
  World world_;
  TimePoint now_{std::chrono::hours(1)};
  TimePoint ends_{};
  std::array<Provider, provider_names.size()> providers_{};
  std::map<const traffic::Lane*, TimePoint> limited_until_;
  std::set<Request*> open_;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
  std::uint64_t number_ = 0;
  SimulationReport report_;
};

}  // namespace

SimulationReport simulate(std::uint64_t seed, Duration length) { return Simulation(seed).run(length); }

}  // namespace sluice::test
