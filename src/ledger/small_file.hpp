#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <sluice/base/result.hpp>

// Files of a line or two that stand beside a database.
namespace sluice::ledger {

// The whole of it; nothing if there is no such file.
Result<std::optional<std::string>> read_small_file(const std::string& path);

// Replaces the file as a whole, or not at all; on the disk when it returns, with mode 0600.
Result<> write_small_file(const std::string& path, std::string_view text);

// A file that the superuser made is given to whom its folder belongs: the daemon there may be somebody else.
void own_like_folder(const std::string& path);

}  // namespace sluice::ledger
