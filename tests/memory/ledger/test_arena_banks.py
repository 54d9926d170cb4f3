"""An arena over memories that lie apart: chosen, counted, refused and shown."""

from __future__ import annotations

import itertools
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from micronas.board import Board, load_board
from micronas.board.arena_location import separate_memories
from micronas.board.twin import twin_of
from micronas.cli.app import app
from micronas.codegen.lowering import Target
from micronas.codegen.lowering.lower import lower_graph
from micronas.deploy.deployment import sources_of, write_sources
from micronas.device.targets import DeviceImage, Qemu, Renode, execution_target, image_for
from micronas.errors import BudgetError
from micronas.firmware.linker_script import linker_script
from micronas.memory.budget import make_budget
from micronas.memory.ledger import board_budget, check, make_ledger
from micronas.memory.ledger.free_region import Item
from micronas.memory.ledger.lower_bound import exceeds_lower_bound
from micronas.memory.plan.picture import picture
from micronas.memory.plan.svg import plan_svg
from micronas.model.graph import Graph, Quant
from micronas.model.net import shape_graph
from micronas.model.tflite.writer import write
from tests.support.arena import located, memory
from tests.support.arena_boards import FIRMWARE, KB, used, with_memory
from tests.support.arena_networks import network, skip_graph, skip_net

F407, L476, H743 = (load_board(name) for name in ("disco_f407vg", "nucleo_l476rg", "nucleo_h743zi2"))
PLANE = 32 * 32
SPLIT = [
    pytest.param(F407, 60, 3, "ccm|sram", id="f407"),
    pytest.param(L476, 28, 4, "sram|sram2", id="l476"),
    pytest.param(H743, 128, 4, "dtcm|sram", id="h743"),
    pytest.param(H743, 128, 6, "dtcm|sram|sram_d2", id="h743 in three"),
]


@pytest.mark.parametrize(
    ("name", "banks"),
    [
        ("disco_f407vg", ("ccm", "sram")),
        ("nucleo_l476rg", ("sram", "sram2")),
        ("nucleo_h743zi2", ("dtcm", "sram", "sram_d2")),
        ("nucleo_f746zg", ("dtcm+sram",)),
        ("nucleo_f446re", ("sram",)),
    ],
)
def test_memories_are_apart_unless_they_touch(name: str, banks: tuple[str, ...]) -> None:
    assert separate_memories(load_board(name)) == tuple(memory(text) for text in banks)


@pytest.mark.parametrize(("board", "channels", "kept", "place"), SPLIT)
def test_what_no_memory_holds_whole_lies_over_several(
    board: Board, channels: int, kept: int, place: str
) -> None:
    ledger = make_ledger(shape_graph(skip_net(channels, kept)), board, sizes=FIRMWARE)
    assert ledger.arena_location == located(place)
    assert all(ledger.arena_bytes > room.free_bytes for room in ledger.rooms)
    assert check(ledger, board_budget(board)).fits
    resident = FIRMWARE.static_bytes + board.stack_bytes
    expected = {bank.name: bank.nbytes for bank in ledger.plan.banks}
    expected["sram"] += resident
    assert used(ledger, board) == {r.name: expected[r.name] for r in board.regions if r.name in expected}
    assert ledger.arena_bytes == kept * PLANE * channels + max(row.scratch_bytes for row in ledger.ops)
    assert sum(item.nbytes for item in ledger.sram) == ledger.sram_bytes == ledger.arena_bytes + resident


STRIP_BYTES = 932
"""Scratch of the depthwise layer of ``skip_net``: a strip that rolls down the plane."""


def test_items_say_what_lies_where() -> None:
    ledger = make_ledger(shape_graph(skip_net(60, 3)), F407, sizes=FIRMWARE)
    assert ledger.sram == (
        Item("arena", 60 * PLANE + STRIP_BYTES, "ccm"),
        Item("arena", 2 * 60 * PLANE, "sram"),
        Item("static", FIRMWARE.static_bytes, "sram"),
        Item("stack", F407.stack_bytes, "sram"),
    )


def test_boards_show_says_that_an_arena_may_be_split() -> None:
    shown = CliRunner().invoke(app, ["boards", "show", "disco_f407vg"]).output
    assert "the first of ccm, sram that is large enough, else over ccm and sram" in shown
    assert "else over" not in CliRunner().invoke(app, ["boards", "show", "nucleo_f746zg"]).output


