"""Which Renode is it: one that is too old, or does not start, is a message with its cause, not an OK."""

from __future__ import annotations

from pathlib import Path

import pytest

from micronas.board import load_board
from micronas.cli.doctor.tools import examine_tools
from micronas.cli.output import warn_of_open_ports
from micronas.device.renode import require_renode
from micronas.device.targets import Renode, require_device
from micronas.errors import DeviceError
from tests.support.renode_stand_in import install_stand_in


@pytest.fixture(autouse=True)
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return install_stand_in(tmp_path, monkeypatch)


def test_a_renode_says_its_version(monkeypatch: pytest.MonkeyPatch) -> None:
    assert require_renode() == "Renode v1.16.1.14312 (12345678-202602170000)"
    require_device(Renode(), load_board("nucleo_f446re"))


@pytest.mark.parametrize(
    ("fault", "complaint"),
    [
        ("old", "Renode v1.13.3.14312 .* is older than 1.16, the oldest supported version"),
        ("broken", "does not start: Renode v1.16.1"),
        ("end", "does not start: Unhandled exception: no libraries"),
        ("crash early", "does not start: Fatal error: . Unhandled exception. .*libtlib.so"),
    ],
)
def test_one_that_is_of_no_use_is_refused_with_its_cause(
    monkeypatch: pytest.MonkeyPatch, fault: str, complaint: str
) -> None:
    monkeypatch.setenv("FAKE_RENODE", fault)
    with pytest.raises(DeviceError, match=complaint):
        require_device(Renode(), load_board("nucleo_f446re"))
    (line,) = (f for f in examine_tools() if f.what == "Renode")
    assert line.remedy, "a NOTE, not an OK"
    assert line.detail.endswith("only needed for --device renode")


def test_a_version_that_says_nothing_is_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A build from source may call itself 0.0.0."""
    script = tmp_path / "own"
    script.write_text("#!/bin/sh\necho 'Renode v0.0.0.1 (local)'\n")
    script.chmod(0o755)
    monkeypatch.setenv("MICRONAS_RENODE", str(script))
    assert require_renode() == "Renode v0.0.0.1 (local)"


def test_open_ports_are_said_on_stderr_and_only_where_there_are_any(
    capsys: pytest.CaptureFixture[str],
) -> None:
    warn_of_open_ports("qemu")
    assert capsys.readouterr() == ("", "")
    warn_of_open_ports("renode")
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("WARNING: Renode's control port and UART are open on all network interfaces")
