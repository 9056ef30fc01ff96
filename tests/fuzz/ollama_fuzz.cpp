#include "fuzz/codec_fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sluice::fuzz::check_codec(*sluice::chat::ollama().codec(), data, size);
  return 0;
}
