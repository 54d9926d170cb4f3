"""The modelled latency in a search. Shapes determine it, so it limits candidates before training too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from micronas.board import Board
from micronas.codegen.lowering import Lowered, Target
from micronas.codegen.lowering.lower import lower_graph
from micronas.latency.op_model import BoardLatency, board_latency
from micronas.model.graph import Graph
from micronas.model.net import Net, shape_graph
from micronas.space import Arch, Space
from micronas.trial import Latency

_MAX_KNOWN = 20_000


class NetLatency:
    """Modelled latency on one board, cached by the keys of architectures."""

    def __init__(self, space: Space, board: Board) -> None:
        self._space, self._target = space, Target(board.core)
        self.model: BoardLatency = board_latency(board)
        self._known: dict[str, Latency] = {}

    def of(self, arch: Arch) -> Latency:
        """The latency of an architecture, without weights."""
        key = self._space.key(arch)
        if key not in self._known:
            if len(self._known) >= _MAX_KNOWN:
                self._known.clear()
            self._known[key] = self.of_net(self._space.net(arch))
        return self._known[key]

    def of_net(self, net: Net) -> Latency:
        """The latency of a network without weights."""
        graph = shape_graph(net)
        return self.of_graph(graph, lower_graph(graph, self._target))

    def of_graph(self, graph: Graph, lowered: Sequence[Lowered]) -> Latency:
        """The latency of a lowered network; its weights, if it has any, have no effect."""
        return self.model.of(graph, lowered, trained=False)


@dataclass(frozen=True)
class ModelledLimit:
    """``constraints.latency_ms`` as a limit for modelled latencies; see ``gate.LatencyLimit``."""

    latency: NetLatency
    limit_ms: float

    def reason(self, net: Net) -> str | None:
        """The latency and the excess over the limit; None for a network that is fast enough."""
        latency = self.latency.of_net(net)
        over_ms = latency.ms - self.limit_ms
        if over_ms <= 0:
            return None
        return f"{latency}: {over_ms:.2f} ms over constraints.latency_ms {self.limit_ms:g}"


def modelled_limit(latency: NetLatency | None, limit_ms: float | None) -> ModelledLimit | None:
    """The limit of a run; None if latencies are not modelled or not limited."""
    return None if latency is None or limit_ms is None else ModelledLimit(latency, limit_ms)
