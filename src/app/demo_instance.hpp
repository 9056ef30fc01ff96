#pragma once

#include "app/demo_json.hpp"

namespace sluice::app {

// The smallest value a JSON schema asks for: the first of an enumeration, "demo", 1, 1.5, true, one item, the
// required members. Follows local references and the first alternative, honours bounds on numbers, lengths and items.
// Terminates on recursive schemas and ends in null where a schema cannot be followed.
// Does not honour `pattern`, `not`, conditions or dependencies.
Json minimal_instance(const Json& schema);

}  // namespace sluice::app
