#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <span>
#include <string_view>

#include <sluice/base/clock.hpp>
#include <sluice/chat/dialect.hpp>
#include <sluice/gateway/snapshot.hpp>
#include <sluice/http/message.hpp>

namespace sluice {

// A request as routing sees it: who asks for what. Borrows everything; used on one thread. What the body is about is
// read when it is first asked for, because most requests can be routed without.
class Inquiry {
 public:
  struct Asked {
    const Key* caller = nullptr;
    std::string_view endpoint{};  // the name under which rules know it ("chat")
    const chat::Dialect& spoken;
    chat::Asked path{};
    std::string_view model{};  // the name asked for
    bool stream = false;
    std::span<const http::Field> fields{};
    std::string_view body{};     // empty where it is no JSON
    std::uint64_t random = 0;    // drawn for this request
    std::uint64_t hash_key = 0;  // of this process
    UtcTime utc{};
  };
  explicit Inquiry(const Asked& asked) : asked_(asked) {}

  const Asked& asked() const { return asked_; }
  const chat::Features& features() const;
  // What the turns of one conversation have in common, and no other caller's conversation has: by x-sluice-session if
  // the caller sent it, else by how it began. 0: not known.
  std::uint64_t conversation() const;
  // The same if it was asked for before; else 0. Needs neither fields nor body any more.
  std::uint64_t known_conversation() const { return conversation_.value_or(0); }
  // The value of a tag of that name (the caller's by proof, else x-sluice-tags, else the body's metadata); nothing if
  // there is none.
  std::optional<std::string_view> tag(std::string_view name) const;
  // All tags, those the caller proved first, then the header's; a name may come twice. Bodies without a word that
  // begins tags are not read for it.
  void each_tag(const std::function<void(std::string_view name, std::string_view value)>& take) const;

 private:
  // Those the caller merely says.
  void each_told_tag(const std::function<void(std::string_view name, std::string_view value)>& take) const;

  Asked asked_;
  mutable std::optional<chat::Features> features_;
  mutable std::optional<std::uint64_t> conversation_;
};

// Of several texts in their order, under a key.
std::uint64_t hash_of(std::initializer_list<std::string_view> texts, std::uint64_t key);
// A caller's name; empty for one that needed no key.
std::string_view name_of(const Key* caller);

}  // namespace sluice
