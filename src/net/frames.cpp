#include <array>
#include <cstddef>
#include <new>

#include <sluice/net/async.hpp>

namespace sluice::detail {
namespace {

#if defined(SLUICE_SANITIZE_ADDRESS)
constexpr bool keep_frames = false;
#else
constexpr bool keep_frames = true;
#endif

constexpr std::size_t step = 64;       // sizes are rounded up to this
constexpr std::size_t largest = 4096;  // bigger frames come from the heap
constexpr unsigned kept = 256;         // per size and thread

// Freed frames of one thread, by size. A frame is freed on the thread that took it.
class FrameLists {
 public:
  FrameLists() = default;
  FrameLists(const FrameLists&) = delete;
  FrameLists& operator=(const FrameLists&) = delete;
  ~FrameLists() {
    for (List& list : lists_) {
      while (list.first != nullptr) ::operator delete(pop(list));
    }
  }

  void* take(std::size_t size_class) {
    List& list = lists_[size_class];
    return list.first != nullptr ? pop(list) : ::operator new((size_class + 1) * step);
  }

  void give(void* frame, std::size_t size_class) {
    List& list = lists_[size_class];
    if (list.count == kept) {
      ::operator delete(frame);
      return;
    }
    list.first = new (frame) Link{list.first};
    ++list.count;
  }

 private:
  struct Link {
    Link* next;
  };
  struct List {
    Link* first = nullptr;
    unsigned count = 0;
  };
  static void* pop(List& list) {
    Link* link = list.first;
    list.first = link->next;
    --list.count;
    return link;
  }
  std::array<List, largest / step> lists_{};
};

// A cache, not state: what it holds has no meaning.
FrameLists& frames() {
  thread_local FrameLists lists;
  return lists;
}

}  // namespace

void* take_frame(std::size_t bytes) {
  if (!keep_frames || bytes > largest) return ::operator new(bytes);
  return frames().take((bytes - 1) / step);
}

void give_frame(void* frame, std::size_t bytes) noexcept {
  if (!keep_frames || bytes > largest) {
    ::operator delete(frame);
  } else {
    frames().give(frame, (bytes - 1) / step);
  }
}

}  // namespace sluice::detail
