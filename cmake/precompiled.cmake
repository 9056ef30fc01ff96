# Headers that nearly every file reads, read once for all: half of the compiler's time goes into them otherwise. The
# preset asan, which another compiler reads, goes without.
set(SLUICE_PCH OFF CACHE BOOL "Precompile the standard library's headers")

set(sluice_common_headers <algorithm> <array> <chrono> <cstdint> <functional> <map> <memory> <optional> <span> <string>
                          <string_view> <unordered_map> <utility> <variant> <vector>)

# sluice_precompile(OWNER [header…]): makes the headers for targets that share OWNER's flags.
function(sluice_precompile owner)
  target_link_libraries(${owner} PRIVATE sluice_flags)
  target_precompile_headers(${owner} PRIVATE ${sluice_common_headers} ${ARGN})
endfunction()

# sluice_use_precompiled(TARGET OWNER)
function(sluice_use_precompiled target owner)
  if(SLUICE_PCH)
    target_precompile_headers(${target} REUSE_FROM ${owner})
  endif()
endfunction()

if(SLUICE_PCH)
  # Behind precompiled headers GCC 12 no longer takes std::string for the system's, and tells what its optimizer imagines
  # inside (its bug 105329 and kin); in some folders and not in others.
  target_compile_options(sluice_flags INTERFACE
    -Wno-array-bounds -Wno-restrict -Wno-stringop-overflow -Wno-stringop-overread -Wno-error=maybe-uninitialized
    -Wno-error=dangling-pointer -Wno-error=free-nonheap-object -Wno-error=use-after-free -Wno-error=nonnull)
  file(WRITE ${PROJECT_BINARY_DIR}/precompiled/main.cpp "int main() {}\n")
  add_library(sluice_precompiled OBJECT ${PROJECT_BINARY_DIR}/precompiled/main.cpp)
  sluice_precompile(sluice_precompiled)
endif()
