"""The controller's grammars of the other spaces: whatever it writes is of the space, and can be read back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from micronas.config import SpaceConfig, StrategyConfig
from micronas.space import make_space
from micronas.space.grammar import Grammar, encode
from micronas.space.space_config import every_option
from micronas.strategy import make_strategy
from micronas.supernet.choose_region import choose_region


def _space(**keys: Any) -> Any:
    return make_space(SpaceConfig.model_validate(keys), (28, 28, 1), 10)


def _region() -> Any:
    space = _space(name="layerwise")
    return choose_region(space, space.baselines()[10])


MICRONETS = _space(name="micronets", max_blocks=5, min_blocks=3, backbone="mobilenet_v2")
CELL, MLP, DS_CNN, REGION = _space(name="cell"), _space(name="mlp"), _space(name="micronets"), _region()
SPACES = {
    "layerwise": _space(name="layerwise", **dict.fromkeys(every_option("layerwise"), True)),
    "layerwise, one kernel": _space(name="layerwise", kernels=(3,), min_blocks=1),
    "cell": CELL,
    "mlp": MLP,
    "ds_cnn": DS_CNN,
    "mobilenet_v2": MICRONETS,
    "region": REGION,
}
GRAMMARS: list[tuple[str, Any, Grammar]] = [(name, space, space.grammar()) for name, space in SPACES.items()]
named = pytest.mark.parametrize(("space", "tokens"), [g[1:] for g in GRAMMARS], ids=[g[0] for g in GRAMMARS])


@named
def test_whatever_is_written_is_of_the_space(space: Any, tokens: Grammar) -> None:
    rng = np.random.default_rng(0)

    def choose(slot: int, valid: tuple[bool, ...]) -> int:
        assert len(valid) == tokens.slots[slot]
        return int(rng.choice(np.flatnonzero(valid)))

    keys = set()
    for _ in range(60):
        arch = tokens.emit(choose)
        assert space.from_json(space.to_json(arch)) == arch
        assert space.net(arch).output_shape == (10,)
        keys.add(space.key(arch))
    assert len(keys) > 50


@named
def test_networks_of_the_space_can_be_written(space: Any, tokens: Grammar) -> None:
    rng = np.random.default_rng(1)
    readable = 0
    for arch in (space.sample(rng) for _ in range(60)):
        try:
            sequence = encode(tokens, arch)
        except ValueError:
            continue
        readable += 1
        indices = iter([token.index for token in sequence])
        rebuilt = tokens.emit(lambda slot, valid, indices=indices: next(indices))  # type: ignore[misc]
        assert space.key(rebuilt) == space.key(arch)
    # In cells with all nodes in use, what the last one must have may stand on its other edge.
    assert readable >= (45 if space is CELL else 60)


@named
def test_the_controller_proposes_and_learns_there(space: Any, tokens: Grammar) -> None:
    strategy = make_strategy(StrategyConfig(name="reinforce"), space, 0, lambda arch: True)
    asked = [strategy.ask(number) for number in range(5)]
    assert all(space.from_json(space.to_json(arch)) == arch for arch in asked)