def test_what_one_memory_holds_is_not_split() -> None:
    for board in (F407, L476, H743):
        ledger = make_ledger(skip_graph(28, 2), board, sizes=FIRMWARE)
        assert (ledger.arena_location, ledger.plan.banks) == (located(board.arena_regions[0]), ())
    alone = F407.model_copy(update={"arena_regions": ("sram",)})
    assert (
        make_ledger(skip_graph(28, 2), alone, sizes=FIRMWARE).plan
        == make_ledger(skip_graph(28, 2), F407, sizes=FIRMWARE).plan
    )


def test_the_default_budget_is_all_memories_together() -> None:
    assert board_budget(F407).sram_bytes == 192 * KB
    assert board_budget(L476).sram_bytes == 128 * KB
    assert board_budget(H743).sram_bytes == (128 + 512 + 288) * KB
    with pytest.raises(BudgetError, match="sram_kb is 200, but disco_f407vg has 192 KB"):
        make_budget(F407, None, 200)


def test_a_budget_below_the_sum_holds_for_the_sum() -> None:
    ledger = make_ledger(shape_graph(skip_net(60, 3)), F407, sizes=FIRMWARE)
    assert check(ledger, make_budget(F407, None, 192)).fits
    (reason,) = check(ledger, make_budget(F407, None, 160)).reasons
    assert f"SRAM: {ledger.sram_bytes:,} bytes of 163,840" in reason
    assert "fits no region" not in reason


def test_the_early_gate_lets_pass_what_only_a_split_holds() -> None:
    budget = make_budget(F407, None, None)
    fitting, large = (shape_graph(skip_net(60, 3)), shape_graph(skip_net(104, 2)))
    assert not exceeds_lower_bound(fitting, lower_graph(fitting, Target(F407.core)), F407, budget)
    assert exceeds_lower_bound(large, lower_graph(large, Target(F407.core)), F407, budget)


# --- refusals -----------------------------------------------------------------------------------------


def refusal(graph: Graph, board: Board) -> tuple[str, str]:
    verdict = check(make_ledger(graph, board, sizes=FIRMWARE), board_budget(board))
    (reason,), (remedy,) = verdict.reasons, verdict.remedies
    return reason, remedy


def test_more_live_bytes_than_all_memories_together_are_refused_with_every_figure() -> None:
    """By kernels without scratch, as nothing else would come nearer to fitting."""
    reason, remedy = refusal(shape_graph(skip_net(56, 4)), F407)
    free, live = 128 * KB - 5_120, 4 * 56 * PLANE
    assert f"{live - 64 * KB:,} bytes over in ccm, {live - free:,} bytes over in sram; " in reason
    assert (
        f"nor does it fit over ccm and sram (65,536 in ccm, {free:,} in sram free): "
        f"{live:,} bytes are live at its peak, {live - 64 * KB - free:,} over"
    ) in reason
    assert f"to {64 * KB + free:,} live bytes" in remedy


def test_a_tensor_that_no_memory_holds_is_named_by_its_bytes() -> None:
    reason, _ = refusal(network(370), F407)
    assert re.search(r"a tensor of 136,900 bytes, which cannot be divided, is 10,948 over in sram", reason)


def test_what_cannot_be_divided_between_the_memories_is_refused_with_the_best_that_was_found() -> None:
    """Three of 65,536 + 256 bytes: the CCM holds none, and the SRAM one, though all have room for 2.9."""
    small = with_memory(F407, ("ccm", "sram"), ccm=65_000, sram=135_000)
    graph = shape_graph(skip_net(64, 2))
    ledger = make_ledger(graph, small, sizes=FIRMWARE)
    reason, _ = refusal(graph, small)
    found = re.search(
        r"the best placement found needs ([\d,]+) in ccm, ([\d,]+) in sram, ([\d,]+) bytes over", reason
    )
    assert found is not None
    ccm, sram, over = (int(group.replace(",", "")) for group in found.groups())
    assert over == max(0, ccm - 65_000) + max(0, sram - (135_000 - 5_120))
    assert ccm + sram == ledger.arena_bytes
    assert (ccm, over) == (65_536, 536)


def test_tflite_micros_arena_is_not_split() -> None:
    ledger = make_ledger(shape_graph(skip_net(44, 3)), F407, "tflm")
    assert ledger.arena_location == located("sram")
    verdict = check(ledger, board_budget(F407))
    assert "region sram of disco_f407vg" in verdict.reasons[0]
    assert "nor does it fit over" not in verdict.reasons[0]


