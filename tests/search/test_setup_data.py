"""Data that no trial could quantize is refused before the first one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from micronas.config import SearchConfig, parse_config
from micronas.errors import ConfigError, DataError, MachineError
from micronas.memory.ledger import board_budget
from micronas.search import setup
from micronas.search.run import new_run_folder
from micronas.search.setup import prepare
from micronas.search.workers import ray_cluster


def config_of(folder: Path, x: np.ndarray) -> SearchConfig:  # type: ignore[type-arg]
    np.savez(folder / "own.npz", x=x, y=np.arange(len(x)) % 2)
    data = {"name": "npz", "path": str(folder / "own.npz"), "options": {"kind": "stream"}}
    return parse_config({"board": "nucleo_f446re", "device": "none", "data": data})


def test_counts_of_a_twelve_bit_converter_in_int16_can_be_searched(tmp_path: Path) -> None:
    x = np.random.default_rng(0).integers(0, 4096, (80, 32, 3)).astype(np.int16)
    assert prepare(config_of(tmp_path, x)).dataset.front_end.parameters["scale"] == 1 / 4096


def test_an_outlier_does_not_stop_a_search(tmp_path: Path) -> None:
    x = np.random.default_rng(0).uniform(-1, 1, (80, 320, 3)).astype(np.float32)
    x[::2, 5, 1] = 50.0  # 0.05 % of the values
    assert prepare(config_of(tmp_path, x)).dataset.input_range[1] < 5.0


@pytest.mark.parametrize("shape", [(80, 12, 10), (80, 12, 10, 3), (80, 32, 3)])
def test_small_values_in_bytes_use_the_whole_range(tmp_path: Path, shape: tuple[int, ...]) -> None:
    """Pictures of a dark room, and counts: the type's range says nothing about them."""
    x = np.random.default_rng(0).integers(0, 13, shape, dtype=np.uint8)
    config = config_of(tmp_path, x)
    if shape[1:] != (32, 3):
        config = config.model_copy(update={"data": config.data.model_copy(update={"options": {}})})
    dataset = prepare(config).dataset
    low, high = dataset.input_range
    assert (low, high) == (float(dataset.train.x.min()), float(dataset.train.x.max()))
    assert ("mean" in dataset.front_end.parameters) is (shape[1:] == (32, 3)), "streams are normalised"


def test_what_every_trial_would_refuse_is_refused_at_once(tmp_path: Path) -> None:
    x = np.tile(np.random.default_rng(0).uniform(-1, 1, (1, 32, 3)), (80, 1, 1)).astype(np.float32)
    with pytest.raises(DataError, match=r"cannot be quantized: .* samples are the same"):
        prepare(config_of(tmp_path, x))


def test_a_limit_of_operations_reaches_the_gate_and_the_strategies(tmp_path: Path) -> None:
    x = np.random.default_rng(0).uniform(-1, 1, (80, 32, 3)).astype(np.float32)
    config = config_of(tmp_path, x)
    limits = config.constraints.model_copy(update={"macs": 20_000})
    setup = prepare(config.model_copy(update={"constraints": limits}))
    assert setup.problem.macs == 20_000
    macs = {arch: setup.space.net(arch).macs for arch in setup.space.baselines()}
    assert min(macs.values()) < 20_000 < max(macs.values())
    for arch, count in macs.items():
        assert setup.gate.fits(arch) is setup.problem.fits(arch) is (count <= 20_000)


def test_the_front_end_of_a_stream_is_reserved_within_the_limits(tmp_path: Path) -> None:
    x = np.random.default_rng(0).uniform(-1, 1, (80, 32, 3)).astype(np.float32)
    setup = prepare(config_of(tmp_path, x))
    whole = board_budget(setup.board)
    state, gains, struct = 12, 2 * 3 * 4, 12
    assert whole.sram_bytes - setup.budget.sram_bytes == 32 * 3 + state
    assert whole.flash_bytes - setup.budget.flash_bytes > gains + struct


def test_the_front_end_of_pictures_is_reserved_within_the_limits(tmp_path: Path) -> None:
    x = np.random.default_rng(0).integers(0, 256, (80, 12, 10, 3), dtype=np.uint8)
    config = config_of(tmp_path, x)
    setup = prepare(config.model_copy(update={"data": config.data.model_copy(update={"options": {}})}))
    whole = board_budget(setup.board)
    state, sums, struct = 16, 2 * 10 * 3 * 4, 16
    assert whole.sram_bytes - setup.budget.sram_bytes == state + sums
    assert whole.flash_bytes - setup.budget.flash_bytes > struct


def test_demonstrations_reserve_nothing() -> None:
    config = parse_config({"board": "nucleo_f446re", "device": "none", "data": {"name": "digits"}})
    setup = prepare(config)
    assert setup.budget == board_budget(setup.board)


@pytest.mark.parametrize("name", ["a/b", "..", "../b", "/tmp/b", "a\\b"])
def test_a_run_is_named_by_no_path(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="expected a name, not a path") as refusal:
        new_run_folder(tmp_path, name, "stem")
    assert "--runs DIR" in str(refusal.value.remedy)


def test_a_run_has_the_name_that_was_given_or_the_next_number(tmp_path: Path) -> None:
    assert new_run_folder(tmp_path, "mein lauf ü", "stem") == tmp_path / "mein lauf ü"
    (tmp_path / "stem-1").mkdir()
    assert new_run_folder(tmp_path, None, "stem") == tmp_path / "stem-2"


def test_a_cluster_that_does_not_answer_is_found_before_the_data_are_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def gone(address: str) -> None:
        raise MachineError(f"no Ray cluster answers at {address}", remedy="start one")

    def unread(config: object) -> None:
        raise AssertionError("the data were read")

    monkeypatch.setattr(setup, "connected", gone)
    monkeypatch.setattr(setup, "load", unread)
    config = parse_config(
        {"board": "nucleo_f446re", "executor": "ray", "ray_address": "192.0.2.7:6379", "workers": 2}
    )
    with pytest.raises(MachineError, match=r"no Ray cluster answers at 192\.0\.2\.7:6379"):
        setup.prepare(config)


def test_a_cluster_is_not_waited_for_beyond_a_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ray itself would try for minutes."""
    pytest.importorskip("ray")
    asked: list[tuple[tuple[str, int], float]] = []

    def silent(address: tuple[str, int], timeout_s: float) -> None:
        asked.append((address, timeout_s))
        raise TimeoutError("timed out")

    monkeypatch.setattr(ray_cluster.socket, "create_connection", silent)
    with pytest.raises(MachineError, match=r"no Ray cluster answers at 192\.0\.2\.7:6379: timed out"):
        ray_cluster.connected("192.0.2.7:6379")
    assert asked == [(("192.0.2.7", 6379), ray_cluster.ANSWER_S)]


def test_a_port_without_a_cluster_is_refused_at_once() -> None:
    pytest.importorskip("ray")
    with pytest.raises(MachineError, match=r"no Ray cluster answers at 127\.0\.0\.1:1: "):
        ray_cluster.connected("127.0.0.1:1")
