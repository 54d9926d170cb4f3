"""An arena over neighbouring regions: exact in the ledger, in the linked image and in the reports.

The F746's DTCM (64 KB at 0x20000000) ends where its SRAM (256 KB at 0x20010000) begins: RM0385 2.2.2.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from micronas.board import Board, board_names, load_board
from micronas.board.arena_location import as_one, whole_memories
from micronas.board.twin import twin_of
from micronas.cli.app import app
from micronas.codegen.lowering import Target
from micronas.codegen.lowering.lower import lower_graph
from micronas.deploy.deployment import deploy
from micronas.deploy.to_json import deployment_to_json
from micronas.device.targets import DeviceImage, Qemu, execution_target, image_for
from micronas.firmware.linker_script import linker_script
from micronas.memory.ledger import board_budget, check, make_ledger
from micronas.memory.ledger.free_region import FreeRegion, Item, RegionPart, allocate_regions, free_regions
from micronas.model.graph import Quant
from micronas.model.net import Conv, Net, NetBuilder, shape_graph
from micronas.model.tflite.writer import write
from micronas.space.reference import micronet_ad
from micronas.space.reference.ds_cnn import pooled_classifier
from tests.support.arena import located, memory
from tests.support.arena_boards import FIRMWARE, KB, with_memory
from tests.support.arena_networks import network
from tests.support.oracle import random_inputs
from tests.support.weights import random_weights

F746, F767 = load_board("nucleo_f746zg"), load_board("nucleo_f767zi")
DTCM, SRAM = 64 * KB, 256 * KB
SIDE = 540
"""One channel in: 291,600 bytes of input, more than either region, less than both."""

SPANS = {"disco_f746ng": 320, "nucleo_f746zg": 320, "nucleo_f767zi": 512}
"""All shipped boards with neighbours, and the KB that these have together."""


def wide_net(channels: int) -> Net:
    """1,024 bytes of input, which are soon loaded, and ``channels`` times as many after its convolution."""
    return pooled_classifier(NetBuilder((32, 32, 1)).chain(Conv(channels, 3, 3, 1, 1)), 10)


@pytest.mark.parametrize("name", board_names())
def test_only_regions_side_by_side_are_joined(name: str) -> None:
    board = load_board(name)
    joint = whole_memories(board)[len(board.arena_regions) :]
    assert joint == ((memory("dtcm+sram"),) if name in SPANS else ())
    for place in joint:
        assert (as_one(board, place).name, as_one(board, place).length) == ("dtcm_sram", SPANS[name] * KB)
    if name in SPANS:
        assert board_budget(board).sram_bytes == SPANS[name] * KB


def test_a_gap_of_one_byte_is_a_gap() -> None:
    shorter = with_memory(F746, ("dtcm", "sram"), dtcm=DTCM - 1)
    assert whole_memories(shorter) == (memory("dtcm"), memory("sram"))
    with pytest.raises(ValueError, match="dtcm and sram of nucleo_f746zg are not adjacent"):
        as_one(shorter, memory("dtcm+sram"))


def test_a_region_that_holds_the_arena_whole_comes_before_any_span() -> None:
    resident = 5_120
    assert free_regions(F746, resident) == (
        FreeRegion(memory("dtcm"), DTCM),
        FreeRegion(memory("sram"), SRAM - resident),
        FreeRegion(memory("dtcm+sram"), DTCM + SRAM - resident),
    )
    assert make_ledger(network(200), F746, sizes=FIRMWARE).arena_location == located("dtcm")
    assert make_ledger(network(480), F746, sizes=FIRMWARE).arena_location == located("sram")
    assert make_ledger(network(SIDE), F746, sizes=FIRMWARE).arena_location == located("dtcm+sram")


def test_each_region_has_its_bytes_of_a_span() -> None:
    ledger = make_ledger(network(SIDE), F746, sizes=FIRMWARE)
    resident = F746.stack_bytes + FIRMWARE.static_bytes
    assert ledger.sram == (
        Item("arena", DTCM - resident, "dtcm"),
        Item("arena", ledger.arena_bytes - (DTCM - resident), "sram"),
        Item("static", FIRMWARE.static_bytes, "dtcm"),
        Item("stack", F746.stack_bytes, "dtcm"),
    )
    assert ledger.region_bytes("dtcm") == DTCM
    assert ledger.region_bytes("dtcm") + ledger.region_bytes("sram") == ledger.sram_bytes
    assert check(ledger, board_budget(F746)).fits


@pytest.mark.parametrize(
    ("first", "items"),
    [
        (16, (("arena", 30, "sram"), ("static", 4, "sram"), ("stack", 4, "sram"), ("stack", 16, "dtcm"))),
        (20, (("arena", 30, "sram"), ("static", 4, "sram"), ("stack", 20, "dtcm"))),
        (25, (("arena", 1, "dtcm"), ("arena", 29, "sram"), ("static", 4, "dtcm"), ("stack", 20, "dtcm"))),
    ],
)
def test_a_part_is_cut_exactly_where_the_regions_meet(
    first: int, items: tuple[tuple[str, int, str], ...]
) -> None:
    sram = F746.region("sram").model_copy(update={"origin": 0x20000000 + first})
    regions = (F746.region("dtcm").model_copy(update={"length": first}), sram)
    board = F746.model_copy(update={"regions": regions})
    arena = [RegionPart(memory("dtcm+sram"), "arena", 30)]
    found = allocate_regions(board, [("stack", 20), ("static", 4)], arena)
    assert found == tuple(Item(*item) for item in items)


def test_one_byte_more_than_both_regions_is_refused_with_every_place() -> None:
    graph = network(SIDE)
    fastest = lower_graph(graph, Target(F746.core))  # no others take their place
    arena = make_ledger(graph, F746, sizes=FIRMWARE, lowered=fastest).arena_bytes
    resident = F746.stack_bytes + FIRMWARE.static_bytes
    for lacks in (0, 1):
        board = with_memory(F746, ("dtcm", "sram"), sram=arena + resident - DTCM - lacks)
        verdict = check(make_ledger(graph, board, sizes=FIRMWARE, lowered=fastest), board_budget(board))
        assert verdict.fits == (lacks == 0)
    (reason,) = verdict.reasons
    assert re.search(
        r"fits no region: [\d,]+ bytes over in dtcm, .* in sram, 1 bytes over in dtcm\+sram", reason
    )


def test_the_linker_is_given_both_regions_as_one_memory() -> None:
    text = linker_script(F746, located("dtcm+sram"))
    assert "dtcm_sram (rwx) : ORIGIN = 0x20000000, LENGTH = 327680" in text
    assert not re.search(r"^ +(dtcm|sram) \(", text, re.M)
    assert re.findall(r"^    } > (\w+)", text, re.M) == [*3 * ["flash"], *4 * ["dtcm_sram"]]
    assert "sram (rwx) : ORIGIN = 0x20010000" in linker_script(F746, located("dtcm"))


def test_a_stand_in_keeps_neighbours_together() -> None:
    for board in (F746, F767):
        twin = twin_of(board)
        assert twin is not None
        assert as_one(twin, memory("dtcm+sram")).length == as_one(board, memory("dtcm+sram")).length
        assert as_one(twin, memory("dtcm+sram")).origin == twin.region("sram").origin == 0x20000000
    ledger = make_ledger(network(SIDE), F746, sizes=FIRMWARE)
    assert image_for(Qemu(), F746, ledger) == DeviceImage(twin_of(F746), located("dtcm+sram"))  # type: ignore[arg-type]
    assert not execution_target(Qemu(), F746, ledger.arena_location).own_elf


def test_check_says_where_the_arena_lies_and_what_each_region_holds(tmp_path: Path) -> None:
    model = tmp_path / "net.tflite"
    graph = network(SIDE)
    tensors = list(graph.tensors)
    tensors[graph.outputs[0]] = replace(tensors[graph.outputs[0]], quant=Quant((1 / 256,), (-128,)))
    model.write_bytes(write(replace(graph, tensors=tuple(tensors))))
    command = ["check", str(model), "--board", "nucleo_f746zg"]
    run = CliRunner().invoke(app, command)
    assert run.exit_code == 0, run.output
    assert "The arena is in dtcm+sram." in run.output
    value = json.loads(CliRunner().invoke(app, [*command, "--json"]).stdout)
    assert value["arena_region"] == "dtcm+sram"
    assert value["regions"]["dtcm"] == {"used": DTCM, "size": DTCM}
    assert value["regions"]["sram"]["used"] == value["sram_bytes"] - DTCM


def test_boards_show_lists_every_place() -> None:
    shown = CliRunner().invoke(app, ["boards", "show", "nucleo_f746zg"]).output
    assert "the first of dtcm, sram, dtcm+sram that is large enough" in shown
    assert "dtcm+sram" not in CliRunner().invoke(app, ["boards", "show", "nucleo_h743zi2"]).output


def test_tflite_micros_arena_may_lie_over_both(tmp_path: Path) -> None:
    ledger = make_ledger(network(SIDE), F746, "tflm")
    assert ledger.arena_location == located("dtcm+sram")
    assert ledger.region_bytes("dtcm") == DTCM
    assert ledger.region_bytes("sram") == ledger.arena_bytes - DTCM


def test_the_largest_micronet_needs_both_regions_of_an_f746() -> None:
    graph = shape_graph(micronet_ad("L"))
    assert make_ledger(graph, F746).arena_location == located("dtcm+sram")
    alone = F746.model_copy(update={"arena_regions": ("sram",)})
    assert not check(make_ledger(graph, alone), board_budget(alone)).fits


@pytest.mark.emulator
@pytest.mark.parametrize(
    ("board", "net"),
    [
        pytest.param(F746, wide_net(276), id="f746"),
        pytest.param(F767, wide_net(440), id="f767", marks=pytest.mark.slow),
        pytest.param(F746, micronet_ad("L"), id="f746, MicroNet AD-L", marks=pytest.mark.slow),
    ],
)
def test_a_spanning_network_is_linked_as_the_ledger_says_and_runs_bit_exactly(
    board: Board, net: Net, tmp_path: Path, firmware_cache: Path
) -> None:
    """The board's image is compared with the ledger; QEMU runs the twin, whose SRAM comes before its DTCM."""
    graph = random_weights(shape_graph(net))
    samples = random_inputs(graph, np.random.default_rng(1), 1)
    done = deploy(graph, board, samples, device=Qemu(), workdir=tmp_path, cache_dir=firmware_cache, runs=1)
    assert done.measurement.parity.mismatches == 0
    assert done.twin is not None
    border, image = board.region("sram").origin, done.firmware.image
    arena, stack = image.symbol("mn_arena"), next(s for s in image.sections if s.name == ".stack")
    assert (stack.address, stack.size) == (board.region("dtcm").origin, board.stack_bytes)
    assert arena.address < border < arena.address + arena.size <= board.region("sram").end
    assert arena.size == done.ledger.arena_bytes
    twin_arena, twin_dtcm = done.twin.image.symbol("mn_arena"), done.twin.board.region("dtcm")
    assert twin_arena.address < twin_dtcm.origin < twin_arena.address + twin_arena.size
    regions = deployment_to_json(done)["regions"]
    assert isinstance(regions, dict)
    length = board.region("dtcm").length
    assert regions["dtcm"] == {"predicted": length, "linked": length, "size": length}
    rest = done.ledger.sram_bytes - length
    assert regions["sram"] == {"predicted": rest, "linked": rest, "size": board.region("sram").length}


@pytest.mark.emulator
def test_a_span_that_overflows_is_a_verdict_with_the_bytes_over(tmp_path: Path, firmware_cache: Path) -> None:
    from micronas.codegen import generate
    from micronas.errors import BudgetError
    from micronas.firmware import build_firmware

    graph = network(SIDE)
    ledger = make_ledger(graph, F746)
    small = with_memory(F746, ("dtcm", "sram"), sram=ledger.sram_bytes - DTCM - 16)
    sources = generate(graph, ledger.lowered, ledger.plan, name="large")
    with pytest.raises(BudgetError, match="over dtcm_sram by 16 bytes"):
        build_firmware(
            sources, small, workdir=tmp_path, cache_dir=firmware_cache, arena_location=ledger.arena_location
        )
