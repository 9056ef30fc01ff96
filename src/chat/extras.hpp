#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/chat/conversation.hpp>

#include "chat/json_tree.hpp"
#include "chat/json_writer.hpp"

// What no word covers, kept for providers of the dialect it came in.
namespace sluice::chat {

// "generationConfig.responseModalities", as it is named to callers.
std::string path_of(const Extra& extra);

// The first name of that path: the top-level member it belongs to, without a list's index.
std::string_view top_of(const Extra& extra);

// Keeps an object's members beside those that are known. What is null is not there.
void keep_rest(json::Value object, std::string_view within, std::initializer_list<std::string_view> known,
               std::vector<Extra>& extras);

// Whether there are any right inside of that object.
bool has_within(const std::vector<Extra>& extras, std::string_view within);

// Writes those right inside of that object, as members.
void write_within(json::Writer& to, const std::vector<Extra>& extras, std::string_view within);

}  // namespace sluice::chat
