# Proves that floors_test.cmake bites: it passes on a small sound tree and names each fault planted in it. Run by CTest:
#   cmake -DTEST=<floors_test.cmake> -DSCRATCH=<folder to write into> -P tests/floors_bite_test.cmake
cmake_minimum_required(VERSION 3.25)

set(failures "")

# Writes the sound tree; every arrow in it points down.
function(sound_tree)
  file(REMOVE_RECURSE ${SCRATCH})
  file(WRITE ${SCRATCH}/include/sluice/base/text.hpp "#include <string>\n")
  file(WRITE ${SCRATCH}/include/sluice/http/message.hpp "#include <sluice/base/text.hpp>\n")
  file(WRITE ${SCRATCH}/include/sluice/chat/dialect.hpp "#include <sluice/http/message.hpp>\nclass Dialect {};\n")
  file(WRITE ${SCRATCH}/include/sluice/net/transport.hpp "#include <boost/asio/awaitable.hpp>\n")
  file(WRITE ${SCRATCH}/src/chat/json_walk.hpp "// Shared by dialects.\n")
  file(WRITE ${SCRATCH}/src/chat/openai_chat/dialect.cpp
       "#include \"chat/json_walk.hpp\"\n#include <simdjson.h>\nclass OpenAiChat final : public Dialect {};\n")
  file(WRITE ${SCRATCH}/src/chat/openai_chat/parts.hpp "// Its own.\n")
  file(WRITE ${SCRATCH}/src/chat/messages/dialect.cpp "#include \"chat/messages/parts.hpp\"\n")
  file(WRITE ${SCRATCH}/src/gateway/route.hpp "class Route final : public Middleware {};\n")
  file(WRITE ${SCRATCH}/src/gateway/answer.cpp
       "#include <sluice/net/transport.hpp>\n// All parts together.\nclass Answer : public Middleware {};\n")
  file(WRITE ${SCRATCH}/src/base/digest.cpp "#include <openssl/evp.h>\n")
  file(WRITE ${SCRATCH}/src/app/main.cpp "#include <CLI/CLI.hpp>\n#include <nlohmann/json.hpp>\n")
  file(WRITE ${SCRATCH}/config/providers.yaml
       "kinds:\n  openai: {}\n  demo: {}\n  groq: {base_url: x}\n  open-router:\n    base_url: x\n  together: {}\nother:\n  parts: x\n")
endfunction()

function(run result output)
  execute_process(COMMAND ${CMAKE_COMMAND} -DROOT=${SCRATCH} -P ${TEST}
                  RESULT_VARIABLE code OUTPUT_VARIABLE said ERROR_VARIABLE said)
  # CMake breaks long lines of its messages.
  string(REGEX REPLACE "[ \n]+" " " said "${said}")
  set(${result} ${code} PARENT_SCOPE)
  set(${output} "${said}" PARENT_SCOPE)
endfunction()

# Appends a line to one file of the sound tree and expects exactly this complaint about it.
function(planted file line complaint)
  sound_tree()
  file(APPEND ${SCRATCH}/${file} "${line}\n")
  run(code said)
  string(FIND "${said}" "${file}: ${complaint}" at)
  if(code EQUAL 0 OR at EQUAL -1)
    list(APPEND failures "${line} in ${file}: expected '${complaint}', got '${said}'")
    set(failures "${failures}" PARENT_SCOPE)
  endif()
endfunction()

sound_tree()
run(code said)
if(NOT code EQUAL 0)
  list(APPEND failures "the sound tree is refused: ${said}")
endif()

planted(src/chat/openai_chat/dialect.cpp "#include <sluice/net/transport.hpp>" "chat may not use net")
planted(include/sluice/base/text.hpp "#include <sluice/http/message.hpp>" "base may not use http")
planted(src/net/client.cpp "#include <sluice/chat/dialect.hpp>" "net may not use chat")
planted(include/sluice/http/message.hpp "#include <sluice/config/config.hpp>" "http may not use config")
planted(src/gateway/route.hpp "#include \"chat/json_walk.hpp\"" "chat/json_walk.hpp is private to chat")
planted(include/sluice/chat/dialect.hpp "#include \"chat/json_walk.hpp\"" "a public header includes the private")
planted(src/chat/openai_chat/dialect.cpp "#include <boost/beast.hpp>" "only net may include boost/beast.hpp")
planted(src/gateway/route.hpp "  #  include <boost/asio.hpp>" "only net may include boost/asio.hpp")
planted(src/gateway/answer.cpp "#include <openssl/ssl.h>" "only base and credential and net may include openssl/ssl.h")
planted(src/app/main.cpp "#include <yaml-cpp/yaml.h>" "only config may include yaml-cpp/yaml.h")
planted(src/gateway/answer.cpp "#include <prometheus/counter.h>" "only telemetry may include")
planted(src/app/main.cpp "#include <spdlog/spdlog.h>" "only telemetry may include spdlog/spdlog.h")
planted(src/gateway/answer.cpp "#include <simdjson.h>" "only chat may include simdjson.h")
planted(src/chat/openai_chat/dialect.cpp "#include <nlohmann/json.hpp>" "only app and credential may include nlohmann/json.hpp")
planted(src/gateway/answer.cpp "#include <ares.h>" "only net may include ares.h")
planted(src/gateway/answer.cpp "#include <CLI/CLI.hpp>" "only app may include CLI/CLI.hpp")
planted(src/gateway/answer.cpp "#include \"gateway/route.hpp\"" "one Middleware never includes another (route)")
planted(src/gateway/answer.cpp "#include \"route.hpp\"" "one Middleware never includes another (route)")
planted(src/chat/messages/dialect.cpp "#include \"chat/openai_chat/parts.hpp\"" "chat/openai_chat/parts.hpp is private to openai_chat")
planted(src/gateway/route.hpp "if (kind == \"groq\") return;" "names the provider groq")
planted(src/gateway/route.hpp "// As OpenRouter wants it." "names the provider open-router")
planted(src/gateway/route.hpp "const char* name = \"together\";" "names the provider together")
planted(src/cellar/wine.cpp "" "cellar is no room")

file(REMOVE_RECURSE ${SCRATCH})
if(failures)
  list(JOIN failures "\n  " text)
  message(FATAL_ERROR "the floors test does not bite:\n  ${text}")
endif()
