"""REINFORCE: its gradient against finite differences, its grammar, and a bandit that it has to solve."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pytest

from micronas.config import SpaceConfig, StrategyConfig
from micronas.space import make_space
from micronas.space.grammar import Choose, Token, encode
from micronas.space.layerwise import LayerwiseSpace
from micronas.strategy import make_strategy
from micronas.strategy.reinforce import Reinforce
from micronas.strategy.reinforce.controller import Controller
from micronas.trial import Outcome, Scores, Trial
from tests.support.search_fakes import GENES, ToyArch, ToySpace, ToyTokens, toy_trial

SEQUENCE = (
    Token(0, (True, True, True), 1),
    Token(1, (True, False, True, True), 2),
    Token(0, (True, True, False), 0),
)


def objective(controller: Controller, sequence: Sequence[Token], advantage: float, weight: float) -> float:
    """The sum whose gradient is claimed, from probabilities alone."""
    hidden, row = controller.begin()
    total = 0.0
    for token in sequence:
        hidden = controller.step((hidden, row))
        p = controller.probabilities(hidden, token.slot, token.valid)
        total += advantage * np.log(p[token.index]) - weight * sum(q * np.log(q) for q in p if q > 0)
        row = controller.row(token.slot, token.index)
    return float(total)


@pytest.mark.parametrize(("advantage", "weight"), [(0.7, 0.0), (0.0, 0.3), (-1.2, 0.1)])
def test_the_gradient_is_that_of_finite_differences(advantage: float, weight: float) -> None:
    controller = Controller((3, 4), np.random.default_rng(1), hidden=5)
    for array in controller.parameters.arrays():
        array += 0.5 * np.random.default_rng(array.size).standard_normal(array.shape)
    claimed = controller.gradient(SEQUENCE, advantage, weight)
    for array, gradient in zip(controller.parameters.arrays(), claimed, strict=True):
        for place in np.ndindex(array.shape):
            kept = array[place]
            array[place] = kept + 1e-6
            above = objective(controller, SEQUENCE, advantage, weight)
            array[place] = kept - 1e-6
            below = objective(controller, SEQUENCE, advantage, weight)
            array[place] = kept
            assert gradient[place] == pytest.approx((above - below) / 2e-6, abs=1e-6)


def test_invalid_choices_have_no_probability() -> None:
    controller = Controller((4,), np.random.default_rng(0))
    p = controller.probabilities(controller.step(controller.begin()), 0, (False, True, False, True))
    assert p[0] == p[2] == 0.0
    assert p.sum() == pytest.approx(1.0)


class Arms:
    """A bandit: one token, eight arms."""

    slots = (8,)

    def emit(self, choose: Choose) -> ToyArch:
        return ToyArch((choose(0, (True,) * 8),) + (0,) * (GENES - 1))

    def indices(self, arch: ToyArch) -> Iterator[int]:
        return iter(arch.genes[:1])


@pytest.mark.parametrize("share", [0.3, 1.0])
def test_the_gradient_of_tokens_drawn_partly_at_random_is_that_of_their_own_distribution(
    share: float,
) -> None:
    controller = Controller((3, 4), np.random.default_rng(1), hidden=5)

    def log_drawn() -> float:
        hidden, row, total = *controller.begin(), 0.0
        for token in SEQUENCE:
            hidden = controller.step((hidden, row))
            p = controller.probabilities(hidden, token.slot, token.valid)
            total += np.log((1 - share) * p[token.index] + share / sum(token.valid))
            row = controller.row(token.slot, token.index)
        return float(total)

    claimed = controller.gradient(SEQUENCE, 1.0, 0.0, share)
    for array, gradient in zip(controller.parameters.arrays(), claimed, strict=True):
        for place in np.ndindex(array.shape):
            kept = array[place]
            array[place] = kept + 1e-6
            above = log_drawn()
            array[place] = kept - 1e-6
            below = log_drawn()
            array[place] = kept
            assert gradient[place] == pytest.approx((above - below) / 2e-6, abs=1e-6)


class Synonyms(Arms):
    """The even and the odd arm of a pair write the same network; its canonical form is the even one."""

    def emit(self, choose: Choose) -> ToyArch:
        return ToyArch((choose(0, (True,) * 8) // 2 * 2,) + (0,) * (GENES - 1))


@pytest.mark.parametrize("workers", [1, 3])
def test_the_tokens_that_were_sampled_are_credited_and_a_resumed_run_learns_the_same(
    workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    space, credited = ToySpace(), list[tuple[int, ...]]()
    gradient, emit = Controller.gradient, Synonyms.emit
    taken: dict[int, int] = {}

    def noted(self: Controller, sequence: Sequence[Token], *rest: float) -> list[np.ndarray]:  # type: ignore[type-arg]
        credited.append(tuple(token.index for token in sequence))
        return gradient(self, sequence, *rest)

    monkeypatch.setattr(Controller, "gradient", noted)
    live = Reinforce(space, 0, lambda arch: True, Synonyms(), workers=workers)
    trials: list[Trial] = []
    for number in range(40):
        if number >= workers:
            live.tell(trials[number - workers])

        def seen(self: Synonyms, choose: Choose, number: int = number) -> ToyArch:
            def choosing(slot: int, valid: tuple[bool, ...]) -> int:
                taken[number] = choose(slot, valid)
                return taken[number]

            return emit(self, choosing)

        monkeypatch.setattr(Synonyms, "emit", seen)
        arch = live.ask(number)
        monkeypatch.setattr(Synonyms, "emit", emit)
        trials.append(toy_trial(number, arch.genes))
    reported = 40 - workers
    assert credited == [(taken[number],) for number in range(reported)]
    assert any(index % 2 for (index,) in credited), "canonical sequences would all be even"
    resumed = Reinforce(space, 0, lambda arch: True, Synonyms(), workers=workers)
    for trial in trials[:reported]:
        resumed.tell(trial)
    assert all(resumed.ask(n) == live.ask(n) for n in range(100, 140))


def test_it_solves_a_bandit() -> None:
    space = ToySpace()
    rng = np.random.default_rng(5)
    strategy = Reinforce(space, 0, lambda arch: True, Arms())
    pulls = []
    for number in range(300):
        arm = strategy.ask(number).genes[0]
        pulls.append(arm)
        trial = toy_trial(number, (arm, 0, 0, 0, 0, 0))
        assert trial.scores is not None
        reward = (0.9 if arm == 6 else 0.7) + 0.05 * rng.standard_normal()
        strategy.tell(
            Trial(number, trial.arch, trial.key, Outcome.COMPLETE, replace_reward(trial, float(reward)))
        )
    assert np.mean(np.array(pulls[-100:]) == 6) > 0.8


def replace_reward(trial: Trial, reward: float) -> Scores:
    assert trial.scores is not None
    return replace(trial.scores, reward=reward)


def test_it_learns_a_smooth_landscape_without_proposing_anything_twice() -> None:
    seen: set[ToyArch] = set()
    strategy = Reinforce(ToySpace(), 1, lambda arch: arch not in seen, ToyTokens())
    sums = []
    for number in range(150):
        arch = strategy.ask(number)
        seen.add(arch)
        sums.append(sum(arch.genes))
        strategy.tell(toy_trial(number, arch.genes))
    assert len(seen) == 150
    # Uniform words sum to 12 on average, standard deviation 3.5.
    assert np.mean(sums[-20:]) > 12 + 1.5 * 3.5


@pytest.fixture(scope="module")
def layerwise() -> LayerwiseSpace:
    space = make_space(SpaceConfig(hard_swish=True, squeeze_excite=True), (28, 28, 1), 10)
    assert isinstance(space, LayerwiseSpace)
    return space


def test_every_layerwise_network_has_a_sequence_that_gives_it_back(layerwise: LayerwiseSpace) -> None:
    tokens, rng = layerwise.grammar(), np.random.default_rng(3)
    for arch in (*layerwise.baselines(), *(layerwise.sample(rng) for _ in range(100))):
        indices = iter([token.index for token in encode(tokens, arch)])
        rebuilt = tokens.emit(lambda slot, valid, indices=indices: next(indices))
        assert layerwise.key(rebuilt) == layerwise.key(arch)


def test_whatever_the_controller_writes_is_of_the_space(layerwise: LayerwiseSpace) -> None:
    strategy = make_strategy(StrategyConfig(name="reinforce"), layerwise, 0, lambda arch: True)
    for number in range(40):
        arch = strategy.ask(number)
        assert layerwise.net(arch).output_shape == (10,)
        assert layerwise.from_json(layerwise.to_json(arch)) == arch
