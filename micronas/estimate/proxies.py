"""Zero-cost proxies from a process without TensorFlow: a child process scores the networks."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from types import TracebackType
from typing import Literal, Self, TypeAlias

import numpy as np
import numpy.typing as npt

from micronas.config import DataConfig
from micronas.errors import TrainError
from micronas.estimate.rank import mean_ranks
from micronas.host.spawning import spawn_context, workers_ended
from micronas.model.net import Net
from micronas.train.child_process import interrupts_held
from micronas.train.isolated import start_child

ProxyName: TypeAlias = Literal["naswot", "synflow", "combined", "parameters"]

PROXIES: tuple[ProxyName, ...] = ("naswot", "synflow", "combined", "parameters")

SAMPLES = 32
"""Training inputs that NASWOT compares."""

NET_DEADLINE_S = 600.0
"""For one network, including the start of the child; a proxy takes tens of milliseconds."""

NETS_PER_PROCESS = 500
"""Networks per process before it is replaced, because TensorFlow leaks memory with every network."""


@dataclass(frozen=True)
class ProxyScores:
    """Larger is more promising; -inf if a network cannot distinguish its inputs or outputs nothing.

    ``parameters`` is their number: the baseline that every other proxy must beat.
    """

    naswot: float
    synflow: float
    parameters: float


def order(scores: Sequence[ProxyScores], proxy: ProxyName) -> npt.NDArray[np.float64]:
    """One figure per network by which to order them; ``combined`` is the mean rank by naswot and synflow."""
    if proxy == "combined":
        return mean_ranks([s.naswot for s in scores], [s.synflow for s in scores])
    return np.asarray([getattr(s, proxy) for s in scores], np.float64)


class ZeroCostScorer:
    """Scores untrained networks on the data of ``data``; the child starts with the first one."""

    def __init__(self, data: DataConfig, seed: int) -> None:
        """``seed`` draws the initial weights; the scores are a function of it, the data and the network."""
        from pebble import ProcessPool

        self._data, self._seed = data, seed
        self._pool = ProcessPool(
            max_workers=1,
            max_tasks=NETS_PER_PROCESS,
            initializer=start_child,
            context=spawn_context(),
        )

    def scores(self, nets: Sequence[Net]) -> list[ProxyScores]:
        """The proxies of every network, in order; ``TrainError`` if the child dies or hangs over one."""
        from pebble import ProcessExpired

        with interrupts_held():
            tasks = [self._pool.schedule(score_net, args=(net, self._data, self._seed)) for net in nets]
        try:
            # One child scores them in order, so each gets the whole deadline; on the monotonic clock.
            return [task.result(timeout=NET_DEADLINE_S) for task in tasks]
        except TimeoutError as error:
            for task in tasks:
                task.cancel()  # type: ignore[no-untyped-call]
            raise TrainError(f"a zero-cost proxy took more than {NET_DEADLINE_S:.0f} s") from error
        except ProcessExpired as error:
            raise TrainError(
                f"the process of the zero-cost proxies ended with exit code {error.exitcode}",
                remedy="it may have run out of memory: lower space.max_width, or continue with --resume",
            ) from error
        except BrokenProcessPool as error:
            raise workers_ended(error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.stop()  # type: ignore[no-untyped-call]
        self._pool.join(timeout=10.0)


def score_net(net: Net, data: DataConfig, seed: int) -> ProxyScores:
    """The proxies of ``net``; imports TensorFlow."""
    from micronas.estimate.full import cached_dataset
    from micronas.estimate.zero_cost import naswot, synflow

    train = cached_dataset(data).train
    chosen = np.random.default_rng(0).permutation(len(train))[:SAMPLES]
    return ProxyScores(naswot(net, train.x[chosen], seed), synflow(net, seed), float(net.parameters))
