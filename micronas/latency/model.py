"""The model: profiles in, predictions with an error bar out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np

from micronas.latency.features import OpFeatures, classes_before_training
from micronas.latency.nnls import Vector, nnls
from micronas.trial import Json

MIN_OPS = 3
"""Profiled ops that a kernel class needs before it is predicted."""

REACH = 2.0
"""How far beyond the largest profiled value a feature may be."""

LEVERAGE = 3.0
"""Maximum leverage of an op: profiled ops have at most 1, an op unlike all of them has far more."""

_UNSEEN = 1e-8
"""Relative ridge of the leverage: a direction that no profiled op has gets about its inverse."""

LATEST = 100
"""Profiles that are used; older ones are from networks that differ from the current ones."""


_Choice: TypeAlias = tuple[OpFeatures, ...]
"""An op in each of the kernel classes that it may be of."""


@dataclass(frozen=True)
class Profile:
    """A network that ran: features and count of each op, and the count of the whole inference."""

    ops: tuple[tuple[OpFeatures, float], ...]
    count: float


@dataclass(frozen=True)
class Prediction:
    """``count`` is in the profiles' unit; ``error`` is the relative error bar, from ``networks`` errors."""

    count: float
    error: float
    networks: int


@dataclass(frozen=True)
class _Law:
    """Sums over the profiled ops of one kernel class, and how far they reach.

    An op is within reach if its features are not far beyond the largest, and if its leverage is small: its
    row must be a mixture of profiled rows. With fewer ops than features the prices are not determined, but
    their prediction for such a row is.
    """

    gram: Vector
    moment: Vector
    ops: int
    largest: Vector

    def reaches(self, row: Vector, count: float) -> bool:
        """Whether an op with these features and about this count can be predicted from the profiled ones."""
        if self.ops < MIN_OPS or bool((row > REACH * self.largest).any()):
            return False
        scale = np.sqrt(np.maximum(np.diag(self.gram), 1e-300))
        gram = self.gram / np.outer(scale, scale) + _UNSEEN * np.eye(len(row))
        scaled = row / scale
        with np.errstate(over="ignore", invalid="ignore"):  # a feature that only the left-out network has
            return float(scaled @ np.linalg.solve(gram, scaled)) / max(count, 1.0) <= LEVERAGE

    def without(self, other: _Law) -> _Law:
        """The same sums less another's.

        The largest values stay, so a left-out network is predicted even slightly outside the range of the
        others, with a correspondingly larger error.
        """
        return _Law(self.gram - other.gram, self.moment - other.moment, self.ops - other.ops, self.largest)


class LatencyModel:
    """Fitted on ``profiles`` in the order in which they were observed."""

    def __init__(self, profiles: Sequence[Profile]) -> None:
        self._profiles = tuple(profiles[-LATEST:])
        self._own = [_laws(profile) for profile in self._profiles]
        self._laws = _sum(self._own)
        self._prices = {name: nnls(law.gram, law.moment) for name, law in self._laws.items()}

    @cached_property
    def errors(self) -> tuple[float, ...]:
        """Relative errors, predicted / profiled - 1, of networks predicted from all the others."""
        return tuple(self._left_out_errors(_as_it_is))

    @cached_property
    def untrained_errors(self) -> tuple[float, ...]:
        """The same for predictions without weights."""
        return tuple(self._left_out_errors(classes_before_training))

    def predict(self, ops: Sequence[OpFeatures]) -> Prediction | None:
        """None if an op's kernel was profiled too rarely, or only with smaller or very different shapes."""
        return self._predict([_as_it_is(op) for op in ops], self.errors)

    def predict_untrained(self, ops: Sequence[OpFeatures]) -> Prediction | None:
        """The count of a network with unknown weights, each op in its cheapest class.

        The error bar comes from predictions made in the same way, so it includes this underestimate.
        """
        return self._predict([classes_before_training(op) for op in ops], self.untrained_errors)

    def _predict(self, ops: Sequence[_Choice], errors: Sequence[float]) -> Prediction | None:
        if not errors:
            return None
        count = _total(_calls(len(ops)), ops, self._laws, self._prices)
        return None if count is None else Prediction(count, max(abs(e) for e in errors), len(errors))

    def _left_out_errors(self, choice: Callable[[OpFeatures], _Choice]) -> list[float]:
        errors = []
        for profile, own in zip(self._profiles, self._own, strict=True):
            rest = {name: law.without(own[name]) if name in own else law for name, law in self._laws.items()}
            prices = {
                name: nnls(rest[name].gram, rest[name].moment) if name in own else self._prices[name]
                for name in rest
            }
            ops = [choice(features) for features, _ in profile.ops]
            count = _total(_calls(len(ops)), ops, rest, prices)
            if count is not None:
                errors.append(count / profile.count - 1.0)
        return errors


_BETWEEN = "calls"


def _calls(ops: int) -> OpFeatures:
    """The count outside the ops: the entry to the network, and the calls between ops."""
    return OpFeatures(_BETWEEN, (1.0, float(ops)))


def _laws(profile: Profile) -> dict[str, _Law]:
    """The sums of one network. A count's weight is its inverse: errors add up in proportion to the counts."""
    between = max(profile.count - sum(count for _, count in profile.ops), 1.0)
    laws: dict[str, _Law] = {}
    for features, count in (*profile.ops, (_calls(len(profile.ops)), between)):
        row = np.array(features.values)
        weight = 1.0 / max(count, 1.0)
        law = _Law(weight * np.outer(row, row), weight * count * row, 1, row)
        name = features.kernel_class
        laws[name] = _plus(laws[name], law) if name in laws else law
    return laws


def _plus(a: _Law, b: _Law) -> _Law:
    return _Law(a.gram + b.gram, a.moment + b.moment, a.ops + b.ops, np.maximum(a.largest, b.largest))


def _sum(parts: Sequence[dict[str, _Law]]) -> dict[str, _Law]:
    total: dict[str, _Law] = {}
    for part in parts:
        for name, law in part.items():
            total[name] = _plus(total[name], law) if name in total else law
    return total


def _total(
    calls: OpFeatures, ops: Sequence[_Choice], laws: dict[str, _Law], prices: dict[str, Vector]
) -> float | None:
    """The sum over the ops, each in its cheapest known class; None if an op has none."""
    total = 0.0
    for choice in (*ops, _as_it_is(calls)):
        counts = [_count(features, laws, prices) for features in choice]
        known = [count for count in counts if count is not None]
        if not known:
            return None
        total += min(known)
    return total


def _count(features: OpFeatures, laws: dict[str, _Law], prices: dict[str, Vector]) -> float | None:
    law = laws.get(features.kernel_class)
    if law is None:
        return None
    row = np.array(features.values)
    count = float(prices[features.kernel_class] @ row)
    return count if law.reaches(row, count) else None


def _as_it_is(op: OpFeatures) -> _Choice:
    return (op,)


def profile_to_json(profile: Profile) -> dict[str, Json]:
    """The form in a trial's details."""
    ops: list[Json] = [[f.kernel_class, count, *f.values] for f, count in profile.ops]
    return {"ops": ops, "count": profile.count}


def profile_from_json(value: Json) -> Profile:
    """The inverse of ``profile_to_json``."""
    raw: Any = value
    ops = tuple((OpFeatures(name, tuple(values)), float(count)) for name, count, *values in raw["ops"])
    return Profile(ops, float(raw["count"]))
