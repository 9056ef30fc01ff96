"""What has to be true when a run is over. All amounts are whole nano-USD."""

import collections
import decimal

import books
import world
from world import Counts

LEVELS = ("key", "team", "organisation")
JUST_LEFT = 2.0  # seconds, within which the gateway has noticed, however busy the machine is


def made_cost(price, note):
    """What the provider would ask for what it made."""
    if note["plan"] in ("500", "reset"):
        return 0
    reasoning = min(note["reasoning"], note["produced"])
    return price.cost(Counts(note["prompt"], note["produced"], note["cached"], reasoning))


class Span:
    """From what to what a cost is right."""

    def __init__(self, least, most):
        self.least, self.most = least, most

    def __add__(self, other):
        return Span(self.least + other.least, self.most + other.most)


class Trial:
    """A call with what the provider noted of it and what the daemon wrote down."""

    def __init__(self, the_world, call, notes, rows):
        self.world, self.call, self.notes, self.rows = the_world, call, notes, rows
        self.row = rows[0] if rows else None
        self.estimate = world.prompt_estimate(call.text_bytes)
        self.prompt_bound = world.prompt_bound(call.text_bytes)

    def price(self, note):
        return self.world.prices[note["model"]]

    def made(self):
        return sum(made_cost(self.price(note), note) for note in self.notes)

    def ruled(self, note, tokens):
        """What the gateway takes for an answer of which it saw no usage (charge.cpp)."""
        return self.price(note).cost(Counts(self.estimate, tokens))

    def ended_before(self, note):
        """An attempt that the provider ended before the caller was given anything."""
        if note["plan"] in ("500", "reset"):
            return Span(0, 0)
        if note["stream"]:
            return Span(self.ruled(note, 0), self.ruled(note, note["written"]))
        return Span(self.ruled(note, 0), self.ruled(note, 0))

    def last(self, note):
        """The attempt that decided."""
        if self.call.state in ("left", "lost") or (self.call.state == "cut" and note["plan"] == "whole"):
            return self.not_awaited(note)
        if note["plan"] != "whole":
            failed = self.ended_before(note)
            if note["stream"] and note["plan"] == "cut":
                failed.least = max(failed.least, self.ruled(note, self.call.received))
            return failed
        exactly = made_cost(self.price(note), note)
        return Span(exactly, exactly)

    def not_awaited(self, note):
        """Nobody knows how far the gateway got with it: from what the caller was given to all that was made."""
        least = self.ruled(note, self.call.received) if self.call.status == 200 else 0
        most = self.ruled(note, note["produced"] if note["stream"] else 0)
        if note["told"]:
            told = made_cost(self.price(note), note)
            least, most = min(least, told), max(most, told)
        return Span(least, most)

    def settled(self):
        """What a record may say that was written by a living daemon."""
        sum_ = Span(0, 0)
        for note in self.notes[:-1]:
            sum_ += self.ended_before(note)
        return sum_ + self.last(self.notes[-1]) if self.notes else sum_

    def crashed(self):
        """The same where it died: no less than what was made, no more than what was set aside."""
        prices = [self.world.prices[target] for target in self.world.targets_of(self.call.model)]
        bound = max(price.bound(self.prompt_bound, self.call.most) for price in prices)
        failed = [self.ended_before(note) for note in self.notes if note["plan"] != "whole"]
        # Of two attempts the first has failed. The last one, if it fails, may have been paid for, or still be open.
        under_way = [made_cost(self.price(note), note) for note in self.notes[-1:] if note["plan"] == "whole"]
        return Span(sum(span.least for span in failed) + sum(under_way), sum(span.most for span in failed) + bound)

    def right(self):
        return self.crashed() if self.row.status == 0 else self.settled()

    def unseen(self):
        """What was made and never reached the gateway in a way that it could have counted, and why."""
        if self.row is None:
            return 0, ""
        amount = max(0, self.made() - self.right().least)
        if self.row.status == 0:
            return amount, "open at SIGKILL"
        if self.call.state in ("left", "lost"):
            return amount, "left before its head" if self.call.status == 0 else "left"
        return amount, "cut by the provider"


