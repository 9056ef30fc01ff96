"""The daemon's own books: the records in its database, and its report of them."""

import collections
import dataclasses
import json
import sqlite3

import gateway
import wire

COLUMNS = "origin, at, request_id, key, team, organisation, model, status, error, cost"


@dataclasses.dataclass(frozen=True)
class Row:
    """A record. Each life of the daemon has an origin of its own."""

    origin: int
    at: int
    request_id: str
    key: str
    team: str
    organisation: str
    model: str
    status: int  # 0: it was under way when the daemon died
    error: str
    cost: int

    def name_at(self, level):
        return {"key": self.key, "team": self.team, "organisation": self.organisation}[level]


def read_rows(database):
    """All records, once none is left in its batch."""
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        wire.eventually(lambda: not number_of(connection, "batch"), "batches have become rows", 20)
        if unread := number_of(connection, "unread"):
            raise AssertionError(f"{unread} records cannot be read")
        tables = connection.execute("SELECT name FROM sqlite_schema WHERE type='table' AND name LIKE 'request_%'")
        queries = [f"SELECT {COLUMNS} FROM {table}" for (table,) in tables.fetchall()]
        return [Row(*row) for query in queries for row in connection.execute(query)]
    finally:
        connection.close()


def number_of(connection, table):
    return connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]


def report(file, dimension):
    """What `sluice usage` says: requests and cost by name."""
    done = gateway.run("usage", "--config", file, "--format", "json", "--by", dimension)
    if done.returncode != 0:
        raise AssertionError(f"sluice usage ended with {done.returncode}: {done.stderr}")
    rows = json.loads(done.stdout)["rows"]
    return {row[dimension]: (row["requests"], row["cost_nano_usd"]) for row in rows}


def sums(rows, level):
    """The same, from the records themselves."""
    found = collections.defaultdict(lambda: (0, 0))
    for row in rows:
        requests, cost = found[row.name_at(level)]
        found[row.name_at(level)] = requests + 1, cost + row.cost
    return dict(found)
