"""What every scripted provider plays, whatever its dialect: the words, and what a conversation must look like.

A dialect's module reads a request into `Asked`, refusing what a real provider would refuse; `reply` decides what is
said, and the module writes that down in its dialect. Everything is deterministic.
"""

import dataclasses
import json

KEY = "key-of-the-scripted-provider"

# Awkward on purpose: multi-byte characters, a pair of surrogates when escaped, quotes, a newline, a backslash.
PIECES = ["Bon", "jour, ", "w\u00f6rld ", "\U0001f30a", '\n"quoted" ', "back\\slash, ", "the end."]
TEXT = "".join(PIECES)
BEFORE_CALLS = "Let me look."
CALLS = [("weather", '{"city":"Z\u00fcrich","days":2}'), ("clock", '{"zone":"Europe/Zurich"}')]
STRUCTURED = '{"city":"Z\u00fcrich","days":2,"tags":["a","b"]}'
DRAFT = {"city": "Z\u00fcrich", "days": 2, "tags": ["a", "b"]}

# Cached tokens are part of the prompt here; dialects that count them apart subtract them.
PROMPT, CACHED, COMPLETION = 21, 5, 9
CREATED = 1_760_000_000

# Failures by the name of the model that has them; a stream breaks after its first half.
FAILURES = ["credential", "rate", "too-long", "refused"]
BREAKS = ["cut", "failing"]


class Refusal(Exception):
    """The request is not what this dialect's provider takes."""


def demand(condition, complaint):
    if not condition:
        raise Refusal(complaint)


def demand_members(value, allowed, where):
    """An object with no other members than these."""
    demand(isinstance(value, dict), f"{where} is not an object: {value!r}")
    demand(set(value) <= set(allowed), f"{where} has unknown members: {sorted(set(value) - set(allowed))}")


@dataclasses.dataclass
class Call:
    id: str | None
    name: str
    arguments: object
    proof: str | None = None


@dataclasses.dataclass
class Result:
    id: str | None
    text: str
    name: str | None = None


@dataclasses.dataclass
class Turn:
    who: str  # user | assistant | results
    text: str = ""
    calls: list = dataclasses.field(default_factory=list)
    results: list = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Asked:
    """A request that was in order."""

    model: str
    stream: bool
    turns: list
    system: str = ""
    tools: dict = dataclasses.field(default_factory=dict)  # name -> the schema in its writer's characters
    schema: str | None = None  # the answer's, likewise
    limit: int | None = None
    include_usage: bool = True  # whether a stream tells the token counts


@dataclasses.dataclass
class Say:
    """An answer: text in pieces, then calls as (name, arguments)."""

    pieces: list
    calls: list = dataclasses.field(default_factory=list)

    @property
    def text(self):
        return "".join(self.pieces)


def demand_turns(turns, alternate):
    """Every call is one of the script's, answered right after its turn, once."""
    demand(turns and turns[0].who == "user", "the conversation does not begin with the user")
    waiting, before = [], None
    for turn in turns:
        demand(not waiting or turn.who == "results", "a turn between calls and their results")
        demand(not alternate or turn.who == "assistant" or before != "user", "two turns of the user in a row")
        demand(not alternate or turn.who != "assistant" or before != "assistant", "two turns of the assistant in a row")
        if turn.who == "results":
            demand(waiting, "results without calls")
            _demand_answers(turn.results, waiting)
            waiting = []
        waiting = _demand_calls(turn.calls) or waiting
        before = turn.who if turn.who == "assistant" else "user"
    demand(not waiting, "calls without results")
    demand(before == "user", "the conversation ends with the assistant")


def _demand_calls(calls):
    for call in calls:
        scripted = dict(CALLS).get(call.name)
        demand(scripted, f"a call nobody made: {call.name}")
        demand(call.arguments == json.loads(scripted), f"other arguments of {call.name}: {call.arguments!r}")
        demand(call.id is None or call.id, f"an empty id of {call.name}")
    demand(len({call.id or call.name for call in calls}) == len(calls), "one id for two calls")
    demand(len(calls) in (0, len(CALLS)), f"{len(calls)} calls")
    return list(calls)


def _demand_answers(results, calls):
    """By id, or in order where the dialect has none."""
    demand(len(results) == len(calls), f"{len(results)} results of {len(calls)} calls")
    for result, call in zip(results, calls):
        if result.id is None:
            demand(result.name == call.name, f"the result of {result.name} where {call.name} is due")
    named = [result.id for result in results if result.id is not None]
    demand(not named or sorted(named) == sorted(call.id for call in calls), f"results of other calls: {named}")
    names = {call.id: call.name for call in calls}
    for result in results:
        result.name = result.name or names[result.id]


def reply(asked):
    """What is said: calls when there are tools and no results yet, JSON when a schema asks for it, else words.

    A tool that is not the script's is one whose arguments shall be the answer.
    """
    last = asked.turns[-1]
    if last.who == "results":
        return Say(["They say: "] + [f"{result.name}: {result.text}. " for result in last.results])
    if set(asked.tools) == set(dict(CALLS)):
        return Say([BEFORE_CALLS], list(CALLS))
    if asked.tools:
        return Say([], [(list(asked.tools)[0], STRUCTURED)])
    if asked.schema is not None:
        return Say([STRUCTURED[at : at + 7] for at in range(0, len(STRUCTURED), 7)])
    return Say(list(PIECES))


def fragments(arguments):
    """The arguments of a call as a stream brings them."""
    return [arguments[at : at + 5] for at in range(0, len(arguments), 5)]


def compact(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def event(value, name=None):
    """A server-sent event."""
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {value if isinstance(value, str) else compact(value)}\n\n".encode()
