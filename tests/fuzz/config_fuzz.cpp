#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include <sluice/config/load.hpp>

// Any bytes are a configuration with complaints, or one without: nothing throws, every complaint stands inside the
// text, and what references lead to is never shown.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice::config;
  const std::string text(reinterpret_cast<const char*>(data), size);
  // No configuration can hold these control characters, so that they are found only where a reference was shown.
  constexpr std::string_view canary =
      "\x01"
      "canary\x01";
  const Surroundings surroundings{[&](const std::string& name) -> std::optional<std::string> {
                                    if (name.size() > 1) return std::nullopt;
                                    return std::string(canary);
                                  },
                                  [&](const std::string& path) -> std::optional<std::string> {
                                    if (path.size() > 2) return std::nullopt;
                                    return std::string(canary);
                                  }};
  const Loaded loaded = load(text, surroundings);
  int last_line = 1;
  for (const Complaint& complaint : loaded.complaints) {
    const std::string told = complaint.text("f");
    if (complaint.line < last_line || complaint.column < 1 || complaint.what.empty()) std::abort();
    if (static_cast<std::size_t>(complaint.column) > size + 1) std::abort();
    if (told.find("canary") != std::string::npos && text.find("canary") == std::string::npos) std::abort();
    if (told.find('\n') != std::string::npos) std::abort();
    last_line = complaint.line;
  }
  parse_url(text);
  return 0;
}
