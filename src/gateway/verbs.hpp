#pragma once

#include <memory>

#include <sluice/base/clock.hpp>
#include <sluice/gateway/gateway.hpp>
#include <sluice/gateway/middleware.hpp>

// The verbs of the chain, in the order of make_chain(). One file each; none knows another.
namespace sluice {

class Credentials;
class TokenCallers;
class Traces;

// Counts and logs every request, whatever became of it.
std::unique_ptr<Middleware> observe(const GatewayParts& parts, Traces& traces);
// Turns an Error into bytes, and is the only one to do so.
std::unique_ptr<Middleware> answer(const GatewayParts& parts);
// Finds out who is calling, by key or token. `tokens` is the worker's.
std::unique_ptr<Middleware> authenticate(const GatewayParts& parts, TokenCallers& tokens);
// Sends away what can wait when there is too much to do.
std::unique_ptr<Middleware> shed(const GatewayParts& parts);
// Fetches the body and reads its outline.
std::unique_ptr<Middleware> receive(const GatewayParts& parts);
// Finds the model that answers, if this caller may ask for it. `random` is the worker's.
std::unique_ptr<Middleware> route(const GatewayParts& parts, Random& random);
// Lets a request in as far as limits and budgets reach, and opens its bill.
std::unique_ptr<Middleware> admit(const GatewayParts& parts);
// Asks one target after the other until one answers. `random` is the worker's.
std::unique_ptr<Middleware> fall_back(const GatewayParts& parts, Random& random);

// The ends of chains.
std::unique_ptr<Handler> call_upstream(const GatewayParts& parts, Credentials& credentials);
std::unique_ptr<Handler> list_models(const GatewayParts& parts);
std::unique_ptr<Handler> tell_version(const GatewayParts& parts);
std::unique_ptr<Handler> say_healthy();

}  // namespace sluice
