"""What docs/reference/json.md promises of each verb's ``--json``, and a comparison with what was printed."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from tests.support.paths import REPOSITORY

_DOCS = REPOSITORY / "docs"
_ROW = re.compile(r"^\| ([^|]*`.+?) \| (.*) \|$", re.M)
_CODE = re.compile(r"`([^`]+)`")
_KEY = re.compile(r"\b[a-z_][a-z0-9_]*\b")
_REFERENCE = re.compile(r"\bas (?:of|in) `([^`]+)`")


@dataclass(frozen=True)
class Section:
    """What is documented of one verb."""

    columns: frozenset[str]
    """Keys of the first column, such as ``best.trial``; empty if the verb has one row."""
    promised: frozenset[str]
    """Keys between braces, at any depth; of a row, all words in code style."""
    words: frozenset[str]
    """Every word in code style."""
    like: tuple[str, ...] = ()
    """Verbs whose documentation it refers to."""


def sections() -> dict[str, Section]:
    """By the verb with its arguments, without ``--json``."""
    page = (_DOCS / "reference" / "json.md").read_text(encoding="utf-8")
    head, _, rows = page.partition("## Other verbs\n")
    titled = re.findall(r"^## `micronas (.+?) --json`\n(.*?)(?=^## |\Z)", head, re.M | re.S)
    found = {title: _tables(text) for title, text in titled}
    for verbs, text in _ROW.findall(rows.partition("\n## ")[0]):
        verb = _CODE.findall(verbs)[0].partition(" --json")[0]
        found[verb] = _row(text)
    found["compare"] = _block((_DOCS / "background" / "compare.md").read_text(encoding="utf-8"))
    return found


def require_documented(
    verb: str, printed: Any, *, absent: Collection[str] = (), free: Collection[str] = ()
) -> None:
    """Fail unless the keys of ``printed`` are those of the page.

    ``absent`` are promised keys that this case has no value for. ``free`` are keys whose values have keys
    that come from the data, such as the names of memory regions.
    """
    known = sections()
    section = known[verb]
    keys = set(_keys(printed, frozenset(free)))
    assert keys, f"{verb}: nothing was printed"
    if section.columns:
        assert _columns(printed, section.columns) == section.columns, verb
    like = [known[title] for title in known if {title, title.partition(" ")[0]} & {*section.like}]
    own = section.words.union(*(other.words | _last(other.columns) for other in like))
    words = own | _shared(own)
    assert keys <= words, f"{verb}: not in the documentation: {sorted(keys - words)}"
    missing = section.promised - keys - set(absent)
    assert not missing, f"{verb}: documented, but not printed: {sorted(missing)}"


def _columns(printed: dict[str, Any], documented: frozenset[str]) -> set[str]:
    """Keys of ``printed``; those of an object that has rows of its own are ``object.key``."""
    nested = {key.partition(".")[0] for key in documented if "." in key}
    return {
        path
        for key, value in printed.items()
        for path in ([f"{key}.{inner}" for inner in value] if key in nested else [key])
    }


def _shared(words: frozenset[str]) -> frozenset[str]:
    """The keys of the shared objects that the verb has, and of the objects within them."""
    page = (_DOCS / "reference" / "json.md").read_text(encoding="utf-8")
    _, _, text = page.partition("## Objects in several verbs\n")
    objects = {_CODE.findall(name)[0]: frozenset(_words(about)) for name, about in _ROW.findall(text)}
    found = words & objects.keys()
    inner = found.union(*(objects[name] & objects.keys() for name in found))
    return frozenset().union(*(objects[name] for name in inner))


def _last(columns: frozenset[str]) -> set[str]:
    return {key.rpartition(".")[2] for key in columns}


def _tables(text: str) -> Section:
    """The first table lists the keys; a later one those of an inner object."""
    first, *others = text.split("\n\n| ")[0], *text.split("\n\n| ")[1:]
    if not _ROW.search(first):
        first, *others = others
    columns = {key for names, _ in _ROW.findall(first) for key in _CODE.findall(names)}
    inner = {key for table in others for names, _ in _ROW.findall(table) for key in _CODE.findall(names)}
    promised = inner | {key for span in _CODE.findall(text) if "{" in span for key in _KEY.findall(span)}
    like = tuple(_REFERENCE.findall(text))
    return Section(frozenset(columns), frozenset(promised), frozenset(_words(text)), like)


def _row(text: str) -> Section:
    words = frozenset(_words(_REFERENCE.sub("", text)))
    return Section(frozenset(), words, words, tuple(_REFERENCE.findall(text)))


def _block(text: str) -> Section:
    """A code block: a key at the start of a line, then ``{key, key: ...}``; and the text below it."""
    ((block, below),) = re.findall(r"^```\n(.*?)^```\n(.*)", text, re.M | re.S)
    keys = frozenset(re.findall(r"(?:^|\{|,\s)\s*([a-z_0-9]+)", block, re.M))
    return Section(frozenset(), keys, keys | set(_words(below)), tuple(_REFERENCE.findall(below)))


def _words(text: str) -> Iterator[str]:
    for span in _CODE.findall(text):
        if not span.startswith(("-", "micronas ")):
            yield from _KEY.findall(span)


def _keys(value: Any, free: frozenset[str]) -> Iterator[str]:
    """Every key in ``value``, at any depth."""
    if isinstance(value, list):
        for item in value:
            yield from _keys(item, free)
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            named_by_data = key in free and isinstance(inner, dict)
            yield from _keys(list(inner.values()) if named_by_data else inner, free)