# --- what is generated and shown ----------------------------------------------------------------------


def test_each_bank_is_a_section_of_its_own_in_its_memory() -> None:
    text = linker_script(F407, located("ccm|sram"))
    sections = dict(re.findall(r"^    (\.\w+).*\n    \{\n(?:.*\n)*?    \} > (\w+)", text, re.M))
    assert (sections[".arena"], sections[".arena_1"]) == ("ccm", "sram")
    assert (sections[".stack"], sections[".bss"]) == ("sram", "sram")
    inputs = re.findall(r"\*\((\.bss\.mn_arena\w*)\)", text)
    assert inputs == [".bss.mn_arena", ".bss.mn_arena_1"]


def test_the_written_sources_are_those_of_the_split_plan(tmp_path: Path) -> None:
    graph = skip_graph(60, 3)
    ledger = make_ledger(graph, F407)
    text = (write_sources(sources_of(graph, ledger), tmp_path) / "mn_model.c").read_text(encoding="utf-8")
    sizes = dict(re.findall(r"^int8_t (mn_arena\w*)\[(\d+)\]", text, re.M))
    plan = ledger.plan
    assert sizes == {"mn_arena": str(plan.banks[0].nbytes), "mn_arena_1": str(plan.banks[1].nbytes)}
    elsewhere = F407.model_copy(update={"arena_regions": ("sram",)})
    assert "mn_arena_1" not in sources_of(graph, make_ledger(graph, elsewhere))["mn_model.c"]


def test_pictures_show_the_border_and_name_the_memories() -> None:
    graph = shape_graph(skip_net(60, 3))
    plan = make_ledger(graph, F407, sizes=FIRMWARE).plan
    text = picture(graph, plan)
    assert "ccm" in text
    assert {"ccm", "sram"} == set(re.findall(r"^[A-Z] .* B at +[\d,]+ of (\w+)  tensor", text, re.M))
    svg = plan_svg(graph, plan)
    assert svg.count('class="bank"') == 2
    assert "bytes at 0 of ccm" in svg


def test_check_says_which_tensors_lie_in_which_region(tmp_path: Path) -> None:
    graph = skip_graph(60, 3)
    tensors = list(graph.tensors)
    tensors[graph.outputs[0]] = replace(tensors[graph.outputs[0]], quant=Quant((1 / 256,), (-128,)))
    model = tmp_path / "net.tflite"
    model.write_bytes(write(replace(graph, tensors=tuple(tensors))))
    command = ["check", str(model), "--board", "disco_f407vg"]
    run = CliRunner().invoke(app, command)
    assert run.exit_code == 0, run.output
    assert "It fits. The arena is in ccm and sram." in run.output
    assert re.search(r"^  ccm: [\d,]+ bytes: inputs 0; outputs of ops \d+", run.output, re.M)
    value = json.loads(CliRunner().invoke(app, [*command, "--json"]).stdout)
    assert value["arena_region"] == "ccm|sram"
    assert [bank["region"] for bank in value["banks"]] == ["ccm", "sram"]
    assert sum(bank["bytes"] for bank in value["banks"]) == make_ledger(graph, F407).arena_bytes
    held = sorted(t for bank in value["banks"] for t in bank["tensors"])
    assert held == sorted(graph.activations)


# --- where it runs ------------------------------------------------------------------------------------


def test_a_chip_that_qemu_has_without_its_ccm_is_stood_in_for() -> None:
    ledger = make_ledger(shape_graph(skip_net(60, 3)), F407, sizes=FIRMWARE)
    image = image_for(Qemu(), F407, ledger)
    assert (image.board.name, image.arena_location) == (
        "disco_f407vg_on_mps2-an386",
        located("ccm|sram"),
    )
    place = execution_target(Qemu(), F407, ledger.arena_location)
    assert str(place) == "emulated on mps2-an386, a proxy for the core; not this board's ELF"
    assert image_for(Renode(), F407, ledger) == DeviceImage(F407, located("ccm|sram"))


def test_memories_that_lie_apart_do_so_on_a_stand_in() -> None:
    for board in (L476, H743):
        twin = twin_of(board)
        assert twin is not None
        ordered = sorted((twin.region(n) for n in board.arena_regions), key=lambda r: r.origin)
        assert ordered[0].name == "sram"
        assert all(b.origin - a.end >= 64 * KB for a, b in itertools.pairwise(ordered))
