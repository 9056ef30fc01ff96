#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>

#include "net/resolver.hpp"

namespace sluice::net {

// A name service that says what a test wants, or nothing at all for names it does not know.
class ScriptedNames final : public NameSource {
 public:
  ScriptedNames(LoopParts& loop, std::map<std::string, std::vector<std::string>> answers)
      : loop_(loop), answers_(std::move(answers)) {}

  void look_up(const std::string& name, std::function<void(LookedUp)> done) override {
    ++asked[name];
    const auto answer = answers_.find(name);
    if (answer == answers_.end()) {
      silent_.push_back(std::move(done));
      return;
    }
    LookedUp found;
    found.time_to_live = std::chrono::seconds(10);
    for (const std::string& address : answer->second) found.addresses.push_back(asio::ip::make_address(address));
    asio::post(loop_.context, [done = std::move(done), found = std::move(found)]() mutable { done(std::move(found)); });
  }

  // From now on. No addresses: the name does not exist, or its servers fail.
  void say(const std::string& name, std::vector<std::string> addresses) { answers_[name] = std::move(addresses); }
  // From now on nobody answers for the name.
  void fall_silent(const std::string& name) { answers_.erase(name); }

  std::map<std::string, int> asked;

 private:
  LoopParts& loop_;
  std::map<std::string, std::vector<std::string>> answers_;
  std::vector<std::function<void(LookedUp)>> silent_;
};

}  // namespace sluice::net
