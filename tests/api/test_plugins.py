"""Parts of the user's: the shipped examples, and one plain message for each fault of such a part."""

from __future__ import annotations

import importlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import yaml

import micronas as mn
from micronas.config import DataConfig, RewardConfig, SpaceConfig, StrategyConfig, parse_config
from micronas.data import load
from micronas.estimate import candidate as candidate_module
from micronas.estimate.candidate import estimate_by
from micronas.estimate.full import Estimate
from micronas.host.plugin import Part, find, reference
from micronas.space import make_space
from micronas.strategy import make_strategy
from micronas.strategy.reward import reward
from micronas.train.settings import TrainSettings
from micronas.train.time_limit import TimeLimit
from tests.support.paths import REPOSITORY

EXAMPLES = REPOSITORY / "examples" / "plugins"


@pytest.fixture(autouse=True)
def _in_the_examples(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(EXAMPLES)
    monkeypatch.syspath_prepend(str(EXAMPLES))
    find.cache_clear()
    yield
    find.cache_clear()


def test_a_source_replaces_the_data() -> None:
    own = load(DataConfig(name="noisy_digits:noisy_digits"))
    shipped = load(DataConfig(name="digits"))
    assert own.name == "noisy_digits"
    assert len(own.train) < 0.7 * len(shipped.train)


def test_a_metric_is_the_figure_of_the_data() -> None:
    data = load(DataConfig(name="digits", metric="worst_class:worst_class"))
    assert data.figure == "worst_class"
    outputs = np.array([[5, 1], [5, 1], [1, 5], [5, 1]], np.int8)
    assert data.metric is not None
    assert data.metric(np.array([0, 0, 1, 1]), outputs) == 0.5


def test_a_strategy_proposes_accepted_networks_and_learns() -> None:
    space = make_space(SpaceConfig(name="mlp", max_width=16), (8, 8, 1), 10)
    strategy = make_strategy(StrategyConfig(name="small_steps:SmallSteps"), space, 0, lambda arch: True)
    assert space.key(strategy.ask(1)) == space.key(strategy.ask(1))


def test_a_space_is_made_for_the_data() -> None:
    space = make_space(SpaceConfig(name="two_layers:two_layers"), (8, 8, 1), 3)
    net = space.net(space.sample(np.random.default_rng(0)))
    assert net.shapes[-1] == (3,)


def test_an_estimator_trains_as_it_likes_within_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trainings replaced: the worse of two seeds, and the time limit holds for both together."""
    asked: list[tuple[int, float]] = []

    def trained(
        net: object, data: object, settings: object, seed: int, limit: TimeLimit, **_: object
    ) -> Estimate:
        asked.append((seed, limit.wall_s))
        return Estimate(b"", 0.9 if seed == 7 else 0.6, 0.9, 1, cpu_s=-1.0, parameters=1, macs=1)

    monkeypatch.setattr(candidate_module, "estimate", trained)
    candidate = mn.Candidate(None, DataConfig(), TrainSettings(), 7, TimeLimit(wall_s=50), 100)  # type: ignore[arg-type]
    found = estimate_by("two_seeds:two_seeds", candidate)
    assert found.quality_int8 == 0.6
    assert found.cpu_s >= 0, "the CPU time of everything it did"
    assert [seed for seed, _ in asked] == [7, 8]
    assert asked[1][1] < asked[0][1] < 50


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (0.5, "returned a float"),
        (Estimate(b"", float("nan"), 0.9, 1, 0.0, 1, 1), "returned quality_int8 nan"),
    ],
)
def test_an_estimator_that_returns_something_else_is_refused(
    value: object, says: str, tmp_path: Path
) -> None:
    name = reference(lambda candidate: value, Part.ESTIMATOR, tmp_path)
    candidate = mn.Candidate(None, DataConfig(), TrainSettings(), 7, TimeLimit(), 100)  # type: ignore[arg-type]
    with pytest.raises(mn.MicronasError, match=says):
        estimate_by(name, candidate)


def test_a_reward_replaces_the_formula() -> None:
    own = RewardConfig(target_ms=1.0, function="deadline:deadline")
    assert reward(0.9, 7.0, own) == pytest.approx(0.88)
    assert reward(0.9, None, own) == 0.9


def test_an_object_with_a_module_goes_by_its_name(tmp_path: Path) -> None:
    from worst_class import worst_class  # an example of the folder

    assert reference(worst_class, Part.METRIC, tmp_path) == "worst_class:worst_class"
    assert list(tmp_path.iterdir()) == []


def test_an_object_without_one_goes_as_a_file(tmp_path: Path) -> None:
    factor = 2.0
    name = reference(lambda quality, ms: factor * quality, Part.REWARD, tmp_path)
    assert reward(0.25, 1.0, RewardConfig(function=name)) == 0.5


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("nowhere:thing", "cannot be imported"),
        ("worst_class:missing", "has no 'missing'"),
        ("deadline:DEADLINE_MS", "cannot be called"),
        ("pickle:/nowhere.pkl", "cannot be read"),
        ("not_an_entry_point", "no entry point"),
    ],
)
def test_what_cannot_be_found_is_one_message(name: str, says: str) -> None:
    with pytest.raises(mn.MicronasError, match=f"data.metric: .*{says}"):
        find(name, Part.METRIC)


@pytest.mark.parametrize("value", [float("nan"), 1.5, -0.1, None, "good"])
def test_a_metric_out_of_range_is_refused(value: object, networks: Path, tmp_path: Path) -> None:
    from micronas.estimate.accuracy import by_metric

    name = reference(lambda labels, outputs: value, Part.METRIC, tmp_path)
    data = load(DataConfig(name="digits", metric=name))
    outputs = np.zeros((len(data.validation), 10), np.int8)
    with pytest.raises(mn.MicronasError, match="a metric returns a number from 0 to 1"):
        by_metric(data, data.validation, outputs)


def test_a_source_that_returns_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(mn.MicronasError, match="returned a list"):
        load(DataConfig(name=reference(lambda config: [], Part.SOURCE, tmp_path)))


def test_every_example_is_short_and_says_how_to_use_it() -> None:
    examples = sorted(EXAMPLES.glob("*.py"))
    assert len(examples) == 6
    for path in examples:
        text = path.read_text(encoding="utf-8")
        assert len(text.splitlines()) <= 30, path.name
        assert "mn.search(" in text
        assert f"{path.stem}:" in text


MODULE_NAMES = {
    Part.SOURCE: "noisy_digits:noisy_digits",
    Part.METRIC: "worst_class:worst_class",
    Part.SPACE: "two_layers:two_layers",
    Part.STRATEGY: "small_steps:SmallSteps",
    Part.ESTIMATOR: "two_seeds:two_seeds",
    Part.REWARD: "deadline:deadline",
}
ENTRY_NAMES = {part: f"my-{part.name.lower()}" for part in Part}


@pytest.fixture(scope="module")
def installed_parts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The examples as a package with an entry point of each kind, installed by pip into a folder."""
    folder = tmp_path_factory.mktemp("parts")
    project, target = folder / "project", folder / "installed"
    (project / "my_parts").mkdir(parents=True)
    (project / "my_parts" / "__init__.py").touch()
    for path in EXAMPLES.glob("*.py"):
        shutil.copy(path, project / "my_parts")
    lines = ["[project]", 'name = "my-parts"', 'version = "1.0"']
    for part, name in MODULE_NAMES.items():
        lines += [f'[project.entry-points."{part.group}"]', f'{ENTRY_NAMES[part]} = "my_parts.{name}"']
    (project / "pyproject.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    command += ["--no-build-isolation", "--target", str(target), str(project)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return target


@pytest.mark.parametrize("part", Part, ids=lambda part: part.name)
def test_a_part_of_an_installed_package_goes_by_its_entry_point(
    part: Part, installed_parts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = ENTRY_NAMES[part]
    with pytest.raises(mn.MicronasError, match="no entry point"):
        find(name, part)
    monkeypatch.syspath_prepend(str(installed_parts))
    section, key = part.key.split(".")
    config = parse_config({"board": "nucleo_f446re", section: {key: name}})
    assert getattr(getattr(config, section), key) == name
    module, _, attribute = MODULE_NAMES[part].partition(":")
    found = find(name, part)
    assert found is getattr(importlib.import_module(f"my_parts.{module}"), attribute)
    other = next(each for each in Part if each is not part)
    with pytest.raises(mn.MicronasError, match="no entry point"):  # each kind has a group of its own
        find(name, other)


@pytest.mark.slow
@pytest.mark.parametrize(
    "by_entry_point",
    [
        {Part.SOURCE, Part.SPACE, Part.REWARD},
        pytest.param({Part.METRIC, Part.STRATEGY, Part.ESTIMATOR}, marks=pytest.mark.exhaustive),
    ],
    ids=["source space reward", "metric strategy estimator"],
)
def test_all_of_them_together_by_name_in_yaml(
    by_entry_point: set[Part], installed_parts: Path, tmp_path: Path
) -> None:
    """Some by the entry point of an installed package, the others by ``module:name`` from the folder."""
    for path in EXAMPLES.iterdir():
        if path.is_file():
            shutil.copy(path, tmp_path)
    config = yaml.safe_load((tmp_path / "small.yaml").read_text(encoding="utf-8"))
    for part in Part:
        section, key = part.key.split(".")
        name = (ENTRY_NAMES if part in by_entry_point else MODULE_NAMES)[part]
        config.setdefault(section, {})[key] = name
    (tmp_path / "parts.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    path = os.pathsep.join([str(installed_parts), os.environ.get("PYTHONPATH", str(REPOSITORY))])
    command = [sys.executable, "-m", "micronas", "search", "parts.yaml", "--json"]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=280,
        env={**os.environ, "PYTHONPATH": path},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    best = json.loads(done.stdout)["best"]
    assert best["figure"] in ("worst_class", ENTRY_NAMES[Part.METRIC])
    assert best["reward"] == pytest.approx(best["quality"]["validation_int8"])
