"""After the storm: a request for which there is room is let in, and one of one token more is not."""

import collections
import time

import books
import world
from callers import Call, Line

LATEST = 1.0  # seconds after quiescence, within which a key with room is let in
TEXT_BYTES = 40


class Probes:
    def __init__(self, the_world, daemon, callers):
        self.world, self.daemon, self.callers = the_world, daemon, callers
        self.price = the_world.prices[the_world.targets_of(world.PROBE)[0]]
        self.problems, self.figures = [], collections.Counter()
        self.spent = {}  # by level and name

    async def run(self, rows):
        for level in ("key", "team", "organisation"):
            for name, (_, cost) in books.sums(rows, level).items():
                self.spent[level, name] = cost
        for key in self.world.team_of:
            await self.probe(key)

    def room(self, key):
        """The most tokens of an answer that there is money for; below 1: for none."""
        accounts = [account for account in self.world.accounts_of(key) if account.limit() is not None]
        left = min(account.limit() - self.spent.get((account.level, account.name), 0) for account in accounts)
        prompt = self.price.bound(world.prompt_bound(TEXT_BYTES), 0)
        return (left - prompt) * world.MILLION // self.price.rates.output

    async def probe(self, key):
        room = self.room(key)
        refused = await self.ask(key, "more", max(1, room + 1))
        if refused.status != 429:
            self.problems.append(f"{key} has room for {room} tokens, and was let in with one more: {refused}")
        self.note(refused)
        if room < 1:
            return
        self.figures["probes let in"] += 1
        until = time.monotonic() + LATEST
        tries = 1
        while (admitted := await self.ask(key, f"room{tries}", room)).status != 200:
            tries += 1
            if time.monotonic() > until:
                self.problems.append(f"{key} has room for {room} tokens, and was not let in: {admitted}")
                return
        self.note(admitted)

    def note(self, call):
        """What it did cost is spent, by the reply itself. That the reply is right is checked with all others."""
        if not call.cost:
            return
        whole, _, places = call.cost.partition(".")
        cost = int(whole) * world.USD + int(places.ljust(9, "0"))
        for account in self.world.accounts_of(call.key):
            name = account.level, account.name
            self.spent[name] = self.spent.get(name, 0) + cost

    async def ask(self, key, what, most):
        line = Line(self.daemon.port)
        await line.open(time.monotonic() + LATEST)
        call = Call(f"{key}-probe-{what}", key, world.PROBE, False, TEXT_BYTES, most)
        await self.callers.ask(call, line)
        line.close()
        return call
