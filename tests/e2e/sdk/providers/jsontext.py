"""Parts of a JSON text in the very characters of whoever wrote it."""

import json

_decoder = json.JSONDecoder()


def _skip(text, at):
    while text[at] in " \t\r\n":
        at += 1
    return at


def _entries(text, at):
    """Of the object or array that begins there: each key or index, and where its value begins and ends."""
    close = {"{": "}", "[": "]"}[text[at]]
    at, index = _skip(text, at + 1), 0
    while text[at] != close:
        key = index
        if close == "}":
            key, at = _decoder.raw_decode(text, at)
            at = _skip(text, _skip(text, at) + 1)
        _, end = _decoder.raw_decode(text, at)
        yield key, at, end
        at, index = _skip(text, end), index + 1
        if text[at] == ",":
            at = _skip(text, at + 1)


def raw(text, *path):
    """The characters of the value at that path of keys and indices; None when nothing is there."""
    begin, end = _skip(text, 0), len(text)
    for wanted in path:
        if text[begin] not in "{[":
            return None
        for key, at, after in _entries(text, begin):
            if key == wanted:
                begin, end = at, after
                break
        else:
            return None
    return text[begin:end].rstrip()
