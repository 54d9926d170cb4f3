"""The whole path in QEMU: build, start, ask, run, read back; and what happens when things go wrong."""

from __future__ import annotations

import os
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest

from micronas.board import Board, Emulator, load_board
from micronas.device.client import Client
from micronas.device.framing import Frame, Message, encode_frame
from micronas.device.qemu import QemuDevice
from micronas.device.replies import Counter
from micronas.errors import DeadlineError, DeviceError, ProtocolError, ToolMissingError
from micronas.firmware import Firmware, build_firmware
from tests.support.paths import FIRMWARE_MODELS

pytestmark = pytest.mark.emulator

MODELS = FIRMWARE_MODELS
INPUT = bytes(range(10))
BOARDS = ("nucleo_f446re", "netduinoplus2")


def build(name: str, board: Board, folder: Path, cache: Path) -> Firmware:
    source = (MODELS / name).read_text(encoding="utf-8")
    return build_firmware({"mn_model.c": source}, board, workdir=folder, cache_dir=cache)


@pytest.fixture(scope="module", params=BOARDS)
def tiny(
    request: pytest.FixtureRequest, firmware_cache: Path, tmp_path_factory: pytest.TempPathFactory
) -> Firmware:
    board = load_board(request.param)
    return build("tiny.c", board, tmp_path_factory.mktemp("tiny"), firmware_cache)


def test_the_firmware_says_what_the_build_knows(tiny: Firmware) -> None:
    with QemuDevice(tiny.board, tiny.elf) as link:
        info = Client(link).info()
    assert (info.build_id, info.board, info.core) == (tiny.build_id, tiny.board.name, "cortex-m4")
    assert (info.arena_bytes, info.static_bytes) == (tiny.linked.arena, tiny.linked.static)
    assert (info.stack_bytes, info.constant_bytes) == (tiny.linked.stack, tiny.linked.constants)
    assert (info.n_ops, info.n_inputs, info.n_outputs) == (3, 1, 1)
    assert 0 < info.stack_high_water_bytes < info.stack_bytes


def test_an_emulated_count_is_instructions_and_the_clock_no_pll(tiny: Firmware) -> None:
    with QemuDevice(tiny.board, tiny.elf) as link:
        assert link.emulated
        info = Client(link).info()
    assert info.counter is Counter.INSTRUCTIONS
    assert info.clock_fallback


def test_a_network_runs_and_is_read_back(tiny: Firmware) -> None:
    with QemuDevice(tiny.board, tiny.elf) as link:
        client = Client(link)
        assert (client.input_info(0).nbytes, client.input_info(0).scale) == (10, 0.5)
        assert (client.output_info(0).zero_point, client.input_info(0).zero_point) == (4, -3)
        client.load_input(0, INPUT)
        survived, counts = client.run()
        assert client.read_output(0) == bytes([sum(INPUT) + 2 * 10])
        assert client.read_arena(0, 10) == bytes(b + 2 for b in INPUT)
        assert not survived
        assert len(counts) == 1
        client.load_input(0, INPUT)
        client.run(ops=1)
        assert client.read_arena(0, 10) == bytes(b + 1 for b in INPUT)


def test_counts_are_the_same_in_every_run_and_every_process(tiny: Firmware) -> None:
    seen = set()
    for _ in range(2):
        with QemuDevice(tiny.board, tiny.elf) as link:
            client = Client(link)
            for _ in range(3):
                client.load_input(0, INPUT)
                seen.add(client.run()[1])
    assert len(seen) == 1


def test_a_count_is_the_number_of_executed_instructions(firmware_cache: Path, tmp_path: Path) -> None:
    """counted.c runs a loop of 2 x 100,000 instructions in its first op and 2 x 200,000 in its second."""
    board = load_board("netduinoplus2")
    firmware = build("counted.c", board, tmp_path, firmware_cache)
    with QemuDevice(board, firmware.elf) as link:
        first, second = Client(link).profile(lambda: None)
    assert second - first == 200_000
    assert 200_000 < first < 200_100


