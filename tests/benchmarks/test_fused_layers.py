"""The networks whose published peaks are compared are those of the publication."""

from __future__ import annotations

import pytest

from benchmarks.engine.fused_layers import PUBLISHED, graph_of, net_of
from micronas.memory.plan.rows import chains


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_network_has_the_published_multiplications_and_can_run_by_rows_as_a_whole(name) -> None:
    fused = PUBLISHED[name]
    assert net_of(fused).macs == fused.multiplications
    graph = graph_of(name)
    assert len(chains(graph)[-1].ops) == len(graph.ops)
