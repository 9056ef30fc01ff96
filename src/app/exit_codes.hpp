#pragma once

// How the program ends, in the numbers of BSD's sysexits.h.
namespace sluice::app {

inline constexpr int exit_usage = 64;          // the command line makes no sense
inline constexpr int exit_data = 65;           // what it was given to read does not
inline constexpr int exit_no_input = 66;       // a file is not there
inline constexpr int exit_unavailable = 69;    // somebody else has what is needed
inline constexpr int exit_software = 70;       // a bug
inline constexpr int exit_cannot_create = 73;  // a file cannot be made
inline constexpr int exit_io = 74;             // a file cannot be read or written
inline constexpr int exit_config = 78;         // the configuration cannot be used

}  // namespace sluice::app
