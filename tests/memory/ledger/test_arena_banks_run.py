"""A network over memories that lie apart, generated, linked and run: predicted = linked, and bit-exact.

Addresses: RM0090 2.3.1 (SRAM, CCM), RM0351 2.2 (SRAM1, SRAM2), RM0433 2.3.2 (DTCM, AXI SRAM, SRAM1-3).
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from micronas.board import Board, load_board
from micronas.board.twin import stand_in_for
from micronas.codegen import generate
from micronas.codegen.lowering import Lowered
from micronas.config import SpaceConfig
from micronas.deploy.deployment import build, deploy
from micronas.deploy.mlperf.firmware import build_dut
from micronas.deploy.mlperf.session import open_dut
from micronas.deploy.mlperf.task import TASKS
from micronas.deploy.to_json import deployment_to_json
from micronas.device.client import Client
from micronas.device.qemu import QemuDevice
from micronas.device.renode.script import write_scripts
from micronas.device.targets import Qemu
from micronas.errors import BudgetError
from micronas.firmware import Firmware, build_firmware
from micronas.memory.ledger import Ledger, make_ledger
from micronas.memory.plan import Plan, plan_in_banks, plan_memory
from micronas.model.graph import Graph
from micronas.model.interpreter import run_batch
from micronas.model.net import shape_graph
from micronas.space import make_space
from tests.support.arena import located
from tests.support.arena_boards import KB, used, with_memory
from tests.support.arena_networks import skip_graph
from tests.support.model_runner import model_text, run_on_host
from tests.support.oracle import random_inputs
from tests.support.weights import random_weights

F407, L476, H743 = (load_board(name) for name in ("disco_f407vg", "nucleo_l476rg", "nucleo_h743zi2"))
ORIGINS = {
    ("disco_f407vg", "ccm"): 0x10000000,
    ("disco_f407vg", "sram"): 0x20000000,
    ("nucleo_l476rg", "sram"): 0x20000000,
    ("nucleo_l476rg", "sram2"): 0x10000000,
    ("nucleo_h743zi2", "dtcm"): 0x20000000,
    ("nucleo_h743zi2", "sram"): 0x24000000,
    ("nucleo_h743zi2", "sram_d2"): 0x30000000,
}


@pytest.fixture
def swapped_banks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plans with their banks in the other order: inputs and outputs then lie in the second."""

    def swapped(graph: Graph, lowered: tuple[Lowered, ...], free_bytes: dict[str, int]) -> Plan:
        plan = plan_in_banks(graph, lowered, free_bytes)
        assert isinstance(plan, Plan)
        first, second = plan.banks

        def moved(offset: int) -> int:
            return offset - second.start if offset >= second.start else offset + second.nbytes

        return replace(
            plan,
            offsets={t: moved(offset) for t, offset in plan.offsets.items()},
            scratch_offsets={op: moved(offset) for op, offset in plan.scratch_offsets.items()},
            spans=tuple(replace(span, offset=moved(span.offset)) for span in plan.spans),
            banks=(replace(second, start=0), replace(first, start=second.nbytes)),
        )

    monkeypatch.setattr("micronas.memory.ledger.placement.plan_in_banks", swapped)


def assert_ends_in_second_bank(ledger: Ledger, graph: Graph) -> None:
    plan = ledger.plan
    assert {plan.bank_at(plan.offsets[t]) for t in (*graph.inputs, *graph.outputs)} == {plan.banks[1]}


def in_two_banks(graph: Graph, lowered: tuple[Lowered, ...]) -> Plan:
    """Split, though one piece would do: a third of the bytes in the first bank, or what else is found."""
    whole = plan_memory(graph, lowered).arena_bytes
    for percent in (115, 130, 160, 200):
        for share in (34, 50, 66):
            total = whole * percent // 100
            first = total * share // 100
            found = plan_in_banks(graph, lowered, {"one": first, "two": total - first})
            if isinstance(found, Plan) and len(found.banks) == 2:
                return found
    raise AssertionError("there is no split of this network")