def test_profile_of_a_long_network_comes_in_parts_and_adds_up(firmware_cache: Path, tmp_path: Path) -> None:
    board = load_board("netduinoplus2")
    firmware = build("many_ops.c", board, tmp_path, firmware_cache)
    loads = []
    with QemuDevice(board, firmware.elf) as link:
        client = Client(link)
        counts = client.profile(lambda: loads.append(1))
        _, (total,) = client.run()
    assert len(counts) == 130
    assert len(loads) == 3
    assert len(set(counts)) == 1
    assert 0 <= total - sum(counts) < 130 * 40  # the bookkeeping per op that PROFILE leaves out


def test_a_large_input_arrives_in_chunks(firmware_cache: Path, tmp_path: Path) -> None:
    board = load_board("netduinoplus2")
    firmware = build("many_ops.c", board, tmp_path, firmware_cache)
    data = bytes(i * 7 % 251 for i in range(1000))
    with QemuDevice(board, firmware.elf) as link:
        client = Client(link)
        client.load_input(0, data)
        assert client.read_output(0) == data
        assert client.run(29)[0], "this network leaves its input alone"


def test_noise_before_and_between_frames_is_survived(tiny: Firmware) -> None:
    with QemuDevice(tiny.board, tiny.elf) as link:
        client = Client(link)
        before = client.info().garbled_frames  # the first request may have been cut by the start-up
        link.write(b"AT+GCAP\r\n" * 60 + b"\0" * 3 + bytes(range(1, 256)))
        garbled = client.info().garbled_frames
        assert garbled == before + 2
        good = encode_frame(Frame(Message.HELLO, 7))
        link.write(b"\0" + good[:4] + b"\0" + bytes([good[0] ^ 1]) + good[1:])
        assert client.info().garbled_frames == garbled + 2


@pytest.mark.parametrize(
    ("message", "payload", "text"),
    [
        (0x42, b"", "does not know"),
        (Message.HELLO, b"x", "another length or count"),
        (Message.TENSOR, bytes([0, 1]), "it has 1"),
        (Message.TENSOR, bytes([2, 0]), "does not have this input, output or op"),
        (Message.LOAD, bytes([1, 0, 0, 0, 0]), "it has 1"),
        (Message.LOAD, bytes([0, 10, 0, 0, 0, 9]), "10 bytes"),
        (Message.LOAD, bytes([0, 255, 255, 255, 255, 9]), "10 bytes"),
        (Message.READ, bytes([1, 0, 0, 0, 0, 1, 0]), "it has 1"),
        (Message.READ, bytes([0, 0, 0, 0, 0, 2, 0]), "1 bytes"),
        (Message.PEEK, bytes([32, 0, 0, 0, 1, 0]), "32 bytes"),
        (Message.RUN, bytes([0, 255, 255, 255, 255]), "another length or count: 29"),
        (Message.PROFILE, bytes([3, 0, 0, 0]), "it has 3"),
    ],
)
def test_bad_requests_are_refused_in_words(client: Client, message: int, payload: bytes, text: str) -> None:
    with pytest.raises(ProtocolError, match=text):
        client._exchange(_as_message(message), payload, 2.0)
    client.info()


def test_another_protocol_version_is_answered_by_ours(client: Client) -> None:
    client.link.write(encode_frame(Frame(Message.HELLO, 99, version=9)))
    answers: list[Frame] = []
    deadline = time.monotonic() + 5
    while not answers and time.monotonic() < deadline:
        answers = client._decoder.feed(client.link.read(0.2))
    assert [(f.type, f.nonce, f.payload[:2]) for f in answers] == [(Message.ERROR, 99, bytes([2, 1]))]


@pytest.fixture(scope="module")
def client(firmware_cache: Path, tmp_path_factory: pytest.TempPathFactory):  # type: ignore[no-untyped-def]
    board = load_board("netduinoplus2")
    firmware = build("tiny.c", board, tmp_path_factory.mktemp("client"), firmware_cache)
    with QemuDevice(board, firmware.elf) as link:
        yield Client(link)


def _as_message(value: int) -> Message:
    class Unknown(int):
        name = "UNKNOWN"

    return Message(value) if value in set(Message) else Unknown(value)  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("model", "text"),
    [("bad_address.c", "faulted in read_nowhere"), ("deep_recursion.c", "unknown .the stack overflowed.")],
)
def test_a_fault_is_reported_with_the_function(
    firmware_cache: Path, tmp_path: Path, model: str, text: str
) -> None:
    board = load_board("nucleo_f446re")
    firmware = build(model, board, tmp_path, firmware_cache)
    with QemuDevice(board, firmware.elf) as link:
        client = Client(link, symbol_at=firmware.image.symbol_at)
        client.info()
        with pytest.raises(DeviceError, match=text):
            client.run(deadline_s=5.0)
        with pytest.raises(DeadlineError):
            client.info(deadline_s=0.5)


