"""The daemon under test, which can be killed and begun again, and what its metrics say meanwhile."""

import asyncio
import decimal
import http.client
import random
import re
import socket
import time

import gateway
import wire
import world

SAMPLE = re.compile(r'^(sluice_budget_spent_usd|sluice_reserved_usd)\{scope="(.*?)",id="(.*?)",window="(.*?)"\} (.*)$')


def quiet_ports(count):
    """Free ones that the system gives to nobody by itself: a caller that tries to reach a daemon while it is not there
    could be given its port, and then reach itself."""
    ports = []
    while len(ports) < count:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as one:
            try:
                one.bind(("127.0.0.1", port))
            except OSError:
                continue
        ports.append(port)
    return ports


class Daemon(gateway.Gateway):
    def __init__(self, the_world, provider_port):
        super().__init__("")
        self.port, self.admin_port = quiet_ports(2)
        self.listen, self.admin_listen = f"127.0.0.1:{self.port}", f"127.0.0.1:{self.admin_port}"
        self.database = self.folder / "sluice.db"
        self.write(the_world.configuration(provider_port, self.database))

    def strike(self):
        """SIGKILL."""
        self.process.kill()
        self.process.wait()

    def begin_again(self):
        return self.__enter__()

    def is_quiet(self):
        """Nothing is under way, and everything is written."""
        return self.metric("sluice_requests_in_flight") == 0 and self.metric("sluice_ledger_queue_depth") == 0

    def wait_until_quiet(self):
        wire.eventually(self.is_quiet, "nothing is under way, and nothing waits to be written", 20)

    def money(self):
        """Of each budget, by name of the metric and (scope, id, window), in nano-USD."""
        return money_in(self.metrics())


def money_in(text):
    found = {"sluice_budget_spent_usd": {}, "sluice_reserved_usd": {}}
    for line in text.splitlines():
        if match := SAMPLE.match(line):
            name, *budget, value = match.groups()
            found[name][tuple(budget)] = int((decimal.Decimal(value) * world.USD).to_integral_value())
    return found


class Watch:
    """Looks at the budgets again and again while the daemon lives."""

    INTERVAL = 0.1

    def __init__(self, daemon):
        self.daemon, self.looks, self.fallen = daemon, 0, []
        self.looking = asyncio.Lock()
        self.life, self.first, self.last = 1, {}, {}  # of this life of the daemon

    def it_dies(self):
        self.life, self.first, self.last = self.life + 1, {}, {}

    async def run(self):
        while True:
            try:
                await self.look()
            except (OSError, http.client.HTTPException):
                pass  # it is not there at the moment
            await asyncio.sleep(self.INTERVAL)

    async def look(self):
        async with self.looking:  # what was seen first is noted first
            life = self.life
            money = await asyncio.to_thread(self.daemon.money)
            if life == self.life:
                self.note(money)

    def note(self, money):
        self.looks += 1
        for budget, spent in money["sluice_budget_spent_usd"].items():
            self.first.setdefault(budget, spent)
            before = self.last.get(budget, spent)
            if spent < before:
                self.fallen.append(f"what was spent of {budget} fell from {before} to {spent}")
            self.last[budget] = spent


class Storm:
    """A run's events: callers, the watch, and in the middle a SIGKILL, or some, each with a restart."""

    def __init__(self, the_world, daemon, callers, kills):
        self.daemon, self.callers, self.watch = daemon, callers, Watch(daemon)
        draw = random.Random(f"storm {the_world.seed}")
        self.strikes_after = sorted(the_world.seconds * draw.uniform(0.2, 0.8) for _ in range(kills))
        self.killed_at = []

    async def run(self):
        watching = asyncio.create_task(self.watch.run())
        async with asyncio.TaskGroup() as group:
            group.create_task(self.callers.run())
            group.create_task(self.strike_all(time.monotonic()))
        watching.cancel()
        await asyncio.wait([watching])

    async def strike_all(self, began):
        for after in self.strikes_after:
            await asyncio.sleep(max(0.0, began + after - time.monotonic()))
            self.watch.it_dies()
            self.killed_at.append(time.monotonic())
            self.daemon.strike()
            await asyncio.to_thread(self.daemon.begin_again)
            await self.watch.look()