class Checks:
    """Of one run. `problems` is what is not as it should be."""

    def __init__(self, the_world, storm, calls, notes, rows):
        self.world, self.storm, self.calls, self.rows = the_world, storm, calls, rows
        self.problems, self.figures = [], collections.Counter({"leaked": 0, "overshoot": 0})
        notes_of, rows_of = collections.defaultdict(list), collections.defaultdict(list)
        for note in notes:
            notes_of[note["id"]].append(note)
        for row in rows:
            rows_of[row.request_id].append(row)
        self.may_be_open = set()
        self.trials = [Trial(the_world, call, notes_of[call.id], rows_of[call.id]) for call in calls]
        self.strangers = (set(rows_of) | set(notes_of)) - {call.id for call in calls}

    def wrong(self, what):
        self.problems.append(what)

    def run(self):
        self.figures["requests"] = len(self.calls)
        self.check_callers()
        self.check_records()
        self.check_costs()
        self.check_budgets()
        self.check_watch()
        return self

    # The callers' own experience.
    def check_callers(self):
        for call in self.calls:
            self.figures[call.state if call.status in (0, 200) else f"{call.status}"] += 1
            if call.state in ("sent", "stuck", "unended") or (call.state == "lost" and not self.died(call)):
                self.wrong(f"{call.id} was {call.state}, status {call.status}")
            if call.status == 429:
                self.figures["refused"] += 1
                if call.code != "insufficient_quota" or call.retry != "false":
                    self.wrong(f"{call.id}: 429 with code {call.code}, x-should-retry {call.retry!r}")
            elif call.status not in (0, 200, 502, 503):
                self.wrong(f"{call.id}: status {call.status} {call.code}")

    def died(self, call):
        """Whether the daemon was killed behind its connection."""
        return any(call.connected <= killed <= call.ended for killed in self.storm.killed_at)

    def open_at(self, killed):
        """Calls that may have been under way in the gateway when it died: of each caller the last one, though it may
        have had its answer, and those whose callers had just left."""
        last = {call.id.rpartition("-")[0]: call for call in self.calls if call.began <= killed}
        left = [call for call in self.calls if call.state == "left" and call.ended <= killed <= call.ended + JUST_LEFT]
        return {call.id for call in [*last.values(), *left]}

    # One record per request: none twice, none never, and of nobody else.
    def check_records(self):
        self.may_be_open = set().union(*(self.open_at(killed) for killed in self.storm.killed_at))
        for stranger in sorted(self.strangers):
            self.wrong(f"{stranger} was recorded or asked for, and nobody had sent it")
        for trial in self.trials:
            call = trial.call
            if len(trial.rows) > 1:
                self.wrong(f"{call.id} was recorded {len(trial.rows)} times: {trial.rows}")
            must = call.state not in ("lost", "left") or trial.notes
            if must and not trial.rows:
                self.wrong(f"{call.id} was not recorded: {call} {trial.notes}")
            if trial.row:
                self.check_record(trial)
            if call.status == 200 and call.state in ("whole", "cut") and not self.died(call):
                self.check_answer(trial)

    def check_answer(self, trial):
        """What was whole is whole for the caller, and what broke off is not."""
        call, note = trial.call, trial.notes[-1]
        if (call.state == "whole") != (note["plan"] == "whole"):
            self.wrong(f"{call.id} is {call.state} for its caller: {note}")
        if call.stream and call.state == "whole" and call.received != note["produced"]:
            self.wrong(f"{call.id}: {call.received} of {note['produced']} tokens reached the caller")

    def check_record(self, trial):
        call, row = trial.call, trial.row
        if (row.key, row.team, row.organisation) != (call.key, self.world.team_of[call.key], world.ORGANISATION):
            self.wrong(f"{call.id} was recorded for {row}")
        if row.status == 0:
            self.figures["open at SIGKILL"] += 1
            if call.id not in self.may_be_open:
                self.wrong(f"{call.id} was recorded as open, though it had ended: {call} {row}")
        elif call.state == "whole" and row.status != call.status:
            self.wrong(f"{call.id} was answered {call.status} and recorded as {row.status}")

    # To the nano-dollar where it can be known, else within what can be.
    def check_costs(self):
        for trial in self.trials:
            if not trial.row:
                continue
            self.figures["spent"] += trial.row.cost
            right = trial.right()
            if not right.least <= trial.row.cost <= right.most:
                self.wrong(
                    f"{trial.call.id} cost {trial.row.cost}, right is {right.least} to {right.most}: "
                    f"{trial.call} {trial.notes} {trial.row}"
                )
            self.count_cost(trial, right)
            self.check_field(trial)

    def count_cost(self, trial, right):
        cost, made = trial.row.cost, trial.made()
        if trial.row.status == 0:
            self.figures["charged at SIGKILL"] += cost
            self.figures["made at SIGKILL"] += made
        elif right.least == right.most == made:
            self.figures["records equal to the oracle's" if made else "records of what cost nothing"] += 1
            self.figures["ledger minus oracle"] += cost - made
        else:
            self.figures["records of what broke off"] += 1
            self.figures["ledger minus oracle where it broke off"] += cost - made
        amount, why = trial.unseen()
        if amount:
            self.figures[f"unseen, {why}"] += amount

    def check_field(self, trial):
        if not trial.call.cost or trial.row.status == 0:
            return
        told = int(decimal.Decimal(trial.call.cost) * world.USD)
        if told != trial.row.cost:
            self.wrong(f"{trial.call.id}: x-sluice-cost-usd is {told}, the record's cost {trial.row.cost}")

    @staticmethod
    def spent(account, rows):
        return sum(row.cost for row in rows if row.name_at(account.level) == account.name)

    # Nobody has spent more than there was.
    def check_budgets(self):
        for account in self.world.accounts:
            limit = account.limit()
            if limit is None:
                continue
            mine = [trial for trial in self.trials if account in self.world.accounts_of(trial.call.key)]
            spent, made = self.spent(account, self.rows), sum(trial.made() for trial in mine)
            unseen = sum(trial.unseen()[0] for trial in mine)
            self.figures["budgets used up to 95 %"] += spent * 100 >= limit * 95
            self.figures["overshoot"] = max(self.figures["overshoot"], spent - limit)
            self.figures["oracle's overshoot"] = max(self.figures["oracle's overshoot"], made - limit)
            if spent > limit:
                self.wrong(f"{account.level} {account.name} spent {spent} of {limit}")
            if made > limit + unseen:
                self.wrong(f"of {account.level} {account.name} {made} was made for {limit}, {unseen} of it unseen")

    # What the metrics said while it ran, and in the end.
    def check_watch(self):
        watch = self.storm.watch
        self.figures["looks at the metrics"] = watch.looks
        self.problems += watch.fallen
        if not self.storm.killed_at:
            return
        last_life = max(self.rows, key=lambda row: row.at).origin
        earlier = [row for row in self.rows if row.origin != last_life]
        for account in self.world.accounts:
            for budget in account.budgets:
                name = (account.level, account.name, budget.window)
                before = self.spent(account, earlier)
                if watch.first.get(name, 0) < before:
                    self.wrong(f"after the restart {name} had spent {watch.first.get(name)}, the ledger says {before}")

    def check_quiet(self, money):
        """`money` is what the metrics say now, the records being those of this moment."""
        for budget, reserved in money["sluice_reserved_usd"].items():
            if reserved:
                self.figures["leaked"] += 1
                self.wrong(f"{reserved} is still set aside of {budget}")
        for account in self.world.accounts:
            for budget in account.budgets:
                spent = money["sluice_budget_spent_usd"].get((account.level, account.name, budget.window))
                kept = self.spent(account, self.rows)
                if spent != kept:
                    self.wrong(f"{account.level} {account.name} per {budget.window}: metrics {spent}, records {kept}")

    def check_report(self, file):
        for level in LEVELS:
            told, kept = books.report(file, level), books.sums(self.rows, level)
            if told != kept:
                self.wrong(f"usage by {level} says {told}, the records {kept}")
