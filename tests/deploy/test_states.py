"""A network with states in the firmware: reset when it starts and by request, and compared as a sequence."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from micronas.board import load_board
from micronas.deploy.deployment import deploy, random_samples
from micronas.device.targets import Qemu
from micronas.errors import ModelError
from micronas.model.tflite.writer import write
from tests.support.random_cases import random_case

STEPS = 12


@pytest.mark.emulator
def test_a_sequence_in_qemu_equals_the_reference(tmp_path: Path, firmware_cache: Path) -> None:
    graph = random_case("READ_VARIABLE", np.random.default_rng(6))
    samples = random_samples(graph, STEPS, seed=2)
    deployed = deploy(
        graph,
        load_board("nucleo_f446re"),
        samples,
        device=Qemu(),
        workdir=tmp_path,
        cache_dir=firmware_cache,
    )
    parity = deployed.measurement.parity
    elements = sum(graph.tensors[t].elements for t in graph.outputs)
    assert (parity.elements, parity.mismatches) == (STEPS * elements, 0)
    assert deployed.measurement.spread == 0, "each timed run begins with the same states"


def test_what_runs_one_sample_at_a_time_refuses_states(tmp_path: Path) -> None:
    from micronas.cli.renode_script import _network
    from micronas.deploy.mlperf.task import TASKS, _mismatches
    from micronas.device.renode.additions import Additions

    graph = random_case("READ_VARIABLE", np.random.default_rng(6))
    model = tmp_path / "stream.tflite"
    model.write_bytes(write(graph))
    with pytest.raises(ModelError, match="keeps states between runs"):
        _network(model, load_board("nucleo_f446re"), tmp_path / "out", Additions(None, None))
    one_output = replace(graph, outputs=graph.outputs[:1])
    assert "keeps states" in _mismatches(TASKS["kws01"], one_output)[0]
