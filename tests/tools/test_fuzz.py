"""The fuzzers of ``make fuzz``: their corpus and a number of mutations pass, and a failure is kept."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from tests.support.fuzz_targets import Target, targets
from tests.support.paths import TOOLS

with pytest.MonkeyPatch.context() as patch:
    patch.syspath_prepend(str(TOOLS))
    import fuzz

MUTATIONS = {"model": 300, "frames": 300, "yaml": 40, "store": 40}


@pytest.mark.parametrize("name", MUTATIONS)
def test_past_failures_and_mutations_of_them_are_handled(name: str) -> None:
    target = targets()[name]
    for data in itertools.islice(fuzz.inputs(target, seed=7), len(target.corpus) + MUTATIONS[name]):
        target.run(data)


def test_a_failure_is_kept_with_its_traceback_once(tmp_path: Path) -> None:
    def fails(data: bytes) -> None:
        if data != b"sound":
            raise IndexError("planted")

    assert fuzz.fuzz("planted", Target(fails, (b"sound", b"one", b"other")), 0.0, 0, tmp_path) == (3, 1)
    kept, text = sorted(tmp_path.iterdir())
    assert kept.read_bytes() == b"one"
    assert "IndexError: planted" in text.read_text()


def test_the_same_seed_gives_the_same_inputs() -> None:
    target = Target(lambda data: None, (b"abc" * 30, b"xyz" * 9))
    first, again, other = (list(itertools.islice(fuzz.inputs(target, seed), 50)) for seed in (1, 1, 2))
    assert first == again != other
