"""A name that no part has is refused with its key and the nearest name."""

from __future__ import annotations

import pytest

from micronas.config import parse_config
from micronas.errors import MicronasError
from micronas.search import prepare


@pytest.mark.parametrize(
    ("key", "name", "meant"),
    [
        ("space.name", "layerwize", "layerwise"),
        ("space.name", "micronet", "micronets"),
        ("strategy.name", "nsga", "nsga2"),
        ("strategy.name", "agingevolution", "aging_evolution"),
        ("estimator.name", "halvin", "halving"),
        ("data.name", "mnist", "mnist5k"),
    ],
)
def test_a_typo_is_named_with_the_nearest_name(key: str, name: str, meant: str) -> None:
    config = parse_config({"board": "nucleo_f446re", "device": "none"}, overrides={key: name})
    with pytest.raises(MicronasError) as caught:
        prepare(config)
    assert f"{key}: unknown" in caught.value.message
    assert repr(name) in caught.value.message
    assert f"did you mean {meant!r}?" in (caught.value.remedy or "")


@pytest.mark.parametrize("key", ["space.name", "strategy.name", "estimator.name"])
def test_a_name_like_none_lists_those_that_there_are(key: str) -> None:
    config = parse_config({"board": "nucleo_f446re", "device": "none"}, overrides={key: "qqq"})
    with pytest.raises(MicronasError) as caught:
        prepare(config)
    remedy = caught.value.remedy or ""
    assert "did you mean" not in remedy
    assert {"space.name": "mlp", "strategy.name": "random", "estimator.name": "train"}[key] in remedy
