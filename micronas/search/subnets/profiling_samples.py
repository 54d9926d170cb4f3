"""Networks with untrained weights, run for the latency model before any subnet is chosen by its latency.

The few initial trials are too similar to predict the cost of other shapes. The cost of an op does not depend
on the values of its weights, only on its shape and on the kernel variant that the scales select, so training
is not needed. Networks of the region are drawn, and those that the model cannot predict are built and run,
until it predicts several in a row. Only their profiles are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from micronas.board import Board
from micronas.config import SearchConfig
from micronas.deploy.deployment import verified_deployment
from micronas.device.targets import make_device
from micronas.errors import MicronasError
from micronas.estimate.full import cached_dataset
from micronas.memory.ledger import make_ledger
from micronas.memory.plan.prefer import prefer_of_search
from micronas.model.net import Net
from micronas.model.tflite import read_bytes
from micronas.search.evaluation.placement import PARITY_SAMPLES, parity_samples
from micronas.search.front_end_budget import network_budget
from micronas.search.predicted_latency.prediction import profile_of
from micronas.search.subnets.latency import ProfiledNetwork, Shapes, SubnetLatency
from micronas.space import Arch
from micronas.trial import Json

MAX_PROFILING_SAMPLES = 10
"""About 2 CPU seconds each."""

MAX_CONSECUTIVE_PREDICTED = 6
"""Consecutive networks that the model must predict; about nine in ten networks can then be predicted."""

MAX_FAILED_SAMPLES = 2
"""Profiling samples that may fail to build or run; the trials will show the reason."""

RunUntrained = Callable[[Net], Json]
"""Builds and runs a network with untrained weights; its profile. Raises ``MicronasError``."""


def profile_untrained(
    candidates: Iterable[Arch],
    shapes: Shapes,
    config: SearchConfig,
    ran: Sequence[ProfiledNetwork],
    run: RunUntrained,
) -> tuple[ProfiledNetwork, ...]:
    """Run those of ``candidates`` that ``ran`` and the earlier samples do not predict."""
    samples: list[ProfiledNetwork] = []
    lost = known = 0
    latency = SubnetLatency(shapes, config.latency, ran)
    for arch in candidates:
        if (
            known >= MAX_CONSECUTIVE_PREDICTED
            or len(samples) >= MAX_PROFILING_SAMPLES
            or lost >= MAX_FAILED_SAMPLES
        ):
            break
        if latency.by_model(arch) is not None:
            known += 1
            continue
        known = 0
        try:
            samples.append(ProfiledNetwork(shapes.space.to_json(arch), run(shapes.space.net(arch))))
        except MicronasError:
            lost += 1
        else:
            latency = SubnetLatency(shapes, config.latency, [*ran, *samples])
    return tuple(samples)


def uses_latency(config: SearchConfig) -> bool:
    """Whether the search depends on a latency."""
    return config.constraints.latency_ms is not None or config.reward.target_ms is not None


def run_untrained(config: SearchConfig, board: Board) -> RunUntrained:
    """The implementation for a search: as in a trial, without the training."""

    def run(net: Net) -> Json:
        from micronas.quantize import quantize
        from micronas.train.tf_model import TfModel

        dataset = cached_dataset(config.data)
        calibration = dataset.calibration(config.estimator.calibration_samples, config.seed)
        tflite = quantize(TfModel(net, config.seed), net, calibration, input_range=dataset.input_range)
        graph = read_bytes(tflite, "profiling_sample")
        samples = parity_samples(graph, dataset, PARITY_SAMPLES)
        device = make_device(config.device, config.probe, config.port)
        limits = network_budget(config, board, dataset)
        prefer = prefer_of_search(config.prefer)
        ledger = make_ledger(graph, board, within=limits, prefer=prefer)  # with the blocks that a trial has
        with verified_deployment(graph, board, samples, device=device, ledger=ledger) as deployed:
            return profile_of(graph, deployed.ledger.lowered, deployed.measurement)

    return run
