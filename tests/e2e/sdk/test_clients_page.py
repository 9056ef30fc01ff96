"""docs/reference/clients.md says which clients are tried, and agrees with their pins and suites.

With SLUICE_WRITE_DOCS=1 the page is written instead.
"""

import json
import os
import pathlib
import re
import unittest

import providers

HERE = pathlib.Path(__file__).parent
PAGE = HERE.parents[2] / "docs" / "reference" / "clients.md"

# The packages of each suite.
SUITES = [
    ("Python", ["openai"], "test_clients_openai.py"),
    ("Python", ["anthropic"], "test_clients_anthropic.py"),
    ("Python", ["google-genai"], "test_clients_google_genai.py"),
    ("Python", ["boto3"], "test_clients_boto3.py"),
    ("Python", ["cohere"], "test_clients_cohere.py"),
    ("Python", ["langchain-openai"], "test_clients_langchain.py"),
    ("Python", ["ollama"], "test_clients_ollama.py"),
    ("Node", ["openai"], "test_clients_openai_node.mjs"),
    ("Node", ["ai", "@ai-sdk/openai", "@ai-sdk/anthropic"], "test_clients_ai_sdk.mjs"),
]

TEXT = """# Clients that are tried

Written by the tests (`e2e_clients_page`). Each of these speaks to the running gateway in its own dialect, and asks it
for models of scripted providers of every dialect:
{dialects}.
On every one of them it chats, streams, calls two tools and is told their results, in one piece and streamed, gets
structured output after its own schema, and sees failures and broken streams as the exceptions it has for them.

| client | | speaks |
|---|---|---|
{rows}
"""


def versions(language):
    """The version of each package that the end-to-end tests install."""
    if language == "Node":
        return json.loads((HERE / "package.json").read_text(encoding="utf-8"))["dependencies"]
    return dict(re.findall(r"^([\w-]+)==(.+)$", (HERE / "requirements.txt").read_text(encoding="utf-8"), re.MULTILINE))


def spoken(file):
    """The dialects whose clients a suite puts on every provider."""
    text = (HERE / file).read_text(encoding="utf-8")
    found = re.findall(r"\bOWN\b[\w, ]* = \"(\w+)\"|\bown: '(\w+)'|\bclientOf\(\s*'(\w+)'", text)
    return sorted({name for names in found for name in names if name}, key=list(providers.DIALECTS).index)


def page():
    rows = []
    for language, packages, file in SUITES:
        pins = versions(language)
        named = ", ".join(f"`{package}` {pins[package]}" for package in packages)
        rows.append(f"| {named} | {language} | {', '.join(spoken(file))} |")
    return TEXT.format(dialects=", ".join(providers.DIALECTS), rows="\n".join(rows))


class Page(unittest.TestCase):
    def test_the_page_tells_what_is_tried(self):
        if os.environ.get("SLUICE_WRITE_DOCS"):
            PAGE.write_text(page(), encoding="utf-8")
        self.assertEqual(PAGE.read_text(encoding="utf-8"), page())

    def test_every_suite_is_run(self):
        told = (HERE.parent / "CMakeLists.txt").read_text(encoding="utf-8")
        suites = sorted(path.name for path in HERE.glob("test_*.*"))
        self.assertEqual(sorted(re.findall(r"^sluice_e2e\(\w+ (\S+)\)$", told, re.MULTILINE)), suites)

    def test_every_suite_of_a_client_is_on_the_page(self):
        suites = {path.name for path in HERE.glob("test_clients_*.*")} - {pathlib.Path(__file__).name}
        self.assertEqual({file for *_, file in SUITES}, suites)
        self.assertTrue(all(spoken(file) for file in suites))


if __name__ == "__main__":
    unittest.main(verbosity=2)
