#include "ledger/small_file.hpp"

#include <array>
#include <cerrno>
#include <filesystem>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ledger/sqlite.hpp"

namespace sluice::ledger {
namespace {

constexpr std::size_t most_of_a_small_file = 4096;

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number() const { return number_; }
  bool open() const { return number_ >= 0; }

 private:
  int number_;
};

std::string folder_of(const std::string& path) {
  const auto folder = std::filesystem::path(path).parent_path();
  return folder.empty() ? "." : folder.string();
}

bool write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

Result<std::optional<std::string>> read_small_file(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.open() && errno == ENOENT) return std::optional<std::string>();
  if (!file.open()) return store_error(errno, path, "cannot be read");
  std::array<char, most_of_a_small_file> buffer;
  const ssize_t got = ::read(file.number(), buffer.data(), buffer.size());
  if (got < 0) return store_error(errno, path, "cannot be read");
  return std::optional<std::string>(std::string(buffer.data(), static_cast<std::size_t>(got)));
}

Result<> write_small_file(const std::string& path, std::string_view text) {
  const std::string beside = path + "." + std::to_string(::getpid());
  {
    const Descriptor file(::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!file.open()) return store_error(errno, beside, "cannot be made");
    if (!write_all(file.number(), text) || ::fsync(file.number()) != 0) {
      const int why = errno;
      ::unlink(beside.c_str());
      return store_error(why, beside, "cannot be written");
    }
  }
  own_like_folder(beside);
  if (::rename(beside.c_str(), path.c_str()) != 0) return store_error(errno, path, "cannot be replaced");
  const Descriptor folder(::open(folder_of(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.open()) ::fsync(folder.number());
  return Ok{};
}

void own_like_folder(const std::string& path) {
  if (::geteuid() != 0) return;
  struct stat folder {};
  if (::stat(folder_of(path).c_str(), &folder) != 0 || folder.st_uid == 0) return;
  // Where it fails, who cannot read it will say so.
  [[maybe_unused]] const int ignored = ::chown(path.c_str(), folder.st_uid, folder.st_gid);
}

}  // namespace sluice::ledger
