#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <sluice/chat/dialect.hpp>

namespace sluice::chat {

// What a task is called in words for people: "count tokens".
std::string_view words_for(Task task);

// Whether a request for that task in one dialect can be asked of a provider that speaks the other, and answered.
bool can_translate(const Dialect& caller, const Dialect& provider, Task task);

// As OperationCodec::must_rewrite(), for any task; of conversations those that have been to another dialect
// (Codec::foreign_marks).
bool must_rewrite(const Dialect& dialect, Task task, std::string_view body, bool renamed, const Quirks& quirks);

// A request for anything beside a conversation, decoded: to be written for one provider after the other, whose answer
// becomes the caller's. Belongs to one thread.
class Operation {
 public:
  // An answer as the caller gets it.
  struct Reply {
    std::string body{};
    std::optional<Usage> usage{};  // what the provider counted
  };

  virtual ~Operation() = default;

  // A body that the caller's outline() accepted, for a task of which can_translate() is true. The dialect must outlive
  // the operation. An Error is the caller's.
  static Result<std::unique_ptr<Operation>> read(const Dialect& caller, Task task, std::string_view body,
                                                 std::string_view model);

  // The request for a provider of that dialect, which calls the model so.
  virtual Result<Rendered> write_for(const Dialect& provider, std::string_view model, const Quirks& quirks) = 0;
  // The reply, from what that provider answered. `id` names the answer where the provider did not.
  virtual Result<Reply> reply_from(const Dialect& provider, std::string_view body, std::string_view id) const = 0;
};

}  // namespace sluice::chat
