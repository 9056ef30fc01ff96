# What `sluice version` says, handed to src/app/version.cpp alone, so that a commit recompiles one file.
# SLUICE_REVISION may be given where there is no repository (image builds).
set(SLUICE_REVISION "" CACHE STRING "The commit this is built from; empty: ask git")

set(revision "${SLUICE_REVISION}")
find_package(Git QUIET)
if(NOT revision AND GIT_FOUND)
  execute_process(COMMAND ${GIT_EXECUTABLE} rev-parse --short=12 HEAD WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
    OUTPUT_VARIABLE revision OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
  if(failed)
    set(revision "")
  endif()
  # Every commit and checkout appends to this file; configuring again then picks the new revision up.
  execute_process(COMMAND ${GIT_EXECUTABLE} rev-parse --git-path logs/HEAD WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
    OUTPUT_VARIABLE moves OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  if(moves)
    get_filename_component(moves "${moves}" ABSOLUTE BASE_DIR ${PROJECT_SOURCE_DIR})
    if(EXISTS "${moves}")
      set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${moves}")
    endif()
  endif()
endif()
if(NOT revision)
  set(revision unknown)
endif()

set(words
  "SLUICE_VERSION=\"${PROJECT_VERSION}\""
  "SLUICE_REVISION=\"${revision}\""
  "SLUICE_COMPILER=\"${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}\""
  "SLUICE_BOOST=\"${Boost_VERSION}\""
  "SLUICE_OPENSSL=\"${OPENSSL_VERSION}\""
  "SLUICE_SIMDJSON=\"${simdjson_VERSION}\""
  "SLUICE_CARES=\"${cares_VERSION}\""
  "SLUICE_YAML_CPP=\"${yaml-cpp_VERSION}\""
  "SLUICE_SPDLOG=\"${spdlog_VERSION}\""
  "SLUICE_FMT=\"${fmt_VERSION}\""
  "SLUICE_NLOHMANN_JSON=\"${nlohmann_json_VERSION}\""
  "SLUICE_CLI11=\"${CLI11_VERSION}\"")
set_property(SOURCE ${PROJECT_SOURCE_DIR}/src/app/version.cpp APPEND PROPERTY COMPILE_DEFINITIONS ${words})
