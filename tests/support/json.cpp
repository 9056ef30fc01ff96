#include "support/json.hpp"

SLUICE_JSON_ONCE()
