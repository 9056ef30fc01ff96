#pragma once

#include <cstdint>
#include <string>

// The few socket calls the test support shares.
namespace sluice::test {

// A TCP socket bound to that literal address, or -1 when the address does not exist here.
int bound_socket(const std::string& address, std::uint16_t port);
std::uint16_t port_of(int socket);
// A socket that began to connect to that address and does not block.
int connecting_socket(const std::string& address, std::uint16_t port);
void no_delay(int socket);
// The next close() of the socket sends a RST.
void reset_on_close(int socket);
// How many descriptors this process has open.
int open_descriptors();

}  // namespace sluice::test
