"""Predicted latency of networks on the run's device, from the networks that ran there.

The latency model (``micronas.latency``) is used first: one formula per kernel, with an error bar. If it has
too few networks, or none similar to this one, a regression with two coefficients replaces it
(``micronas.strategy.latency_regression``), with errors of 10 % and more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from micronas.config import LatencyConfig
from micronas.latency.op_model import BoardLatency
from micronas.memory.ledger import Ledger
from micronas.model.graph import Graph
from micronas.model.net import shape_graph
from micronas.search.predicted_latency.modelled import modelled_by_ledger
from micronas.search.predicted_latency.prediction import PROFILE, LatencyPredictor, latency_in
from micronas.space import Arch, Space
from micronas.store import Record
from micronas.strategy.dnas.cost_tables import values_written
from micronas.strategy.latency_regression import LatencyRegression
from micronas.trial import Json


@dataclass(frozen=True)
class ProfiledNetwork:
    """A network of the run's space that ran on the device, with its profile for the latency model."""

    arch: Json
    profile: Json

    @property
    def ms(self) -> float:
        """Its latency."""
        return latency_in(self.profile).ms


@dataclass(frozen=True)
class PredictedMs:
    """Predicted milliseconds; ``error`` is the relative error bar, None for the regression."""

    ms: float
    error: float | None

    @property
    def max_ms(self) -> float:
        """Upper end of the error bar."""
        return self.ms * (1.0 + (self.error or 0.0))


def ran_before(records: Sequence[Record], number: int) -> tuple[ProfiledNetwork, ...]:
    """Trials below ``number`` that ran, including those that were too slow."""
    return tuple(
        ProfiledNetwork(record.trial.arch, record.details[PROFILE])
        for record in records
        if record.trial.number < number
        and PROFILE in record.details
        and "repeats_trial" not in record.details
    )


class Shapes:
    """Graph and ledger of architectures as they are deployed, each computed once."""

    def __init__(self, space: Space, deployed: Callable[[Arch], Ledger]) -> None:
        """``deployed`` gives the ledger by which an architecture would be built."""
        self.space, self._deployed = space, deployed
        self._known: dict[str, tuple[Graph, Ledger, int]] = {}

    def of(self, arch: Arch) -> tuple[Graph, Ledger, int]:
        """Graph, ledger, and multiply-accumulates."""
        key = self.space.key(arch)
        if key not in self._known:
            net = self.space.net(arch)
            graph = shape_graph(net)
            self._known[key] = graph, self._deployed(arch), net.macs
        return self._known[key]


class SubnetLatency:
    """A function of the networks ``ran``, in that order."""

    def __init__(
        self,
        shapes: Shapes,
        config: LatencyConfig,
        ran: Sequence[ProfiledNetwork],
        modelled: BoardLatency | None = None,
    ) -> None:
        """``modelled`` is set if the run's latencies are modelled; the networks ``ran`` then have no
        effect.
        """
        self._shapes, self._config, self._modelled = shapes, config, modelled
        self._predictor = LatencyPredictor([r.profile for r in ran])
        regression = LatencyRegression(shapes.space)
        for number, one in enumerate(ran):
            regression.ran(number, shapes.space.from_json(one.arch), one.ms)
        self._speed = regression.speed()

    def by_model(self, arch: Arch) -> PredictedMs | None:
        """The latency model's prediction; None if it does not apply or its error bar is too wide."""
        graph, ledger, _ = self._shapes.of(arch)
        said = self._predictor.untrained(graph, ledger.lowered)
        if said is None or not said.is_trusted(self._config):
            return None
        return PredictedMs(said.latency.ms, said.error)

    def of(self, arch: Arch) -> PredictedMs | None:
        """The modelled latency, otherwise the best available prediction; None if no network ran."""
        if self._modelled is not None:
            graph, ledger, _ = self._shapes.of(arch)
            return PredictedMs(modelled_by_ledger(self._modelled, graph, ledger).ms, 0.0)
        if self._speed is None:
            return None
        if (said := self.by_model(arch)) is not None:
            return said
        graph, _, macs = self._shapes.of(arch)
        return PredictedMs(self._speed.ms(macs, values_written(graph)), None)
