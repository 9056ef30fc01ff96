# A room is a static library of src/NAME, seen by others through include/sluice/NAME.
#   sluice_room(NAME LINKS target… SOURCES file… [EMBED data-file…])
# EMBED compiles a data file in as `extern const std::string_view sluice::embedded::NAME_EXT` (dots and dashes: _).
function(sluice_room name)
  cmake_parse_arguments(ROOM "" "" "LINKS;SOURCES;EMBED" ${ARGN})
  list(TRANSFORM ROOM_SOURCES PREPEND ${PROJECT_SOURCE_DIR}/src/${name}/)
  foreach(file IN LISTS ROOM_EMBED)
    get_filename_component(plain ${file} NAME)
    string(REGEX REPLACE "[^A-Za-z0-9]" "_" symbol ${plain})
    set(generated ${PROJECT_BINARY_DIR}/embedded/${symbol}.cpp)
    add_custom_command(OUTPUT ${generated}
      COMMAND ${CMAKE_COMMAND} -DINPUT=${PROJECT_SOURCE_DIR}/${file} -DOUTPUT=${generated} -DSYMBOL=${symbol}
              -P ${PROJECT_SOURCE_DIR}/cmake/embed.cmake
      DEPENDS ${PROJECT_SOURCE_DIR}/${file} ${PROJECT_SOURCE_DIR}/cmake/embed.cmake)
    list(APPEND ROOM_SOURCES ${generated})
  endforeach()
  add_library(sluice_${name} STATIC ${ROOM_SOURCES})
  add_library(sluice::${name} ALIAS sluice_${name})
  target_link_libraries(sluice_${name} PUBLIC ${ROOM_LINKS} PRIVATE sluice_flags)
  target_include_directories(sluice_${name} PUBLIC ${PROJECT_SOURCE_DIR}/include)
  sluice_use_precompiled(sluice_${name} sluice_precompiled)
endfunction()

# A test program over some rooms; its cases appear one by one in CTest.
#   sluice_tests(NAME LINKS target… SOURCES file… [LABELS label…] [SERIAL])
function(sluice_tests name)
  cmake_parse_arguments(TESTS "SERIAL" "" "LINKS;SOURCES;LABELS" ${ARGN})
  add_executable(${name} ${TESTS_SOURCES})
  target_link_libraries(${name} PRIVATE ${TESTS_LINKS} GTest::gtest_main sluice_flags)
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  sluice_use_precompiled(${name} sluice_tests_precompiled)
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS "${TESTS_LABELS}" TIMEOUT 600)
  if(TESTS_SERIAL)
    set_tests_properties(${name} PROPERTIES RUN_SERIAL ON)
  endif()
endfunction()

# A libFuzzer target over the pure rooms; built only with SLUICE_FUZZ.
function(sluice_fuzzer name)
  cmake_parse_arguments(FUZZ "" "" "LINKS;SOURCES" ${ARGN})
  add_executable(${name} ${FUZZ_SOURCES})
  target_link_libraries(${name} PRIVATE ${FUZZ_LINKS} sluice_flags)
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
endfunction()
