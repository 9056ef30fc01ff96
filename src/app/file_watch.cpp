#include "app/file_watch.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>

#include "app/surroundings.hpp"

namespace sluice::app {
namespace {

constexpr int quiet_ms = 100;    // how long nothing must happen before the file is looked at
constexpr int most_rounds = 10;  // of that; then it is looked at although the directory is never quiet
constexpr int fallback_ms = 5'000;
constexpr std::uint32_t events =
    IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF;

std::optional<std::string> content_of(const std::string& path) {
  auto text = read_configuration_file(path);
  if (!text) return std::nullopt;
  return *std::move(text);
}

}  // namespace

LastContent::LastContent(std::optional<std::string_view> content) {
  if (content) digest_ = sha256(*content);
}

News LastContent::look(std::optional<std::string_view> content) {
  if (!content) return std::exchange(lost_, true) ? News::none : News::lost;
  lost_ = false;
  const Digest digest = sha256(*content);
  if (digest_ == digest) return News::none;
  digest_ = digest;
  return News::changed;
}

// The descriptors: events of the directories that matter, and the wish to stop.
class FileWatch::Eyes {
 public:
  explicit Eyes(const std::string& path)
      : path_(path), stop_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)), notify_(inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
    if (stop_ < 0) {
      if (notify_ >= 0) close(notify_);
      throw std::system_error(errno, std::generic_category(), "eventfd");
    }
    aim();
  }
  ~Eyes() {
    if (notify_ >= 0) close(notify_);
    close(stop_);
  }
  Eyes(const Eyes&) = delete;
  Eyes& operator=(const Eyes&) = delete;

  // Watches the directory of the path and, where a symbolic link leads elsewhere, that of the file itself. To be
  // repeated after events: either may have become another. Watching a directory twice is watching it once.
  void aim() {
    namespace fs = std::filesystem;
    std::error_code code;
    const fs::path named = fs::absolute(path_, code);
    const fs::path real = fs::canonical(path_, code);
    aimed_ = watch(named.parent_path());
    if (!code) watch(real.parent_path());
  }

  // Until something happens in a directory. False: stop.
  bool wait() { return poll_for(aimed_ ? -1 : fallback_ms, true); }

  // Until nothing happened for a while, or for too long. False: stop.
  bool settle() {
    bool restless = true;
    for (int round = 0; restless && round < most_rounds; ++round) {
      if (!poll_for(quiet_ms, false)) return false;
      restless = discard_events();
    }
    return true;
  }

  void stop() {
    const std::uint64_t one = 1;
    // Cannot fail: the counter of an eventfd is far from full.
    [[maybe_unused]] const ssize_t written = ::write(stop_, &one, sizeof one);
  }

 private:
  bool poll_for(int milliseconds, bool until_event) const {
    std::array<pollfd, 2> waiting = {pollfd{stop_, POLLIN, 0}, pollfd{notify_, POLLIN, 0}};
    poll(waiting.data(), until_event ? 2 : 1, milliseconds);
    return waiting[0].revents == 0;
  }

  // Which file an event was about does not matter: the content decides. True when there were any.
  bool discard_events() const {
    alignas(inotify_event) std::array<char, 4096> events_read;
    bool any = false;
    while (::read(notify_, events_read.data(), events_read.size()) > 0) any = true;
    return any;
  }

  bool watch(const std::filesystem::path& directory) const {
    return notify_ >= 0 && inotify_add_watch(notify_, directory.c_str(), events | IN_ONLYDIR) >= 0;
  }

  std::string path_;
  int stop_;
  int notify_;  // negative where the system has no more to give
  bool aimed_ = false;
};

FileWatch::FileWatch(std::string path, std::function<void()> changed, std::optional<std::string_view> known,
                     std::function<void(const std::string& why)> lost)
    : path_(std::move(path)),
      changed_(std::move(changed)),
      lost_(std::move(lost)),
      content_(known),
      eyes_(std::make_unique<Eyes>(path_)) {
  // After the watch is set, so that no change falls in between.
  if (!known) content_ = LastContent(content_of(path_));
  thread_ = std::thread([this] { run(); });
}

FileWatch::~FileWatch() {
  eyes_->stop();
  thread_.join();
}

void FileWatch::run() {
  do {
    if (!eyes_->settle()) return;
    eyes_->aim();
    look();
  } while (eyes_->wait());
}

void FileWatch::look() {
  const auto text = read_configuration_file(path_);
  const News news = content_.look(text ? std::optional<std::string_view>(*text) : std::nullopt);
  if (news == News::changed) changed_();
  if (news == News::lost && lost_) lost_(text.error().message());
}

}  // namespace sluice::app
