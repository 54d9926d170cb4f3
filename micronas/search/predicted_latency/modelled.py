"""The modelled latency in a search. Shapes determine it, so it limits candidates before training too."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from micronas.latency.op_model import BoardLatency
from micronas.memory.ledger import Ledger
from micronas.model.graph import Graph
from micronas.model.net import shape_graph
from micronas.space import Arch, Space
from micronas.trial import Latency

_MAX_KNOWN = 20_000


class NetLatency:
    """Modelled latency on one board, cached by the keys of architectures."""

    def __init__(self, space: Space, model: BoardLatency, deployed: Callable[[Arch], Ledger]) -> None:
        """``deployed`` gives the ledger by which an architecture would be built."""
        self._space, self._deployed = space, deployed
        self.model = model
        self._known: dict[str, Latency] = {}

    def of(self, arch: Arch) -> Latency:
        """The latency of an architecture, without weights."""
        key = self._space.key(arch)
        if key not in self._known:
            if len(self._known) >= _MAX_KNOWN:
                self._known.clear()
            graph = shape_graph(self._space.net(arch))
            self._known[key] = modelled_by_ledger(self.model, graph, self._deployed(arch))
        return self._known[key]


@dataclass(frozen=True)
class ModelledLimit:
    """``constraints.latency_ms`` as a limit for modelled latencies; see ``gate.LatencyLimit``."""

    model: BoardLatency
    limit_ms: float

    def reason(self, graph: Graph, ledger: Ledger) -> str | None:
        """The latency and the excess over the limit; None for a network that is fast enough."""
        latency = modelled_by_ledger(self.model, graph, ledger)
        over_ms = latency.ms - self.limit_ms
        if over_ms <= 0:
            return None
        return f"{latency}: {over_ms:.2f} ms over constraints.latency_ms {self.limit_ms:g}"


def modelled_by_ledger(model: BoardLatency, graph: Graph, ledger: Ledger) -> Latency:
    """Latency with the kernels, steps and arena of ``ledger``; weights, if ``graph`` has any, have no effect.

    So the gate, which knows shapes only, and the trial of a trained network agree.
    """
    return model.of(
        graph,
        ledger.lowered,
        trained=False,
        memory=str(ledger.arena_location),
        ram_code=ledger.ram_code is not None,
    )


def modelled_limit(model: BoardLatency | None, limit_ms: float | None) -> ModelledLimit | None:
    """The limit of a run; None if latencies are not modelled or not limited."""
    return None if model is None or limit_ms is None else ModelledLimit(model, limit_ms)
