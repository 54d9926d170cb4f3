"""The number of workers: the machine's if the configuration does not say, and then the run's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from micronas.config import parse_config
from micronas.search import new_run, prepare
from micronas.search.resume import stored_setup
from micronas.search.workers import count as worker_count
from micronas.store import Store

RAW = {"board": "nucleo_f446re", "device": "none", "data": {"name": "digits"}}


def test_it_is_stored_once_and_kept_on_a_machine_with_more_cores(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_count, "_cores", lambda: 3)
    monkeypatch.setattr(worker_count, "machine_memory_bytes", lambda: 10**11)
    with new_run(prepare(parse_config(RAW)), tmp_path / "run"):
        pass
    assert "workers: 3" in (tmp_path / "run" / "config.yaml").read_text()
    monkeypatch.setattr(worker_count, "_cores", lambda: 16)
    with Store.resume(tmp_path / "run") as store:
        assert stored_setup(store).config.workers == 3


@pytest.mark.parametrize(
    ("cores", "memory", "device", "workers"),
    [
        (8, 10**11, "qemu", 8),
        (8, 10**11, "serial", 1),
        (8, 4 * 10**9, "none", 4),
        (2, 10**8, "none", 1),
        (256, 10**12, "qemu", 64),
    ],
)
def test_it_is_bounded_by_cores_memory_and_board(
    monkeypatch: pytest.MonkeyPatch, cores: int, memory: int, device: str, workers: int
) -> None:
    monkeypatch.setattr(worker_count, "_cores", lambda: cores)
    monkeypatch.setattr(worker_count, "machine_memory_bytes", lambda: memory)
    assert worker_count.workers_here(device) == workers


def test_a_number_of_the_user_is_kept() -> None:
    config = parse_config({**RAW, "workers": 5})
    assert worker_count.with_workers(config) is config
