"""The ledger: itemised bytes, and verdicts that say which layer, how much, and what would help."""

from __future__ import annotations

import dataclasses
import json

import pytest

from micronas.board import Board, MemoryRegion, RegionKind, load_board
from micronas.codegen.lowering import Target
from micronas.codegen.lowering.lower import lower_graph
from micronas.memory.codesize import FirmwareSize
from micronas.memory.ledger import Budget, board_budget, check, make_ledger, to_json
from micronas.memory.plan import plan_memory
from micronas.memory.plan.tflm import tflm_arena_bytes
from micronas.model.graph import Graph, Quant
from micronas.model.tflite import read
from micronas.model.tflite.writer import write

FIRMWARE = FirmwareSize(code_bytes=9_000, rodata_bytes=500, static_bytes=1_000)
AMPLE = Budget(flash_bytes=1 << 30, sram_bytes=1 << 30)


@pytest.fixture(scope="module")
def board() -> Board:
    return load_board("nucleo_f446re")


@pytest.fixture(scope="module")
def kws(networks) -> Graph:
    return read(networks / "mlperf_tiny_kws.tflite")


@pytest.fixture(scope="module")
def resnet(networks) -> Graph:
    return read(networks / "mlperf_tiny_ic.tflite")


def test_items_add_up(kws, board):
    ledger = make_ledger(kws, board, sizes=FIRMWARE)
    plan = plan_memory(kws, lower_graph(kws, Target(board.core)))
    assert ledger.arena_bytes == plan.arena_bytes
    assert ledger.sram_bytes == plan.arena_bytes + 1_000 + 4_096
    assert ledger.flash_bytes == ledger.constant_bytes + 9_500
    assert {item.what for item in ledger.flash} == {"constants", "code", "rodata"}
    assert [row.kind for row in ledger.ops] == [op.kind for op in kws.ops]
    assert max(row.live_bytes for row in ledger.ops) == plan.bound_bytes


def test_constants_hold_at_least_the_weights(kws, board):
    """22,604 parameters of 8 bits and 588 of 32 in DS-CNN; what comes on top is per-channel rescaling."""
    ledger = make_ledger(kws, board, sizes=FIRMWARE)
    weights = sum(t.nbytes for t in kws.tensors if t.is_constant and t.quant)
    channels = sum(t.elements for t in kws.tensors if t.is_constant and t.dtype.value == "int32" and t.quant)
    assert weights < ledger.constant_bytes < weights + 12 * channels + 100 * len(kws.ops)
    assert ledger.constant_bytes >= sum(row.constant_bytes for row in ledger.ops)


def test_firmware_is_looked_up_for_the_kernels_in_use(kws, board):
    ledger = make_ledger(kws, board)
    code = next(item for item in ledger.flash if item.what == "code")
    assert 1_000 < code.nbytes < 40_000


def test_shapes_alone_give_the_same_ledger(kws, board):
    """What the gate of a search sees before training is what is built after it."""
    tensors = tuple(
        dataclasses.replace(
            t,
            data=t.data if t.quant is None else None,
            quant=t.quant and Quant((1.0,) * len(t.quant.scale), (0,) * len(t.quant.scale), t.quant.axis),
        )
        for t in kws.tensors
    )
    # A softmax's output has its scale from the kernel's contract, shape-only graphs included.
    last = kws.outputs[0]
    tensors = (*tensors[:last], kws.tensors[last], *tensors[last + 1 :])
    twin = dataclasses.replace(kws, tensors=tensors)
    for runtime in ("micronas", "tflm"):
        one, two = (to_json(make_ledger(g, board, runtime, sizes=FIRMWARE)) for g in (kws, twin))
        assert one == two


def test_tflm_counts_the_file_and_the_arena(kws, board):
    ledger = make_ledger(kws, board, "tflm")
    assert ledger.flash_bytes == len(write(kws))
    assert ledger.sram_bytes == ledger.arena_bytes == tflm_arena_bytes(kws)
    assert any("not counted" in note for note in ledger.notes)
    with pytest.raises(ValueError, match="unknown runtime"):
        make_ledger(kws, board, "onnx")


