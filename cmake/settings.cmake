# How everything is compiled.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # Without these ccache keeps nothing that was compiled with precompiled headers.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE})
endif()

set(SLUICE_SANITIZE "" CACHE STRING "Sanitizers, as -fsanitize= takes them")
set(SLUICE_FUZZ OFF CACHE BOOL "Build the libFuzzer targets (clang only)")
set(SLUICE_WERROR "" CACHE STRING "Non-empty: warnings are errors")
set(SLUICE_UNITY OFF CACHE BOOL "Compile the files of a folder together: a third of the work of a clean build")

add_library(sluice_flags INTERFACE)
target_include_directories(sluice_flags INTERFACE ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src)
target_compile_options(sluice_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Wold-style-cast)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(sluice_flags INTERFACE -fcoroutines)
endif()
if(SLUICE_WERROR)
  target_compile_options(sluice_flags INTERFACE -Werror)
endif()

if(SLUICE_UNITY)
  # What one file keeps to itself stands before the next one's locals, and counts as a header's.
  target_compile_options(sluice_flags INTERFACE -Wno-shadow $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
endif()

set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1 -DNDEBUG")
set(CMAKE_CXX_FLAGS_DEBUG "-O1 -g")
if(SLUICE_SANITIZE)
  # Reports need lines; all that a debugger wants costs a quarter of the compiler's time.
  set(CMAKE_CXX_FLAGS_DEBUG "-O1 -g1")
endif()
if(SLUICE_FUZZ)
  # clang takes twice as long to optimise what it instruments; the rooms that are fuzzed ask for it.
  set(CMAKE_CXX_FLAGS_DEBUG "-O0 -g1")
  add_link_options(-fuse-ld=lld)  # a third of the time
endif()
if(SLUICE_SANITIZE)
  add_compile_options(-fsanitize=${SLUICE_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${SLUICE_SANITIZE})
  if(SLUICE_SANITIZE MATCHES "undefined")
    # The first needs the type information of libraries that were built without; the second costs a tenth of the
    # compiler's time, and AddressSanitizer sees what it looks for.
    add_compile_options(-fno-sanitize=vptr,object-size)
  endif()
  if(SLUICE_SANITIZE MATCHES "address")
    add_compile_definitions(SLUICE_SANITIZE_ADDRESS)
    target_compile_definitions(sluice_flags INTERFACE _GLIBCXX_ASSERTIONS)
  endif()
else()
  # The OpenSSF hardening guide's list, as far as GCC 12 knows it.
  target_compile_options(sluice_flags INTERFACE
    -fstack-protector-strong -fstack-clash-protection -fcf-protection -Wformat -Wformat-security)
  target_compile_definitions(sluice_flags INTERFACE _GLIBCXX_ASSERTIONS $<$<CONFIG:Release>:_FORTIFY_SOURCE=3>)
  add_link_options(-Wl,-z,relro,-z,now,-z,noexecstack)
endif()
# Asio is compiled once, in net; the macro must be the same everywhere.
add_compile_definitions(BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED)
