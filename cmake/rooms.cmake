# sluice_compile_together(TARGET APART name… FILES file…): with SLUICE_UNITY, up to ten files of a folder are compiled as
# one, so what each keeps to itself has a name of its own in the folder. Files called as APART says are compiled with each
# other instead, whatever folder they are in.
function(sluice_compile_together target)
  if(NOT SLUICE_UNITY)
    return()
  endif()
  cmake_parse_arguments(TOGETHER "" "" "APART;FILES" ${ARGN})
  foreach(file IN LISTS TOGETHER_FILES)
    cmake_path(GET file FILENAME name)
    cmake_path(GET file PARENT_PATH folder)
    cmake_path(GET folder FILENAME group)
    if(name IN_LIST TOGETHER_APART)
      set(group apart)
    endif()
    string(MAKE_C_IDENTIFIER "${group}" group)
    list(APPEND files_of_${group} ${file})
    list(LENGTH files_of_${group} count)
    math(EXPR part "(${count} - 1) / 10")
    set_source_files_properties(${file} PROPERTIES UNITY_GROUP ${group}_${part})
  endforeach()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
endfunction()

# The rooms that fuzz targets call. In a tree with such targets they are optimised, for many inputs a second, and clang
# counts there what an input reaches.
set(sluice_fuzzed_rooms base http credential traffic ledger config chat)

# A room is a static library of src/NAME, seen by others through include/sluice/NAME.
#   sluice_room(NAME LINKS target… SOURCES file… [APART name…] [EMBED data-file…])
# EMBED compiles a data file in as `extern const std::string_view sluice::embedded::NAME_EXT` (dots and dashes: _).
function(sluice_room name)
  cmake_parse_arguments(ROOM "" "" "LINKS;SOURCES;APART;EMBED" ${ARGN})
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
  if(SLUICE_FUZZ AND name IN_LIST sluice_fuzzed_rooms)
    target_compile_options(sluice_${name} PRIVATE -O1 -fsanitize=fuzzer-no-link)
  endif()
  sluice_use_precompiled(sluice_${name} sluice_precompiled)
  sluice_compile_together(sluice_${name} APART ${ROOM_APART} FILES ${ROOM_SOURCES})
endfunction()

# A test program over some rooms; its cases appear one by one in CTest.
#   sluice_tests(NAME LINKS target… SOURCES file… [APART name…] [LABELS label…] [SERIAL])
function(sluice_tests name)
  cmake_parse_arguments(TESTS "SERIAL" "" "LINKS;SOURCES;LABELS;APART" ${ARGN})
  add_executable(${name} ${TESTS_SOURCES})
  target_link_libraries(${name} PRIVATE ${TESTS_LINKS} GTest::gtest_main sluice_flags)
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  sluice_use_precompiled(${name} sluice_tests_precompiled)
  sluice_compile_together(${name} APART ${TESTS_APART} FILES ${TESTS_SOURCES})
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
  target_compile_options(${name} PRIVATE -O1 -fsanitize=fuzzer-no-link)
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
endfunction()
