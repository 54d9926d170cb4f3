"""How well a proxy ranks networks, compared with training each of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from micronas.errors import plural
from micronas.estimate.rank import kendall_tau
from micronas.trial import Json

MIN_NETWORKS = 4
"""Fewer networks are too few for a conclusion."""

TRUSTED_TAU = 0.5
"""Kendall's tau below which a proxy does not rank networks well enough to select among them: a run warns, and
one with shared weights continues without them. Of samples of six networks ranked by chance, .07 reach it
(``benchmarks/supernet/chance.py``).
"""


@dataclass(frozen=True)
class Agreement:
    """Kendall's tau-b between a proxy's scores and stand-alone accuracies of ``networks`` networks.

    ``baseline_tau`` is that of the number of parameters over the same networks, None if it was not measured.
    """

    proxy: str
    tau: float
    networks: int
    baseline_tau: float | None = None

    def to_json(self) -> dict[str, Json]:
        """The figures, and the warning."""
        return {
            "proxy": self.proxy,
            "kendall_tau": self.tau,
            "networks": self.networks,
            "baseline_tau": self.baseline_tau,
            "warning": self.warning,
        }

    @property
    def warning(self) -> str:
        """A warning if the proxy is not reliable; otherwise empty."""
        if self.networks < MIN_NETWORKS:
            return f"{plural(self.networks, 'network')}: too few to measure how well the {self.proxy} ranks"
        if self.baseline_tau is not None and self.tau <= self.baseline_tau:
            return (
                f"Kendall's tau of the {self.proxy} is {self.tau:.2f} over "
                f"{plural(self.networks, 'network')}; the number of parameters alone gives "
                f"{self.baseline_tau:.2f}, so prefer estimator.prefilter.proxy: parameters"
            )
        if self.tau >= TRUSTED_TAU:
            return ""
        return (
            f"Kendall's tau of the {self.proxy} is {self.tau:.2f} over "
            f"{plural(self.networks, 'network')}, below {TRUSTED_TAU}: do not rely on its order"
        )


def agreement_from_json(data: Json) -> Agreement:
    """The inverse of ``Agreement.to_json``; raises ``TypeError`` or ``KeyError`` for other data."""
    if not isinstance(data, dict):
        raise TypeError(f"{data!r} is not an object")
    return Agreement(
        str(data["proxy"]),
        _number(data["kendall_tau"]),
        round(_number(data["networks"])),
        None if data["baseline_tau"] is None else _number(data["baseline_tau"]),
    )


def _number(value: Json) -> float:
    if not isinstance(value, int | float):
        raise TypeError(f"{value!r} is not a number")
    return float(value)


def agreement(
    proxy: str,
    scores: Sequence[float],
    stand_alone: Sequence[float],
    parameters: Sequence[float] | None = None,
) -> Agreement:
    """How well ``scores`` rank networks, compared with the accuracies after training.

    ``parameters`` of the same networks are the baseline to beat.
    """
    baseline = None if parameters is None else kendall_tau(parameters, stand_alone)
    return Agreement(proxy, kendall_tau(scores, stand_alone), len(scores), baseline)
