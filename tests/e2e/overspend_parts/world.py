"""What one run is about: models with their prices, keys in teams, budgets, and the daemon's configuration of them.

Money is in whole nano-USD, rates in nano-USD per million tokens: integers everywhere.
"""

import dataclasses
import random

MILLION = 10**6
USD = 10**9
ORGANISATION = "all"
PROVIDERS = ("east", "west")
PROBE = "probe"  # the model with one target that never fails
SHORTEST_TEXT, LONGEST_TEXT = 24, 600
LONGEST_ANSWER = 48
ASKED_PER_SECOND = 500  # about; budgets are made for it


def usd(nano):
    """As a configuration has it."""
    return f"{nano // USD}.{nano % USD:09d}"


def rounded_up(millionths):
    return -(-millionths // MILLION)


# What providers add to a prompt of one message: the last line of config/token_families.csv, for models nobody knows.
AROUND_A_MESSAGE = 4 + 4


def prompt_estimate(text_bytes):
    """The tokens that the gateway takes a prompt for whose length nobody has told."""
    return text_bytes // 4 + AROUND_A_MESSAGE


def prompt_bound(text_bytes):
    """As many tokens the gateway sets money aside for."""
    return text_bytes // 2 + 64 + 2 * AROUND_A_MESSAGE


@dataclasses.dataclass(frozen=True)
class Counts:
    """Tokens; `cached` are part of `prompt`, `reasoning` of `output`."""

    prompt: int
    output: int
    cached: int = 0
    reasoning: int = 0


@dataclasses.dataclass(frozen=True)
class Rates:
    input: int
    output: int
    cached: int | None = None
    reasoning: int | None = None

    def millionths(self, counts):
        cached = self.input if self.cached is None else self.cached
        reasoning = self.output if self.reasoning is None else self.reasoning
        prompt = (counts.prompt - counts.cached) * self.input + counts.cached * cached
        return prompt + (counts.output - counts.reasoning) * self.output + counts.reasoning * reasoning

    def most_millionths(self, prompt, output):
        return prompt * max(self.input, self.cached or 0) + output * max(self.output, self.reasoning or 0)

    def text(self):
        written = {"input": self.input, "output": self.output, "cache_read": self.cached, "reasoning": self.reasoning}
        return ", ".join(f"{name}: {usd(rate)}" for name, rate in written.items() if rate is not None)


@dataclasses.dataclass(frozen=True)
class Price:
    rates: Rates
    request: int = 0  # nano-USD for each answer
    tier: int = 0  # a prompt longer than this costs `above`; 0: there is no tier
    above: Rates | None = None

    def cost(self, counts):
        is_above = self.above and counts.prompt > self.tier
        rates = self.above if is_above else self.rates
        return rounded_up(rates.millionths(counts)) + self.request

    def bound(self, prompt, output):
        """The most that is paid for so many tokens, however they turn out to be split."""
        most = self.rates.most_millionths(prompt, output)
        if self.above and prompt > self.tier:
            below = self.rates.most_millionths(self.tier, output)
            most = max(below, self.above.most_millionths(prompt, output))
        return rounded_up(most) + self.request

    def text(self):
        tier = f", above: [{{tokens: {self.tier}, {self.above.text()}}}]" if self.above else ""
        return f"{{{self.rates.text()}, request: {usd(self.request)}{tier}}}"


@dataclasses.dataclass(frozen=True)
class Budget:
    window: str
    rolling: bool
    amount: int

    def text(self):
        return f"{{usd: {usd(self.amount)}, per: {self.window}{', rolling: true' if self.rolling else ''}}}"


@dataclasses.dataclass(frozen=True)
class Account:
    level: str  # as in sluice_budget_spent_usd's `scope`
    name: str
    budgets: tuple

    def limit(self):
        """The least of its budgets; None: it has none."""
        return min((budget.amount for budget in self.budgets), default=None)

    def text(self):
        return f"budget: [{', '.join(budget.text() for budget in self.budgets)}]" if self.budgets else ""


def draw_rate(draw, least, most):
    """Of whole nano-USD per token, or of any fraction."""
    whole = draw.randint(least, most) * MILLION
    return whole if draw.random() < 0.5 else whole + draw.randrange(MILLION)


def draw_rates(draw, with_parts, dearer=1):
    rates = Rates(draw_rate(draw, 50, 900) * dearer, draw_rate(draw, 200, 4000) * dearer)
    if not with_parts:
        return rates
    return dataclasses.replace(rates, cached=rates.input // 4, reasoning=rates.output * draw.randint(1, 2))


def draw_price(draw):
    with_parts = draw.random() < 0.4
    rates = draw_rates(draw, with_parts)
    request = draw.choice((0, 0, draw.randint(1, 20_000)))
    if draw.random() < 0.6:
        return Price(rates, request)
    above = draw_rates(draw, with_parts, dearer=3)
    above = Rates(*(max(a, b) if b else a for a, b in zip(dataclasses.astuple(above), dataclasses.astuple(rates))))
    return Price(rates, request, draw.randint(20, 150), above)


class World:
    """Everything that follows from a seed."""

    def __init__(self, seed, keys, clients, seconds):
        draw = random.Random(f"world {seed}")
        self.seed, self.clients, self.seconds = seed, clients, seconds
        self.models = [f"m{number}" for number in range(1, draw.randint(2, 4) + 1)]
        self.strategies = {model: draw.choice(("priority", "weighted", "round_robin")) for model in self.models}
        # By what the provider calls the model: PROVIDER-MODEL.
        self.prices = {f"{p}-{model}": draw_price(draw) for model in self.models for p in PROVIDERS}
        self.prices[f"{PROVIDERS[0]}-{PROBE}"] = Price(Rates(100 * MILLION, 1000 * MILLION))
        self.team_of = {f"k{number}": f"t{1 + number % 2}" for number in range(1, keys + 1)}
        self.accounts = list(self.draw_accounts(draw))

    def draw_accounts(self, draw):
        expected = self.usual_cost(draw) * self.seconds * ASKED_PER_SECOND
        teams = sorted(set(self.team_of.values()))
        yield self.draw_account(draw, "organisation", ORGANISATION, expected, (0.4, 1.0), always=True)
        for team in teams:
            yield self.draw_account(draw, "team", team, expected // len(teams), (0.4, 1.2))
        for key in self.team_of:
            yield self.draw_account(draw, "key", key, expected // len(self.team_of), (0.3, 1.2))

    @staticmethod
    def draw_account(draw, level, name, expected, share, always=False):
        if not always and draw.random() < 0.15:
            return Account(level, name, ())
        amount = int(expected * draw.uniform(*share))
        total, rolling = Budget("total", False, amount), Budget("month", True, amount * draw.randint(2, 4) // 2)
        return Account(level, name, draw.choice(((total,), (rolling,), (total, rolling))))

    def usual_cost(self, draw):
        """What an answer costs on average."""
        prices = [price for name, price in self.prices.items() if not name.endswith(PROBE)]
        some = [
            draw.choice(prices).cost(Counts(draw.randint(SHORTEST_TEXT, LONGEST_TEXT) // 3, draw.randint(1, 24)))
            for _ in range(500)
        ]
        return sum(some) // len(some)

    def targets_of(self, model):
        """What providers call it."""
        return [f"{provider}-{model}" for provider in PROVIDERS if f"{provider}-{model}" in self.prices]

    def accounts_of(self, key):
        names = {"key": key, "team": self.team_of[key], "organisation": ORGANISATION}
        return [account for account in self.accounts if names[account.level] == account.name]

    @staticmethod
    def secret(key):
        return f"secret-of-{key}"

    def configuration(self, provider_port, database):
        of = {(account.level, account.name): account.text() for account in self.accounts}
        lines = [
            "server: {listen: @listen@, workers: 2, drain: {delay: 0s, grace: 5s}}",
            f"admin: {{listen: @admin@}}\nstorage: 'sqlite://{database}'\nproviders:",
        ]
        for provider in PROVIDERS:
            url = f"http://127.0.0.1:{provider_port}/{provider}/v1"
            lines.append(
                f"  {provider}: {{kind: openai-compatible, base_url: '{url}', breaker: {{failures: 1000000}}}}"
            )
        lines.append("models:")
        for model in [*self.models, PROBE]:
            targets = ", ".join(f"{{provider: {t.partition('-')[0]}, model: {t}}}" for t in self.targets_of(model))
            lines.append(f"  {model}: {{strategy: {self.strategies.get(model, 'priority')}, targets: [{targets}]}}")
        lines.append("prices:")
        lines += [f"  {name}: {price.text()}" for name, price in self.prices.items()]
        lines.append(f"organisation: {{name: {ORGANISATION}, {of['organisation', ORGANISATION]}}}\nteams:")
        lines += [f"  {team}: {{{of['team', team]}}}" for team in sorted(set(self.team_of.values()))]
        lines.append("keys:")
        for key, team in self.team_of.items():
            budget = of["key", key]
            lines.append(
                f"  - {{name: {key}, team: {team}, secret: {self.secret(key)}{', ' + budget if budget else ''}}}"
            )
        return "\n".join(lines) + "\n"
