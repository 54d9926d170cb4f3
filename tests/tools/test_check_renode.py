"""The one command that repeats what was run in Renode, and the committed counts that it compares with."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from micronas.board import board_names, load_board
from micronas.device.targets import Qemu, Renode
from micronas.errors import DeviceError
from tests.support.paths import TOOLS
from tests.support.renode_stand_in import install_stand_in


@pytest.fixture
def tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """tools/check_renode.py, with a Renode that starts and a copy of the committed file."""
    install_stand_in(tmp_path, monkeypatch)
    monkeypatch.syspath_prepend(str(TOOLS))
    import check_renode
    import renode_counts

    copy = tmp_path / "counts.csv"
    copy.write_bytes(renode_counts.COUNTS.read_bytes())
    monkeypatch.setattr(check_renode, "read_counts", lambda: renode_counts.read_counts(copy))
    monkeypatch.setattr(check_renode, "write_counts", lambda counts: renode_counts.write_counts(counts, copy))
    monkeypatch.setattr(check_renode, "read", lambda path: path.stem)
    monkeypatch.setattr(check_renode, "random_samples", lambda graph, count, seed: [])
    return SimpleNamespace(main=check_renode.main, module=check_renode, counts=renode_counts, copy=copy)


def deployed(instructions: int, mismatches: int = 0) -> Any:
    parity = SimpleNamespace(mismatches=mismatches, elements=24)
    latency = SimpleNamespace(instructions=instructions)
    return SimpleNamespace(measurement=SimpleNamespace(parity=parity, latency=latency))


def plays(tool: Any, monkeypatch: pytest.MonkeyPatch, change: int = 0, mismatches: int = 0) -> list[Any]:
    """Every run gives the committed count and ``change`` more; the devices that were asked."""
    asked: list[Any] = []

    def deploy(graph, board, samples, *, device, workdir, cache_dir):
        asked.append(device)
        committed = next(c for c in tool.counts.read_counts() if (c.board, c.model) == (board.name, graph))
        return deployed(committed.renode_instructions + change, mismatches)

    monkeypatch.setattr(tool.module, "deploy", deploy)
    return asked


def test_every_stm32_board_has_a_count_and_no_mismatch(tool: Any) -> None:
    counts = tool.counts.read_counts()
    stm32 = {name for name in board_names() if load_board(name).family.startswith("stm32")}
    assert {count.board for count in counts} == stm32
    assert len(stm32) == 23
    assert all(count.mismatches == 0 and count.output_elements > 0 for count in counts)


def test_renode_and_qemu_counted_alike(tool: Any) -> None:
    """To 0.003 % or 60 instructions, whichever is more, and Renode never more than QEMU."""
    both = [count for count in tool.counts.read_counts() if count.qemu_instructions]
    assert len(both) >= 8
    for count in both:
        difference = count.qemu_instructions - count.renode_instructions
        assert 0 <= difference <= max(60, 3e-5 * count.qemu_instructions)


def test_the_same_counts_pass(tool: Any, monkeypatch, capsys: pytest.CaptureFixture[str]) -> None:
    asked = plays(tool, monkeypatch, change=3)
    assert tool.main([]) == 0
    rows = [line for line in capsys.readouterr().out.splitlines() if line.endswith("| ok |")]
    assert len(rows) == len(asked) == len(tool.counts.read_counts())
    assert all(isinstance(device, Renode) for device in asked)


@pytest.mark.parametrize(("change", "mismatches"), [(70, 0), (-70, 0), (0, 1)])
def test_another_count_or_output_fails(tool: Any, monkeypatch, change: int, mismatches: int) -> None:
    plays(tool, monkeypatch, change, mismatches)
    assert tool.main(["--board", "nucleo_g474re"]) == 1


def test_a_board_that_does_not_run_fails_and_the_others_go_on(
    tool: Any, monkeypatch, capsys: pytest.CaptureFixture[str]
) -> None:
    plays(tool, monkeypatch)
    right = tool.module.deploy

    def deploy(graph, board, *arguments, **options):
        if board.name == "nucleo_g071rb":
            raise DeviceError("no answer to LOAD within 30 s")
        return right(graph, board, *arguments, **options)

    monkeypatch.setattr(tool.module, "deploy", deploy)
    assert tool.main(["--board", "nucleo_g071rb", "--board", "nucleo_g474re"]) == 1
    said = capsys.readouterr().out
    assert said.count("FAILED: no answer to LOAD") == 2
    assert said.count("| ok |") == 2


def test_what_was_found_is_written_with_the_version(tool: Any, monkeypatch) -> None:
    asked = plays(tool, monkeypatch, change=1)
    assert tool.main(["--board", "nucleo_u575zi_q", "--qemu", "--write"]) == 0
    assert {type(device) for device in asked} == {Renode, Qemu}
    before, after = tool.counts.read_counts(), tool.counts.read_counts(tool.copy)
    changed = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    assert [old.board for old, _ in changed] == ["nucleo_u575zi_q"] * 2
    for old, new in changed:
        assert new.renode_instructions == old.renode_instructions + 1
        assert new.qemu_instructions == new.renode_instructions
        assert new.renode.startswith("1.16.1.14312 (")


def test_without_a_renode_it_says_where_to_get_one(
    tool: Any, monkeypatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MICRONAS_RENODE", "/nowhere/renode")
    assert tool.main([]) == 2
    assert "not an executable file" in capsys.readouterr().err
