#!/usr/bin/python3
"""Writes config/models.csv, what is publicly known of models, from a table of facts.

    model-table.py FACTS.csv [OUTPUT.csv]

FACTS.csv has a row for each model of a provider, with its `source` and that source's date in the last column ("name
2026-07-24"). Of it are taken: prices in USD per million tokens, image and request, limits in tokens, and flags of what a
model can do. Left
out are rows without a price and a limit, models that only exist as a commitment or under a path that nobody can ask for,
and everything this program has no use for.

Flags need care. LiteLLM's map says 1 where somebody wrote so and 0 where nobody did; models.dev lists what goes into a
model in full, but not whether answers can follow a schema. So a 0 is taken for "cannot" only where a source means it,
and only if no provider of the same model says otherwise; else it is not known.

Zeros in prices need care too, since nothing may be taken for free that is not. Answers cost nothing where they are no
tokens (embeddings, ranks); that a request costs nothing at all is believed where the name says so, of moderations, and
of what is paid by the image or the request; elsewhere nobody knew.
"""
import csv
import re
import sys
from decimal import Decimal
from pathlib import Path

PRICES = {
    "input": "input_usd_per_mtok",
    "output": "output_usd_per_mtok",
    "cache_read": "cache_read_usd_per_mtok",
    "cache_write": "cache_write_usd_per_mtok",
    "cache_write_1h": "cache_write_1h_usd_per_mtok",
    "reasoning": "reasoning_output_usd_per_mtok",
    "input_above_200k": "input_usd_per_mtok_above_200k",
    "output_above_200k": "output_usd_per_mtok_above_200k",
    "audio_input": "audio_input_usd_per_mtok",
    "audio_output": "audio_output_usd_per_mtok",
    "image": "usd_per_image",
    "request": "usd_per_query",
}
LIMITS = {"context": "context_window", "max_output": "max_output"}
FLAGS = {
    "vision": "vision",
    "tools": "tools",
    "json_schema": "json_schema",
    "audio": "audio_input",
    "pdf": "pdf_input",
    "reasoning": "reasoning",
}
# Of which capabilities each source's 0 means "cannot".
DENIES = {
    "litellm": {"vision", "tools"},
    "models.dev": {"vision", "tools", "audio", "pdf", "reasoning"},
}
TITLES = {"litellm": "LiteLLM's price map", "models.dev": "models.dev"}
# Names that no request can have: a region's, a commitment's or a picture size's price of a model with a row of its own.
UNASKABLE = re.compile(
    r"\*|-commitment/|^[a-z]+(-[a-z]+)+-\d/|\d-x-\d|max-x-max|^(eu|us|global|global-standard|invoke|hd|standard)/"
)
# Names that say that nothing is to pay.
FREE = re.compile(r"(^|[:/-])free$", re.IGNORECASE)
# Modes in which both prompt and answer are tokens.
TALKING = {"", "chat", "completion", "responses", "realtime"}


def base_name(model):
    """The name without vendor, region and version, by which the same model of several providers is known."""
    name = model.rsplit("/", 1)[-1].lower()
    name = re.sub(r"^([a-z]{2,6}\.)?[a-z0-9]+\.(?=[a-z])", "", name)
    return re.sub(r"(@.*|:free|-v\d+(:\d+)?|-latest|[-@]\d{4}-?\d{2}-?\d{2})+$", "", name)


def price(text):
    """As short as it can be written, or empty; nano-USD is as fine as it may be."""
    if not text:
        return ""
    value = Decimal(text)
    if value < 0 or value != round(value, 9):
        raise ValueError(f"no price: {text}")
    return format(value.normalize(), "f")


def without_doubtful_zeros(fact):
    """The fact, without prices that are zero because nobody knew them."""
    rates = [PRICES["input"], PRICES["output"]]
    is_zero = [bool(fact[rate]) and Decimal(fact[rate]) == 0 for rate in rates]
    paid_otherwise = any(fact[PRICES[name]] not in ("", "0") for name in ("image", "request"))
    believed = paid_otherwise or fact["mode"] == "moderation" or FREE.search(fact["model"])
    talks = fact["mode"] in TALKING
    doubtful = any(is_zero) if talks else all(is_zero)
    if not doubtful or believed:
        return fact
    return {**fact, **{column: "" for column in PRICES.values()}}


def row_of(fact, can_elsewhere):
    source = fact["source"].split()[0]
    can = [flag for flag, column in FLAGS.items() if fact[column] == "1"]
    base = base_name(fact["model"])
    cannot = [
        flag
        for flag, column in FLAGS.items()
        if fact[column] == "0" and flag in DENIES[source] and (base, flag) not in can_elsewhere
    ]
    row = [fact["provider"], fact["model"]]
    row += [price(fact[column]) for column in PRICES.values()]
    row += [fact[column] if fact[column] != "0" else "" for column in LIMITS.values()]
    return row + [" ".join(can), " ".join(cannot)]


def is_useful(fact):
    known = any(fact[column] for column in [*PRICES.values(), *LIMITS.values()])
    return known and not UNASKABLE.search(fact["model"])


def first_line(facts):
    sources = sorted({tuple(fact["source"].split()) for fact in facts})
    told = " and ".join(f"{TITLES[name]} of {date}" for name, date in sources)
    return f"# What is publicly known of models, {max(date for _, date in sources)}: from {told}. USD per million tokens, image and request."


def main():
    with open(sys.argv[1], newline="", encoding="utf-8") as stream:
        facts = [fact for fact in csv.DictReader(stream) if is_useful(fact)]
    can_elsewhere = {
        (base_name(fact["model"]), flag) for fact in facts for flag, column in FLAGS.items() if fact[column] == "1"
    }
    priced = [without_doubtful_zeros(fact) for fact in facts]
    rows = sorted(row_of(fact, can_elsewhere) for fact in priced)
    for row in rows:
        if any(re.search(r'[,"\n]', cell) for cell in row):
            raise ValueError(f"a cell that would need quotes: {row}")
    default = Path(__file__).resolve().parent.parent / "config" / "models.csv"
    output = Path(sys.argv[2]) if len(sys.argv) > 2 else default
    header = ["provider", "model", *PRICES, *LIMITS, "can", "cannot"]
    lines = [first_line(facts), *(",".join(row) for row in [header, *rows])]
    output.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