@pytest.mark.slow
@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_generated_c_finds_every_tensor_in_its_bank(compiler: str, tmp_path: Path) -> None:
    """On the host, under AddressSanitizer: an offset in the wrong array would be out of bounds."""
    rng = np.random.default_rng(6)
    space = make_space(SpaceConfig(name="cell"), (12, 12, 2), 10)
    graphs = [random_weights(shape_graph(space.net(space.sample(rng)))) for _ in range(5)]
    graphs += [skip_graph(6, 3), skip_graph(4, 5)]
    cases = [(graph, random_inputs(graph, rng, 2)) for graph in graphs]
    results = run_on_host(cases, tmp_path, compiler, in_two_banks)
    for (graph, inputs), outputs in zip(cases, results, strict=True):
        for got, want in zip(outputs, run_batch(graph, inputs), strict=True):
            assert np.array_equal(got, want.reshape(got.shape))


def test_an_op_whose_tensors_all_lie_in_a_further_bank_names_it() -> None:
    text = model_text(skip_graph(6, 3), planner=in_two_banks)
    functions = re.findall(r"^static mn_status op\d+_\w+\(int8_t \*arena\)\n\{\n(.*?)^\}", text, re.M | re.S)
    assert any("(void)arena;" in body for body in functions)
    assert all(
        ("arena +" in body.replace("mn_arena_1 +", "")) != ("(void)arena;" in body) for body in functions
    )
    assert "mn_arena_1 + " in text


@pytest.mark.emulator
@pytest.mark.parametrize(
    ("board", "channels", "kept", "place"),
    [
        pytest.param(F407, 60, 3, "ccm|sram", id="f407"),
        pytest.param(L476, 28, 4, "sram|sram2", id="l476", marks=pytest.mark.slow),
        pytest.param(H743, 128, 4, "dtcm|sram", id="h743", marks=pytest.mark.slow),
        pytest.param(H743, 128, 6, "dtcm|sram|sram_d2", id="h743 in three", marks=pytest.mark.slow),
    ],
)
def test_a_split_network_is_linked_as_the_ledger_says_and_runs_bit_exactly(
    board: Board, channels: int, kept: int, place: str, tmp_path: Path, firmware_cache: Path
) -> None:
    """`deploy` compares the bytes of each region of the board's image with the ledger; QEMU runs its twin."""
    graph = skip_graph(channels, kept)
    samples = random_inputs(graph, np.random.default_rng(1), 2)
    done = deploy(graph, board, samples, device=Qemu(), workdir=tmp_path, cache_dir=firmware_cache, runs=1)
    assert done.measurement.parity.mismatches == 0
    assert done.ledger.arena_location == done.firmware.arena_location == located(place)
    assert done.twin is not None
    for firmware in (done.firmware, done.twin):
        for number, bank in enumerate(done.ledger.plan.banks):
            symbol = firmware.image.symbol(f"mn_arena_{number}" if number else "mn_arena")
            region = firmware.board.region(bank.name)
            assert firmware is done.twin or region.origin == ORIGINS[board.name, bank.name]
            assert region.origin <= symbol.address
            assert symbol.address + symbol.size <= region.end
            assert symbol.size == bank.nbytes
    regions = deployment_to_json(done)["regions"]
    assert isinstance(regions, dict)
    for name, nbytes in used(done.ledger, board).items():
        assert regions[name] == {"predicted": nbytes, "linked": nbytes, "size": board.region(name).length}
    # The twin's own statics differ; its arena is what its firmware reports.
    assert done.measurement.info.arena_bytes == done.ledger.arena_bytes == done.firmware.linked.arena
    linked = done.firmware.linked
    code = done.ledger.flash_bytes - done.ledger.constant_bytes
    assert abs(code - linked.code - linked.rodata) <= 0.01 * (linked.code + linked.rodata)


