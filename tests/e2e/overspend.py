#!/usr/bin/python3
"""Proves that nobody can spend more than there is, and that the ledger says what was spent, to the nano-dollar.

    overspend.py --sluice build/release/sluice [--runs N] [--seconds 10] [--seed S]

Needs the binary and nothing else. Each run draws models with prices, keys in two teams and budgets for keys, teams and
the organisation, and lets many callers loose on a daemon at once: a third of them want streams, a tenth goes away
before the end. The provider behind it is scripted and keeps book of every token it makes: it is the oracle. It fails
now and then: with 500, by a reset, in mid-answer. Once, somewhere in the middle, the daemon gets SIGKILL and is begun
again. When all is quiet:

  (a) no key, team or organisation has spent more than its budget, and the oracle has not made more for it, but for
      what it made of answers that broke off before the gateway had them: told as "unseen", and not charged;
  (b) each request's record costs what the oracle says; one that broke off at least what its caller was given and at
      most what was made; one that was under way at the SIGKILL at least what was made and at most what was set aside;
  (c) every request is recorded once;
  (d) nothing is left set aside, and a key with room for a request is let in, but one token more is refused;
  (e) `sluice usage` and sluice_budget_spent_usd say what the records say;
  (f) what was spent never fell while the daemon lived, and after its restart was no less than what was recorded.

It ends with a table, and with 1 when something is not so; the seed it names repeats the draws of that run.
"""

import argparse
import asyncio
import collections
import json
import os
import shutil
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE / "overspend_parts"), str(HERE / "sdk")]

import books  # noqa: E402
import probes  # noqa: E402
import wire  # noqa: E402
from callers import Callers  # noqa: E402
from checks import Checks  # noqa: E402
from daemon import Daemon, Storm  # noqa: E402
from oracle import Oracle  # noqa: E402
from world import World, usd  # noqa: E402

MOST_TOLD = 20  # problems of one run


class Run:
    def __init__(self, seed, options):
        self.seed, self.options = seed, options
        self.world = World(seed, options.keys, options.clients, options.seconds)

    def play(self):
        """Problems and figures."""
        with Oracle(self.seed) as oracle, Daemon(self.world, oracle.port) as daemon:
            callers = Callers(self.world, daemon.port)
            storm = Storm(self.world, daemon, callers, self.options.kills)
            asyncio.run(storm.run())
            daemon.wait_until_quiet()
            probing = probes.Probes(self.world, daemon, callers)
            asyncio.run(probing.run(books.read_rows(daemon.database)))
            daemon.wait_until_quiet()
            checks = Checks(self.world, storm, callers.calls, self.notes(oracle), books.read_rows(daemon.database))
            checks.problems += probing.problems
            checks.figures.update(probing.figures)
            checks.run().check_quiet(daemon.money())
            checks.check_report(daemon.file)
            if checks.problems and self.options.keep:
                shutil.copytree(daemon.folder, Path(self.options.keep) / f"seed-{self.seed}", dirs_exist_ok=True)
        return checks.problems, checks.figures

    @staticmethod
    def notes(oracle):
        return json.loads(wire.ask(oracle.port, "GET", "/notes").body)


def is_money(name):
    return name.startswith(("spent", "overshoot", "oracle's", "unseen", "charged", "made", "ledger minus"))


def shown(name, value):
    """In USD where it is money."""
    if not is_money(name):
        return str(value)
    return f"{'-' if value < 0 else ''}{usd(abs(value))} USD"


def table(figures):
    """The figures of all runs together; of overshoots the largest."""
    names = sorted(figures, key=lambda name: (name != "runs", is_money(name), name))
    return "\n".join(["| | |", "|---|---|", *(f"| {name} | {shown(name, figures[name])} |" for name in names)])


def add(figures, more):
    for name, value in more.items():
        worst = "overshoot" in name
        figures[name] = max(figures.get(name, 0), value) if worst else figures.get(name, 0) + value


def tell(seed, problems, took):
    print(f"seed {seed}: {'all is well' if not problems else f'{len(problems)} problems'} ({took:.1f} s)", flush=True)
    for problem in problems[:MOST_TOLD]:
        print(f"  {problem}", flush=True)


def read_options():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--sluice", default=str(HERE.parents[1] / "build" / "release" / "sluice"), help="the binary")
    options.add_argument("--runs", type=int, default=1)
    options.add_argument("--seconds", type=float, default=10, help="of each run, and some for the checks")
    options.add_argument("--seed", type=int, default=1, help="of the first run; each further one has the next")
    options.add_argument("--keys", type=int, default=4)
    options.add_argument("--clients", type=int, default=64, help="of each key, at the same time")
    options.add_argument("--kills", type=int, default=1, help="how often the daemon gets SIGKILL in each run")
    options.add_argument("--keep", help="a folder for what a failed run leaves")
    return options.parse_args()


def main():
    options = read_options()
    os.environ["SLUICE_BINARY"] = str(Path(options.sluice).resolve())
    figures, failed = collections.Counter(), []
    for seed in range(options.seed, options.seed + options.runs):
        began = time.monotonic()
        problems, found = Run(seed, options).play()
        add(figures, {"runs": 1, **found})
        tell(seed, problems, time.monotonic() - began)
        if problems:
            failed.append(seed)
    print(table(figures))
    if failed:
        print(f"not as it should be: seeds {', '.join(map(str, failed))}; repeat one with --runs 1 --seed {failed[0]}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
