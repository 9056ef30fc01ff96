// What scripts send: whole responses and their parts.
#include <cstdio>

#include "support/scripted_upstream.hpp"

namespace sluice::test {

std::string response(int status, std::string_view body, std::string_view more_fields) {
  std::string out = "HTTP/1.1 " + std::to_string(status) + " Status\r\n";
  if (more_fields.find("content-type") == std::string_view::npos) out += "content-type: application/json\r\n";
  out += more_fields;
  out += "content-length: " + std::to_string(body.size()) + "\r\n\r\n";
  out += body;
  return out;
}

std::string completion_json(std::string_view words) {
  std::string out =
      R"({"id":"chatcmpl-1","object":"chat.completion","created":1700000000,"model":"real-model","choices":[)";
  out += R"({"index":0,"message":{"role":"assistant","content":")";
  out += words;
  out += R"("},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":5,"total_tokens":8}})";
  return out;
}

std::string completion(std::string_view words) { return response(200, completion_json(words)); }

std::string stream_head(std::string_view more_fields) {
  std::string out = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n";
  out += more_fields;
  return out + "\r\n";
}

std::string chunk(std::string_view bytes) {
  char size[24];
  std::snprintf(size, sizeof size, "%zx\r\n", bytes.size());
  return size + std::string(bytes) + "\r\n";
}

std::string delta_event(std::string_view words) {
  std::string out =
      R"(data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1700000000,"model":"real-model",)";
  out += R"("choices":[{"index":0,"delta":{"content":")";
  out += words;
  return out + "\"},\"finish_reason\":null}]}\n\n";
}

std::string streamed(const std::vector<std::string>& events) {
  std::string out = stream_head();
  for (const std::string& event : events) out += chunk(event);
  out += chunk(done_event);
  out += last_chunk;
  return out;
}

Script always(std::string response) {
  Script script;
  script.read_request().send(std::move(response)).again();
  return script;
}

}  // namespace sluice::test
