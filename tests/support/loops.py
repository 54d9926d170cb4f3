"""A loop from the parts of a search, with what most tests do not vary."""

from __future__ import annotations

from micronas.search.inheritance import Donors
from micronas.search.loop import Learn, Loop, failure_limit, trials_to
from micronas.search.machine_speed import MachineSpeed
from micronas.search.parts import SearchParts
from micronas.search.predicted_latency.gate import LatencyGate
from micronas.search.trial_start import TrialStart
from micronas.search.workers.executor import Executor
from micronas.space import Arch
from micronas.strategy import Strategy


def loop_of(
    parts: SearchParts,
    strategy: Strategy,
    executor: Executor,
    *,
    first: tuple[Arch, ...] = (),
    tell: Learn | None = None,
    latency_gate: LatencyGate | None = None,
    donors: Donors | None = None,
    speed: MachineSpeed | None = None,
    limit: Learn | None = None,
) -> Loop:
    """``tell`` reports a trial to the strategy; ``limit`` is five equal failures if it is absent."""
    start = TrialStart(parts, strategy, first, latency_gate=latency_gate, donors=donors, speed=speed)
    learners = (tell or trials_to(strategy), *(part.add for part in (donors, speed) if part is not None))
    return Loop(parts, start, executor, learners=learners, limit=limit or failure_limit(5))
