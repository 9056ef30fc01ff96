#include <sluice/credential/aws_profile.hpp>

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "credential/trouble.hpp"

namespace sluice::credential {
namespace {

using Settings = std::map<std::string, std::string, std::less<>>;

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r";
  const std::size_t first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

// The name between the brackets of a section's first line; of the config file without the word `profile`.
std::optional<std::string_view> profile_of(std::string_view line, bool config_file) {
  const std::size_t end = line.find(']');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view name = trimmed(line.substr(1, end - 1));
  if (!config_file || name == "default") return name;
  constexpr std::string_view word = "profile";
  const bool is_profile =
      name.starts_with(word) && name.size() > word.size() && (name[word.size()] == ' ' || name[word.size()] == '\t');
  return is_profile ? std::optional(trimmed(name.substr(word.size()))) : std::nullopt;
}

// Adds the settings of that profile, over what is there. False: the file has no such section.
bool read_section(std::string_view text, bool config_file, std::string_view wanted, Settings& settings) {
  bool found = false;
  bool inside = false;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view whole = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::string_view line = trimmed(whole);
    if (line.empty() || line.front() == '#' || line.front() == ';') continue;
    if (line.front() == '[') {
      inside = profile_of(line, config_file) == wanted;
      found = found || inside;
      continue;
    }
    // An indented line belongs to the setting before it ("s3 =").
    const std::size_t sign = line.find('=');
    if (!inside || sign == std::string_view::npos || whole.front() == ' ' || whole.front() == '\t') continue;
    settings.insert_or_assign(std::string(trimmed(line.substr(0, sign))), std::string(trimmed(line.substr(sign + 1))));
  }
  return found;
}

}  // namespace

Result<AwsProfile> read_aws_profile(std::string_view credentials_file, std::string_view config_file,
                                    std::string_view name) {
  Settings settings;
  const bool in_config = read_section(config_file, true, name, settings);
  const bool in_credentials = read_section(credentials_file, false, name, settings);
  if (!in_config && !in_credentials) {
    return Error(Fault::not_found, Blame::upstream, "upstream_auth", "there is no such profile");
  }
  const auto take = [&](std::string_view key) {
    const auto found = settings.find(key);
    return found == settings.end() ? std::string() : std::move(found->second);
  };
  AwsProfile profile;
  profile.region = take("region");
  profile.keys.access_key_id = take("aws_access_key_id");
  profile.keys.secret_access_key = Secret(take("aws_secret_access_key"));
  profile.keys.session_token = Secret(take("aws_session_token"));
  for (const char* const way : {"role_arn", "sso_session", "sso_start_url", "credential_process"}) {
    const bool without_keys = std::string_view(way) == "role_arn" || profile.keys.access_key_id.empty();
    if (without_keys && settings.count(way) > 0) {
      return trouble(std::string("the profile gets its keys by ") + way + ", which is not supported");
    }
  }
  if (!is_sendable(profile.keys.access_key_id) || !is_sendable(profile.keys.secret_access_key.reveal())) {
    return trouble("the profile lacks aws_access_key_id or aws_secret_access_key");
  }
  if (!profile.keys.session_token.empty() && !is_sendable(profile.keys.session_token.reveal())) {
    return trouble("the profile's aws_session_token cannot be sent");
  }
  return profile;
}

}  // namespace sluice::credential