def test_a_network_within_budget_fits(kws, board):
    ledger = make_ledger(kws, board, sizes=FIRMWARE)
    exact = Budget(ledger.flash_bytes, ledger.sram_bytes)
    for budget in (AMPLE, exact, board_budget(board)):
        verdict = check(ledger, budget)
        assert verdict.fits
        assert verdict.reasons == verdict.remedies == ()


def test_sram_verdict_names_the_layer_and_the_bytes(resnet, board):
    ledger = make_ledger(resnet, board, sizes=FIRMWARE)
    verdict = check(ledger, Budget(AMPLE.flash_bytes, ledger.sram_bytes - 1))
    assert not verdict.fits
    (reason,), (remedy,) = verdict.reasons, verdict.remedies
    # ResNet-8's first block: the shortcut, one convolution's input and its output are live at once.
    assert "op #2 CONV_2D 1x32x32x16 -> 1x32x32x16" in reason
    assert f"{ledger.sram_bytes:,} bytes of {ledger.sram_bytes - 1:,}, 1 over" in reason
    assert "op #2" in remedy


def test_flash_verdict_names_the_heaviest_layer(resnet, board):
    ledger = make_ledger(resnet, board, sizes=FIRMWARE)
    verdict = check(ledger, Budget(ledger.flash_bytes - 10_000, AMPLE.sram_bytes))
    assert not verdict.fits
    assert "10,000 over" in verdict.reasons[0]
    assert "op #9 CONV_2D 1x8x8x64 -> 1x8x8x64" in verdict.reasons[0]
    assert "save 10,000 of" in verdict.remedies[0]


def test_budgets_below_the_firmware_are_said_to_be(kws, board):
    verdict = check(make_ledger(kws, board, sizes=FIRMWARE), Budget(flash_bytes=5_000, sram_bytes=4_000))
    assert len(verdict.reasons) == len(verdict.remedies) == 2
    assert "already takes 5,096 bytes" in verdict.remedies[0]
    assert "takes 9,500 bytes" in verdict.remedies[1]


def test_a_region_that_overflows_is_a_reason_of_its_own(resnet, board):
    """Enough RAM in total is no use when the arena's region is too small."""
    ccm = MemoryRegion(name="ccm", kind=RegionKind.CCM, origin=0x1000_0000, length=32 * 1024)
    split = board.model_copy(update={"regions": (*board.regions, ccm), "arena_regions": ("ccm",)})
    ledger = make_ledger(resnet, split, sizes=FIRMWARE)
    assert ledger.region_bytes("ccm") == ledger.arena_bytes
    assert ledger.region_bytes("sram") == 1_000 + 4_096
    verdict = check(ledger, AMPLE)
    assert not verdict.fits
    (reason,), (remedy,) = verdict.reasons, verdict.remedies
    over = ledger.arena_bytes - 32 * 1024
    assert f"region ccm of nucleo_f446re: {ledger.arena_bytes:,} bytes of 32,768, {over:,} over" in reason
    assert "op #2 and" in remedy or "op #2 (and" in remedy or "op #2 to 32,768 live bytes" in remedy


def test_json_is_plain_with_stable_keys(kws, board):
    for runtime in ("micronas", "tflm"):
        value = to_json(make_ledger(kws, board, runtime, sizes=FIRMWARE))
        assert json.loads(json.dumps(value)) == value
        assert set(value) == {
            "arena_bound_bytes",
            "arena_bytes",
            "arena_region",
            "board",
            "constant_bytes",
            "flash",
            "flash_bytes",
            "model",
            "notes",
            "ops",
            "order",
            "peak_op",
            "regions",
            "runtime",
            "source",
            "sram",
            "sram_bytes",
        }
        assert value["source"] == "predicted"
        assert value["sram_bytes"] == sum(item["bytes"] for item in value["sram"])
