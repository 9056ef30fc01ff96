#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include <sluice/base/digest.hpp>

namespace sluice::app {

enum class News : std::uint8_t { none, changed, lost };

// What a file held when it was last looked at, to tell changes from touches.
class LastContent {
 public:
  // Nothing: the file could not be read.
  explicit LastContent(std::optional<std::string_view> content);
  // What this content is compared to the last; remembers it. A file that cannot be read (nothing) is lost once and
  // forgets nothing: coming back as it was is no change.
  News look(std::optional<std::string_view> content);

 private:
  std::optional<Digest> digest_;
  bool lost_ = false;
};

// Calls on a thread of its own: `changed`, soon after the content of a file became another. Sees files that
// are written in place, replaced (as editors do) or switched by a symbolic link (as Kubernetes does), and
// waits until 100 ms passed without another event. A file that disappears, or can no longer be read, is no change but
// a loss, told once through `lost` until it can be read again; coming back with other content is a change.
class FileWatch {
 public:
  // Watching has begun when this returns. `known` is the content in force, when that was read earlier: had the file
  // changed since then, `changed` is called soon. Where the system refuses to watch, looks every five seconds.
  // Throws std::system_error when the process has no descriptor left.
  FileWatch(std::string path, std::function<void()> changed, std::optional<std::string_view> known = std::nullopt,
            std::function<void(const std::string& why)> lost = {});
  // Waits for a call that is under way; no call comes after it.
  ~FileWatch();
  FileWatch(const FileWatch&) = delete;
  FileWatch& operator=(const FileWatch&) = delete;

 private:
  class Eyes;

  void run();
  void look();

  std::string path_;
  std::function<void()> changed_;
  std::function<void(const std::string& why)> lost_;
  LastContent content_;
  std::unique_ptr<Eyes> eyes_;
  std::thread thread_;
};

}  // namespace sluice::app