def test_an_op_that_refuses_is_named(firmware_cache: Path, tmp_path: Path) -> None:
    board = load_board("nucleo_f446re")
    firmware = build("refusing.c", board, tmp_path, firmware_cache)
    with QemuDevice(board, firmware.elf) as link, pytest.raises(ProtocolError, match="stopped in op 1"):
        Client(link).run()


def test_a_missing_emulator_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with (
        pytest.raises(ToolMissingError, match="apt install qemu-system-arm"),
        QemuDevice(load_board("netduinoplus2"), tmp_path / "x.elf"),
    ):
        pass


def test_what_qemu_says_is_in_the_error(tmp_path: Path) -> None:
    board = load_board("netduinoplus2").model_copy(
        update={"emulator": Emulator(machine="nomachine", own_chip=True)}
    )
    with pytest.raises(DeviceError, match="unsupported machine type"), QemuDevice(board, tmp_path / "x.elf"):
        pass


def test_a_firmware_that_stays_silent_is_a_deadline(firmware_cache: Path, tmp_path: Path) -> None:
    """The image of one UART in an emulator that shows another: nothing is ever heard."""
    board = load_board("nucleo_f446re")
    firmware = build("tiny.c", board, tmp_path, firmware_cache)
    other_uart = board.model_copy(update={"emulator": Emulator(machine="netduinoplus2", own_chip=False)})
    device = QemuDevice(other_uart, firmware.elf, start_deadline_s=0.5)
    with pytest.raises(DeadlineError, match="did not reply"), device:
        pass
    assert device.pid is None


def test_qemu_is_gone_after_an_exception(tiny: Firmware) -> None:
    device = QemuDevice(tiny.board, tiny.elf)
    pids = []

    def fail_inside() -> None:
        with device:
            pids.append(device.pid)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_inside()
    assert not Path(f"/proc/{pids[0]}").exists()


def test_qemu_dies_with_a_parent_that_is_killed(tiny: Firmware) -> None:
    script = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from micronas.board import load_board\n"
        "from micronas.device.qemu import QemuDevice\n"
        "device = QemuDevice(load_board(sys.argv[1]), Path(sys.argv[2]))\n"
        "device.__enter__()\n"
        "print(device.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", script, tiny.board.name, str(tiny.elf)], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    deadline = time.monotonic() + 5
    while _runs(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not _runs(pid)


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def test_the_baud_rate_is_switched_and_comes_back_after_noise(client: Client) -> None:
    rates = []
    assert client.switch_baud(460_800, rates.append, 115_200)
    assert rates == [460_800]
    client.link.write(b"\0garbage\0garbage\0")  # the device gives the rate up; this line does not mind
    client.info()


def test_a_baud_rate_that_the_uart_cannot_make_is_refused(client: Client) -> None:
    """16 MHz / 16 is the most; 3,000,000 is beyond it by a factor of three."""
    rates: list[int] = []
    assert not client.switch_baud(3_000_000, rates.append, 115_200)
    assert rates == []


def test_a_rate_that_the_uart_makes_two_percent_off_is_refused(client: Client) -> None:
    """16 MHz / 17 is 941,176: 2.1 % above 921,600, where 1.6 % is allowed (mn_baud.c)."""
    with pytest.raises(ProtocolError, match="cannot make this baud rate, the nearest is 941176"):
        client.once(Message.BAUD, struct.pack("<I", 921_600), 2.0)
    assert client.once(Message.BAUD, struct.pack("<I", 115_200), 2.0) == struct.pack("<I", 115_107)


def test_reset_answers_with_the_number_of_states_and_takes_no_payload(client: Client) -> None:
    client.reset_states()
    assert client.once(Message.RESET, b"", 2.0) == struct.pack("<I", 0)
    with pytest.raises(ProtocolError, match=r"expects another length or count: 0"):
        client.once(Message.RESET, b"\1", 2.0)