@pytest.mark.emulator
@pytest.mark.usefixtures("swapped_banks")
def test_the_arena_is_read_as_one_across_its_border(tmp_path: Path, firmware_cache: Path) -> None:
    """PEEK's offsets run on from bank to bank: what it reads there is what it reads on either side."""
    graph = skip_graph(60, 3)
    firmware, ledger = built_for_qemu(graph, F407, tmp_path, firmware_cache)
    assert_ends_in_second_bank(ledger, graph)
    border = ledger.plan.banks[0].nbytes
    samples = random_inputs(graph, np.random.default_rng(1), 1)
    (expected,) = run_batch(graph, samples)
    with QemuDevice(firmware.board, firmware.elf) as link:
        client = Client(link, symbol_at=firmware.image.symbol_at)
        client.load_input(0, samples[0].tobytes())
        client.run()
        over = client.read_arena(border - 8, 16)
        assert over == client.read_arena(border - 8, 8) + client.read_arena(border, 8)
        assert len(set(over)) > 1
        output = ledger.plan.offsets[graph.outputs[0]]
        assert client.read_arena(output, 10) == expected.tobytes()


def built_for_qemu(graph: Graph, board: Board, folder: Path, cache: Path):
    """The twin's firmware of ``graph`` as it is planned for ``board``."""
    ledger = make_ledger(graph, board)
    sources = generate(graph, ledger.lowered, ledger.plan, name="split")
    firmware: Firmware = build_firmware(
        sources,
        stand_in_for(board),
        workdir=folder,
        cache_dir=cache,
        arena_location=ledger.arena_location,
    )
    return firmware, ledger


@pytest.mark.emulator
def test_a_bank_that_overflows_is_a_verdict_with_the_region(tmp_path: Path, firmware_cache: Path) -> None:
    graph = skip_graph(60, 3)
    ledger = make_ledger(graph, F407)
    small = with_memory(F407, ("ccm", "sram"), ccm=ledger.plan.banks[0].nbytes - 16)
    sources = generate(graph, ledger.lowered, ledger.plan, name="large")
    with pytest.raises(BudgetError, match="over ccm by 16 bytes"):
        build_firmware(
            sources, small, workdir=tmp_path, cache_dir=firmware_cache, arena_location=ledger.arena_location
        )


@pytest.mark.emulator
@pytest.mark.usefixtures("swapped_banks")
def test_mlperfs_device_runs_a_split_network(tmp_path: Path, firmware_cache: Path) -> None:
    graph = skip_graph(56, 3, colours=3)
    ledger = make_ledger(graph, F407)
    assert_ends_in_second_bank(ledger, graph)
    built = build_dut(graph, F407, TASKS["ic01"], workdir=tmp_path, cache_dir=firmware_cache, device=Qemu())
    assert built.firmware.arena_location == built.running.arena_location == located("sram|ccm")
    assert built.running.board.name == "disco_f407vg_on_mps2-an386"
    assert built.sram.arena == ledger.arena_bytes
    data = np.random.default_rng(2).integers(0, 256, (1, 32, 32, 3), dtype=np.uint8)
    (expected,) = run_batch(graph, [(data.astype(np.int16) - 128).astype(np.int8)])
    quant = graph.tensors[graph.outputs[0]].quant
    assert quant is not None
    with open_dut(Qemu(), built) as dut:
        dut.load(data.tobytes())
        got = dut.infer(1, 0, 60.0).results
    real = quant.scale[0] * (expected[0].astype(np.float64) - quant.zero_point[0])
    assert np.allclose(got, real, atol=0.0011)


@pytest.mark.emulator
@pytest.mark.usefixtures("swapped_banks")
def test_renodes_script_loads_and_checks_where_the_tensors_are(tmp_path: Path, firmware_cache: Path) -> None:
    graph = skip_graph(60, 3)
    built = build(graph, F407, workdir=tmp_path / "build", cache_dir=firmware_cache)
    plan = built.ledger.plan
    assert_ends_in_second_bank(built.ledger, graph)
    values = [np.zeros(graph.tensors[graph.inputs[0]].shape, np.int8)]
    outputs = run_batch(graph, values)
    write_scripts(tmp_path / "renode", graph, F407, built.firmware, plan, values, outputs)
    text = (tmp_path / "renode" / "network.robot").read_text(encoding="utf-8")
    at = built.firmware.image.symbol("mn_arena_1").address
    at += plan.offsets[graph.inputs[0]] - plan.banks[1].start
    assert re.search(rf"input0\.bin +{at:#010x}$", text, re.M)
    platform = (tmp_path / "renode" / "board.repl").read_text(encoding="utf-8")
    assert "0x10000000" in platform
    assert f"size: {64 * KB:#x}" in platform
