"""Pages, messages and docstrings use the standard word: none of the words listed below.

``WORDS`` is the one list of them. A word may stand where ``ALLOWED`` says so, with the reason.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.support.paths import REPOSITORY

WORDS = {
    r"mend(s|ed|ing)?": "repair, correct, fix",
    r"borne": "tolerated",
    r"told": "observed, completed, reported",
    r"tells? (apart|nothing|most)": "distinguish, show",
    r"nobody|whoever|anybody else": "name who or what it is",
    r"believed?|disbelieved?": "accepted, verified, trusted",
    r"(go|goes|going|went|gone) on (with|to)": "resume, continue",
    r"strays?": "accesses outside memory",
    r"scouts?": "profiling samples",
    r"streaks?": "consecutive failures",
    r"lonel(y|iest|ier|iness)": "most distant, crowding distance",
    r"litters?": "candidates",
    r"lest|thereof|whereof|befall(s|en)?|aught|thrice|albeit|whatsoever": "archaic",
    r"(is|are) no (number|numbers|measurement|operation|place|one|integer|file|folder)": "is not a ...",
    r"(can|may|could|to) be had": "is available",
    r"made[- ]up": "random, synthetic",
    r"thinks? most of": "ranks highest",
    r"all the same": "regardless, nevertheless",
    r"for want of": "for lack of",
    r"put(s|ting)? right": "corrected",
    r"c[ao]mes? to nothing": "fails",
    r"in vain": "without effect",
    r"heeds?": "respects, obeys",
    r"at the least": "at least",
    r"bethink|betimes|forthwith|hither|thither|wherefore": "archaic",
    r"sound alike": "have similar names",
    r"bad luck|lucky|luckily": "by chance",
    r"an own|of one's own": "its own, a separate",
    r"ask(s|ed)? for another thing": "is a different task",
    r"judg(e|es|ed|ing)": "proxy, check, evaluate",
    r"forecast(s|ed|ing)?": "predicted, prediction",
    r"hand[- ]made": "baseline, designed by hand",
    r"anew|begun|for ever": "again, started, without a deadline",
    r"alike": "equally, in the same way",
    r"so many( as)?|as many as there|so much": "that many, as many as",
    r"(is|are) no (row|such|such thing|thing)": "is not a ...",
    r"there (is|are) not(?= *[.,;]|$)|there there": "does not exist",
    r"what is not|what there is not|as people have them": "name the thing",
    r"(goes|went|gone) away": "ended, was disconnected",
    r"strangely|oddly": "say what was unexpected",
    r"stands? still|waits? for nothing": "blocks, stops",
    r"tells? of|telling of": "describe",
    r"fared|fares?": "result",
    r"whatever (it|they) (is|are|may be)|whatever else": "for every, all other",
    r"nothing but": "only",
    r"may as well": "can",
    r"but for|save for": "except",
    r"ere|nigh|amiss|astray|awry|heretofore|henceforth": "archaic",
    r"of people's own|of theirs|of one's": "their own",
    r"answers? strangely|says? nothing of": "unexpected answer, does not state",
    r"the like": "similar ones",
    r"takes? no part|always takes? part": "is (not) included",
    r"if need be|where need be": "if necessary",
    r"columns? of numbers": "numeric column",
    r"(stands?|lies) there": "is there",
}
"""Pattern of a word, letter case ignored -> what to write instead."""

ALLOWED: dict[tuple[str, str], str] = {
    (
        "micronas/search/subnets/search.py",
        "^scouts$",
    ): "the old key of a file, refused by the name of the new one",
}
"""(file or folder, pattern of the line) -> why its bad words may stay."""

PATTERN = re.compile("|".join(rf"\b(?:{word})\b" for word in WORDS), re.IGNORECASE)


class Hit(NamedTuple):
    """A bad word where it stands."""

    file: str
    line: int
    word: str
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.word!r} in: {self.text.strip()[:100]}"


def hits(path: Path, texts: Iterator[tuple[int, str]]) -> list[Hit]:
    """The bad words of ``texts``, each with the line at which it begins."""
    file = path.relative_to(REPOSITORY).as_posix()
    return [
        Hit(file, line + text[: match.start()].count("\n"), match[0], _line_of(text, match.start()))
        for line, text in texts
        for match in PATTERN.finditer(text)
    ]


def _line_of(text: str, position: int) -> str:
    return text[text.rfind("\n", 0, position) + 1 :].split("\n", 1)[0]


def _is_allowed(hit: Hit) -> bool:
    return any(hit.file.startswith(place) and re.search(line, hit.text) for place, line in ALLOWED)


def literals(source: str) -> Iterator[tuple[int, str]]:
    """Every string of a module: docstrings, messages, help texts, and the fixed parts of f-strings."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value


def pages() -> list[Path]:
    """What people read: the documentation, and comments of the data files that they copy."""
    found = [*(REPOSITORY / "docs").rglob("*.md"), *(REPOSITORY / "benchmarks").rglob("README.md")]
    found += [REPOSITORY / f"{name}.md" for name in ("README", "ARCHITECTURE", "CONTRIBUTING", "PROTOCOL")]
    found += [*(REPOSITORY / "search_configs").glob("*.yaml"), *(REPOSITORY / "boards").glob("*.yaml")]
    return sorted(found)


def modules() -> list[Path]:
    """The sources whose strings people see."""
    return sorted((REPOSITORY / "micronas").rglob("*.py"))


def hits_of_modules() -> list[Hit]:
    return [hit for path in modules() for hit in hits(path, literals(path.read_text(encoding="utf-8")))]


def test_every_page_is_clean() -> None:
    assert len(pages()) > 25
    found = [hit for path in pages() for hit in hits(path, iter([(1, path.read_text(encoding="utf-8"))]))]
    bad = [str(hit) for hit in found if not _is_allowed(hit)]
    assert not bad, "\n".join(bad)


def test_every_message_and_docstring_is_clean() -> None:
    assert len(modules()) > 200
    bad = [str(hit) for hit in hits_of_modules() if not _is_allowed(hit)]
    print(f"{len(bad)} bad words in micronas/")
    assert not bad, f"{len(bad)} bad words:\n" + "\n".join(bad)


def test_a_bad_word_is_found_in_each_kind_of_text() -> None:
    module = '"""What was told."""\nraise E(f"mend {x} and go on with it", remedy="nobody")\n# told\n'
    found = hits(REPOSITORY / "x.py", literals(module))
    assert sorted(hit.word for hit in found) == ["go on with", "mend", "nobody", "told"]
    page = hits(REPOSITORY / "x.md", iter([(1, "fine\nretold, amended; is it borne?\n")]))
    assert [(hit.line, hit.word) for hit in page] == [(2, "borne")]


def test_every_exception_is_still_needed() -> None:
    found = hits_of_modules()
    stale = [
        (place, line)
        for place, line in ALLOWED
        if not any(hit.file.startswith(place) and re.search(line, hit.text) for hit in found)
    ]
    assert stale == []
