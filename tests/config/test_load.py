"""The search configuration: defaults, refusals in plain words, every shipped file."""

from __future__ import annotations

from pathlib import Path

import pytest

from micronas.config import SearchConfig, load_config, parse_config
from micronas.errors import ConfigError
from tests.support.paths import REPOSITORY

CONFIGS = REPOSITORY / "search_configs"


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda p: p.name)
def test_every_shipped_file_loads(path: Path) -> None:
    config = load_config(path)
    assert config.constraints.flash_kb is not None
    assert config.constraints.sram_kb is not None


def test_the_demo_budgets_are_those_of_the_readme() -> None:
    config = load_config(CONFIGS / "mnist5k.yaml")
    assert (config.constraints.flash_kb, config.constraints.sram_kb) == (96, 48)


@pytest.mark.parametrize(
    ("raw", "complaint", "remedy"),
    [
        ({"budjet": {"trials": 3}}, "unknown key 'budjet'", "did you mean 'budget'?"),
        (
            {"constraints": {"flash": 3}},
            "unknown key 'constraints.flash'",
            "did you mean 'constraints.flash_kb'?",
        ),
        (
            {"budget": {"flash_kb": 3}},
            "unknown key 'budget.flash_kb'",
            "did you mean 'constraints.flash_kb'?",
        ),
        (
            {"epochs": 3},
            "unknown key 'epochs'",
            "'estimator.epochs' is for each trial, 'final_fit.epochs' for the network that is reported",
        ),
        ({"space": {"epochs": 3}}, "unknown key 'space.epochs'", "'estimator.epochs'"),
        ({"trials": 3}, "unknown key 'trials'", "did you mean 'budget.trials'?"),
        ({"strategy": {"populaton": 3}}, "'strategy.populaton'", "did you mean 'strategy.population'?"),
        ({"zzzz": 1}, "unknown key 'zzzz'", "known keys here: board, other_boards, clock_mhz, data, space"),
    ],
)
def test_an_unknown_key_is_refused_with_the_nearest_known_one(raw, complaint, remedy) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_config(raw)
    assert complaint in caught.value.message
    assert remedy in (caught.value.remedy or "")


@pytest.mark.parametrize(
    ("raw", "complaint"),
    [
        ({"seed": "x"}, "seed: must be a whole number, not 'x'"),
        ({"seed": -1}, "seed: must be greater than or equal to 0, not -1"),
        ({"budget": {}}, "budget: give at least one of trials, minutes and cpu_minutes"),
        ({"budget": {"minutes": 0}}, "budget.minutes: must be greater than 0, not 0"),
        ({"strategy": {"population": 4, "sample": 9}}, "strategy: sample 9 is more than population 4"),
        ({"space": {"min_blocks": 5, "max_blocks": 2}}, "space: min_blocks 5 is more than max_blocks 2"),
        ({"space": {"kernels": [4]}}, "space.kernels.0: must be 3, 5 or 7, not 4"),
        ({"space": 3}, "space: must be a section with keys, not 3"),
        ({"board": 12}, "board: must be a text, not 12"),
        ({"seed": 1.5}, "seed: must be a whole number, not 1.5"),
        ({"data": {"path": 5}}, "data.path: must be a path, not 5"),
        ({"data": {"unknown": "x"}}, "data.unknown: must be a list, not 'x'"),
        ({"budget": {"minutes": "x"}}, "budget.minutes: must be a number, not 'x'"),
        ({"device": "qmu"}, "device: must be 'qemu', 'renode', 'serial' or 'none', not 'qmu'"),
        ({"reward": {"exponent": float("nan")}}, "reward.exponent"),
        ({"device": "serial", "workers": 2}, "device serial is a single board, so workers must be 1, not 2"),
        (
            {"latency": {"source": "measured"}, "device": "qemu"},
            "latency.source measured needs device serial, not qemu",
        ),
        (
            {"latency": {"source": "emulated"}, "device": "serial"},
            "latency.source emulated needs device qemu or renode, not serial",
        ),
        (
            {"latency": {"source": "modelled"}, "device": "serial"},
            "latency.source modelled needs device qemu or renode or none, not serial",
        ),
        (
            {"latency": {"source": "modelled", "model": True}},
            "latency.model needs networks that run on a device",
        ),
        ({"workers": -1}, "workers: must be greater than or equal to 0, not -1"),
    ],
)
def test_a_wrong_value_is_named_in_plain_words(raw, complaint) -> None:
    with pytest.raises(ConfigError, match=r"x\.yaml") as caught:
        parse_config(raw, name="x.yaml")
    assert complaint in caught.value.message


def test_overrides_win_and_a_budget_in_minutes_replaces_one_in_trials() -> None:
    file = {"budget": {"trials": 3, "minutes": 9}, "seed": 1}
    config = parse_config(file, overrides={"budget.minutes": 2, "seed": 7})
    assert config.budget.trials is None
    assert config.budget.minutes == 2
    assert config.seed == 7


def test_trials_and_minutes_may_be_given_together() -> None:
    config = parse_config({}, overrides={"budget.minutes": 2, "budget.trials": 5})
    assert (config.budget.trials, config.budget.minutes) == (5, 2)


def test_a_measured_latency_means_a_board() -> None:
    assert parse_config({"latency": {"source": "measured"}}).device == "serial"
    assert parse_config({"latency": {"source": "emulated"}}).device == "qemu"


def test_a_resolved_configuration_reads_back_the_same() -> None:
    config = load_config(CONFIGS / "mnist5k.yaml")
    assert SearchConfig.model_validate_json(config.model_dump_json()) == config


@pytest.mark.parametrize(
    ("text", "complaint"),
    [("a: [", "not valid YAML"), ("- 1\n- 2\n", "expected keys and values, found a list")],
)
def test_a_file_that_is_no_configuration_is_refused(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=complaint) as refusal:
        load_config(path)
    assert "\n" not in refusal.value.message
    assert "micronas init --data DATA" in str(refusal.value.remedy)


def test_a_fault_of_yaml_is_one_line_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("seed: 1\nboard: [x,\n")
    with pytest.raises(ConfigError) as refusal:
        load_config(path)
    assert refusal.value.message.startswith(f"{path}: not valid YAML: line 3, column 1: expected the node")
    path.write_bytes(b"\xcb\xff")
    with pytest.raises(ConfigError, match="cannot be read: byte 0 is not UTF-8 text") as refusal:
        load_config(path)
    assert "YAML text of keys and values" in str(refusal.value.remedy)


def test_a_file_of_comments_means_all_defaults_and_an_empty_one_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("# nothing\n")
    assert load_config(path) == SearchConfig()
    path.write_text("\n")  # as a full disk leaves a file
    with pytest.raises(ConfigError, match=r"c\.yaml: the file is empty"):
        load_config(path)


def test_a_missing_file_names_the_nearest_shipped_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(tmp_path / "mnist.yaml")
    assert (caught.value.remedy or "").startswith("did you mean the shipped mnist5k?")


def test_a_missing_file_is_not_offered_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The path of the documentation, typed in another folder."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError) as caught:
        load_config("search_configs/mnist5k.yaml")
    remedy = caught.value.remedy or ""
    assert "mnist5k" in remedy
    assert "search_configs/mnist5k.yaml" not in remedy
