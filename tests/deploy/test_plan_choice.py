"""What is said about a network's two plans, and about constant channels."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

import micronas as mn
from micronas.board import Board, load_board
from micronas.deploy.bench import constant_bytes, removed_text, simplified
from micronas.deploy.deployment import random_samples
from micronas.deploy.plan_choice import PlanChoice, PlanCost, plan_choice, without_constant_channels
from micronas.errors import BoardError
from micronas.memory.ledger import make_ledger
from micronas.memory.plan.prefer import Prefer
from micronas.model.net import shape_graph
from micronas.model.tflite import read, read_bytes
from micronas.model.tflite.writer import write
from micronas.space.reference import reference_net
from micronas.space.reference.random_weights import random_weights
from tests.support.constant_channels import with_constant_channel

BOARD = load_board("nucleo_l4r5zi")


def test_a_choice_says_what_the_other_plan_costs() -> None:
    fast, small = PlanCost(Prefer.LATENCY, 9_000, 12.0), PlanCost(Prefer.SRAM, 8_000, 15.5)
    rows = PlanCost(Prefer.ROWS, 5_000, 2_040.2)
    assert str(PlanChoice(fast, (small, rows))) == (
        "latency (arena 9,000 bytes, 12 ms; --prefer sram: 1,000 bytes less, 3.5 ms more; "
        "--prefer rows: 4,000 bytes less, 2,028 ms more; times are modelled)"
    )
    assert str(PlanChoice(small, (fast,))) == (
        "sram (arena 8,000 bytes, 15.5 ms; --prefer latency: 1,000 bytes more, 3.5 ms less; "
        "times are modelled)"
    )
    assert "--prefer latency is the same" in str(PlanChoice(small, (PlanCost(Prefer.LATENCY, 8_000, 15.5),)))
    over = PlanCost(Prefer.SRAM, 8_000, 15.5, fits=False)
    assert "--prefer sram: 3,000 bytes more, does not fit;" in str(PlanChoice(rows, (over,)))
    assert "--prefer rows: 3,000 bytes less, 2,025 ms more, fits;" in str(PlanChoice(over, (rows,)))
    untimed = PlanCost(Prefer.SRAM, 8_000, None), PlanCost(Prefer.LATENCY, 8_000, None)
    assert str(PlanChoice(untimed[0], untimed[1:])) == (
        "sram (arena 8,000 bytes; this board has no timing model; --prefer latency is the same)"
    )


def test_the_fast_plan_of_keyword_spotting_is_larger_faster_and_within_the_limit(networks: Path) -> None:
    """A plan for latency grows its arena only as far as the limit allows."""
    model = networks / "mlperf_tiny_kws.tflite"
    fast, small = (mn.check(model, BOARD, prefer=prefer) for prefer in ("latency", "sram"))
    assert fast.plan_choice is not None
    other, rows = fast.plan_choice.others
    assert rows.arena_bytes < other.arena_bytes == small.ledger.arena_bytes < fast.ledger.arena_bytes
    assert fast.plan_choice.taken.ms < 0.9 * other.ms < 0.9 * rows.ms  # type: ignore[operator]
    assert fast.plan_choice.to_json()["other"] == other.to_json()  # promised to scripts
    assert small.ledger.arena_bytes == fast.ledger.arena_bytes - fast.ledger.plan.grown_bytes
    for kb in (13, 15, 18):
        tight = mn.check(model, BOARD, prefer="latency", sram_kb=kb)
        assert tight.fits
        assert small.sram_bytes <= tight.sram_bytes <= kb * 1024
        assert tight.sram_bytes <= fast.sram_bytes
    assert not mn.check(model, BOARD, prefer="latency", sram_kb=12).fits


def test_shapes_alone_give_the_plan_of_the_trained_network() -> None:
    """So the gate of a search promises the bytes that are deployed."""
    shapes = shape_graph(reference_net("mlperf_tiny_kws"))
    trained = read_bytes(write(random_weights(shapes, seed=0)), "trained")
    before, after = (make_ledger(graph, BOARD, prefer=Prefer.LATENCY) for graph in (shapes, trained))
    assert before.plan.grown_bytes > 0
    assert before.sram == after.sram
    assert before.plan.arena_bytes == after.plan.arena_bytes
    assert [low.scratch_bytes for low in before.lowered] == [low.scratch_bytes for low in after.lowered]


def test_constant_channels_are_counted_and_their_removal_is_said(networks: Path) -> None:
    plain = read(networks / "tiny.tflite")
    graph = with_constant_channel(plain)
    samples = random_samples(graph, 2, seed=0)
    assert simplified(plain, random_samples(plain, 2, seed=0)) is plain
    simpler = simplified(graph, samples)
    # One row of 1 weight and a bias of 4 bytes; one column of 16 weights.
    assert constant_bytes(graph) - constant_bytes(simpler) == 1 + 4 + 16
    assert removed_text(400, 379) == (
        "constant channels removed: 379 bytes of weights and biases instead of 400; outputs are equal"
    )
    figures = without_constant_channels(graph, BOARD, Prefer.SRAM, samples)
    assert figures is not None
    assert figures.constant_bytes == constant_bytes(simpler)
    assert without_constant_channels(plain, BOARD, Prefer.SRAM, samples) is None


def test_a_library_is_without_constant_channels_unless_asked_for(networks: Path, tmp_path: Path) -> None:
    model = tmp_path / "model.tflite"
    model.write_bytes(write(with_constant_channel(read(networks / "tiny.tflite"))))

    def manifest(name: str, **options: object) -> dict[str, object]:
        folder = mn.export(model, tmp_path / name, **options)  # type: ignore[arg-type]
        return json.loads((folder / "manifest.json").read_text())  # type: ignore[no-any-return]

    default, whole = manifest("lean"), manifest("whole", remove_constant_channels=False, prefer="latency")
    assert default["constant_channels"] == {"removed_bytes": 21}
    assert whole["constant_channels"] == {"removed_bytes": 0}
    of_the_users_file = hashlib.sha256(model.read_bytes()).hexdigest()
    assert default["model_sha256"] == whole["model_sha256"] == of_the_users_file
    assert (default["prefer"], whole["prefer"]) == ("auto", "latency")
    with pytest.raises(mn.MicronasError, match="prefer quick: unknown"):
        mn.export(model, tmp_path / "none", prefer="quick")
    assert not (tmp_path / "none").exists()


def test_no_timing_model_means_no_growth(networks: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    graph = read(networks / "mlperf_tiny_kws.tflite")

    def no_model(board: Board) -> None:
        raise BoardError("no timing model")

    patched = (
        "memory.ledger.step_cycles",
        "memory.ledger.choose",
        "memory.ledger.ram_code",
        "deploy.plan_choice",
    )
    for module in patched:
        monkeypatch.setattr(f"micronas.{module}.board_latency", no_model)
    ledger = make_ledger(graph, BOARD, prefer=Prefer.AUTO)
    assert ledger.plan.grown_bytes == 0
    choice = plan_choice(graph, BOARD, ledger, Prefer.AUTO)
    assert choice.taken == PlanCost(Prefer.SRAM, ledger.arena_bytes, None)
    assert "sram (" in str(choice)
    assert "this board has no timing model" in str(choice)


@pytest.mark.slow
@pytest.mark.emulator
def test_the_fast_plan_is_linked_to_the_byte_and_its_outputs_are_equal(networks: Path) -> None:
    """``bench`` raises if ledger and linker map differ by a byte."""
    model = networks / "mlperf_tiny_kws.tflite"
    fast, small = (mn.bench(model, BOARD, prefer=prefer, count=1) for prefer in ("latency", "sram"))
    assert fast.exact
    assert small.exact
    assert fast.deployment.ledger.plan.grown_bytes > 0
    code = fast.deployment.ledger.ram_code
    assert code is not None
    assert fast.sram_bytes - small.sram_bytes == fast.deployment.ledger.plan.grown_bytes + code.nbytes
    assert fast.deployment.firmware.linked.ram_code == code.nbytes
    assert fast.latency_source == "modelled"
    assert fast.latency_ms < 0.9 * small.latency_ms
