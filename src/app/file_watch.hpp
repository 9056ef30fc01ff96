#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include <sluice/base/digest.hpp>

namespace sluice::app {

// What a file held when it was last looked at, to tell changes from touches.
class LastContent {
 public:
  // Nothing: the file could not be read.
  explicit LastContent(std::optional<std::string_view> content);
  // Whether this is other content than last time; remembers it. A file that cannot be read is no news and forgets
  // nothing: while it is being replaced it may be missing for a moment.
  bool is_news(std::optional<std::string_view> content);

 private:
  std::optional<Digest> digest_;
};

// Calls `changed` on a thread of its own, soon after the content of a file became another. Sees files that
// are written in place, replaced (as editors do) or switched by a symbolic link (as Kubernetes does), and
// waits until 100 ms passed without another event. A file that disappears is no change; coming back with
// other content is one.
class FileWatch {
 public:
  // Watching has begun when this returns. `known` is the content in force, when that was read earlier: had the file
  // changed since then, `changed` is called soon. Where the system refuses to watch, looks every five seconds.
  // Throws std::system_error when the process has no descriptor left.
  FileWatch(std::string path, std::function<void()> changed, std::optional<std::string_view> known = std::nullopt);
  // Waits for a call of `changed` that is under way; no call comes after it.
  ~FileWatch();
  FileWatch(const FileWatch&) = delete;
  FileWatch& operator=(const FileWatch&) = delete;

 private:
  class Eyes;

  void run();

  std::string path_;
  std::function<void()> changed_;
  LastContent content_;
  std::unique_ptr<Eyes> eyes_;
  std::thread thread_;
};

}  // namespace sluice::app
