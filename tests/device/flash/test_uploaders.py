"""Which device an upload goes to: every uploader is given its name; none is run when that is uncertain."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from micronas.board import Board, Upload, load_board
from micronas.device.flash import flash
from micronas.device.flash.board import upload_ini
from micronas.device.flash.uploaders import PROTOCOLS, command, jlink_script, registry_options
from micronas.device.flash.writer import Writer, choose_writer
from micronas.device.ports import Port, choose_port, serial_ports
from micronas.device.usb import UsbDevice, usb_devices
from micronas.errors import DeviceError, FlashError
from micronas.firmware import Firmware, build_firmware
from tests.support.fake_board import BUILD_ID, FakeBoard
from tests.support.fake_tools import Tools
from tests.support.paths import FIRMWARE_MODELS

BOARD = load_board("nucleo_f446re")
SERIAL = "066DFF505055657867184411"
ST_A = UsbDevice("ST-LINK/V2-1", SERIAL, "1-1")
ST_B = UsbDevice("ST-LINK/V2", "0671FF383159503043112607", "1-2")
DFU_A = UsbDevice("STM32 boot loader", "3677355B3037", "1-3")
DFU_B = UsbDevice("STM32 boot loader", "208B376E4D4D", "1-4")
JLINK = UsbDevice("J-Link", "000683012345", "1-5")
ADAPTER = Port("/dev/ttyUSB0", "A5069RR4", "", "FT232R USB UART")
GDB = Port("/dev/ttyACM0", "DDE6C7C4", "Black Magic Probe", interface=0)
UART = Port("/dev/ttyACM1", "DDE6C7C4", "Black Magic Probe", interface=2)


def with_protocol(protocol: str) -> Board:
    return BOARD.model_copy(update={"upload": Upload.model_validate({"protocol": protocol})})


def writer_of(protocol: str, port: Port, *usb: UsbDevice, ports: tuple[Port, ...] = ()) -> Writer:
    return choose_writer(with_protocol(protocol), port, lambda: ports, lambda: usb)


def test_the_probe_of_the_port_writes_the_board() -> None:
    port = Port("/dev/ttyACM0", SERIAL, "ST-LINK/V2-1")
    assert writer_of("stlink", port, ST_A, ST_B) == Writer("stlink", SERIAL)


def test_a_probe_without_a_port_is_named_beside_the_adapters_port() -> None:
    """An adapter has a serial number of its own, which is no probe's."""
    chosen = choose_port([ADAPTER], probe=ST_B.serial, port=ADAPTER.device)
    assert chosen.serial == ADAPTER.serial
    assert writer_of("stlink", chosen, ST_A, ST_B) == Writer("stlink", ST_B.serial)


@pytest.mark.parametrize(
    ("protocol", "devices"), [("stlink", (ST_A, ST_B)), ("dfu", (DFU_A, DFU_B)), ("jlink", (JLINK, JLINK))]
)
def test_several_and_none_named_are_listed_and_left_alone(
    protocol: str, devices: tuple[UsbDevice, ...]
) -> None:
    with pytest.raises(FlashError, match="none was selected") as caught:
        writer_of(protocol, ADAPTER, *devices)
    assert all(device.serial in str(caught.value) for device in devices)


@pytest.mark.parametrize("protocol", ["stlink", "dfu", "jlink", "blackmagic"])
def test_none_is_an_error_that_says_what_to_do(protocol: str) -> None:
    with pytest.raises(FlashError) as caught:
        writer_of(protocol, ADAPTER)
    assert caught.value.remedy
    assert ("BOOT0" in caught.value.remedy) == (protocol == "dfu")


def test_a_name_that_nobody_has_is_not_replaced_by_another() -> None:
    named = choose_port([ADAPTER], probe="FFFF", port=ADAPTER.device)
    with pytest.raises(FlashError, match="serial number FFFF is attached"):
        writer_of("stlink", named, ST_A)


def test_a_probe_that_the_bus_does_not_show_is_believed_only_where_it_shows_none() -> None:
    """In a container the list of ports may see a probe that sysfs does not; beside others it is gone."""
    port = Port("/dev/ttyACM0", SERIAL, "ST-LINK/V2-1")
    assert writer_of("stlink", port) == Writer("stlink", SERIAL)
    with pytest.raises(FlashError, match=f"serial number {SERIAL} is attached"):
        writer_of("stlink", port, ST_B)


@pytest.mark.parametrize("serial", ["FFFFFFFEFFFF", "066DFF505055657867184411"])
def test_two_devices_of_one_name_cannot_be_told_apart(serial: str) -> None:
    """Boot loaders and cloned probes are sold with one serial number for all."""
    twins = [UsbDevice("STM32 boot loader", serial, path) for path in ("1-1", "1-2")]
    named = choose_port([ADAPTER], probe=serial, port=ADAPTER.device)
    with pytest.raises(FlashError, match="an uploader cannot distinguish them") as caught:
        writer_of("dfu", named, *twins)
    assert "1-1" in str(caught.value)
    assert "1-2" in str(caught.value)


def test_where_usb_is_not_listed_only_a_name_is_certain() -> None:
    with pytest.raises(FlashError, match="--probe"):
        choose_writer(with_protocol("dfu"), ADAPTER, lambda: (), lambda: None)


def test_a_board_of_emulators_only_is_not_uploaded_to() -> None:
    with pytest.raises(FlashError, match="only in emulators"):
        writer_of("none", ADAPTER)


def test_a_black_magic_probe_is_named_by_its_other_port() -> None:
    assert choose_port([GDB, UART]) == UART
    assert writer_of("blackmagic", UART, ports=(GDB, UART)) == Writer("blackmagic", "DDE6C7C4", GDB.device)
    with pytest.raises(DeviceError, match="GDB server"):
        choose_port([GDB, UART], port=GDB.device)
    with pytest.raises(FlashError, match="has no GDB server port"):
        writer_of("blackmagic", UART, ports=(UART,))


def test_the_interface_of_a_port_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    class Info:
        device, vid, pid, serial_number, description = "/dev/ttyACM0", 0x1D50, 0x6018, "DDE6C7C4", "n/a"
        location = "1-1.1:1.0"

    monkeypatch.setattr("micronas.device.ports.list_ports.comports", lambda: [Info()])
    assert serial_ports()[0].is_gdb_server


def test_usb_devices_are_read_from_sysfs(tmp_path: Path) -> None:
    def device(name: str, vendor: str, product: str, serial: str | None) -> None:
        folder = tmp_path / name
        folder.mkdir()
        (folder / "idVendor").write_text(vendor + "\n")
        (folder / "idProduct").write_text(product + "\n")
        if serial is not None:
            (folder / "serial").write_text(serial + "\n", encoding="utf-8")

    device("1-1", "0483", "374b", "066dff505055657867184411")
    device("1-2", "0483", "3748", bytes.fromhex("0671FF383159503043112607").decode("latin-1"))
    device("1-3", "0483", "df11", None)
    device("1-4", "046d", "c31c", "keyboard")
    (tmp_path / "1-1:1.0").mkdir()
    assert usb_devices(tmp_path) == (
        ST_A,
        UsbDevice("ST-LINK/V2", "0671FF383159503043112607", "1-2"),
        UsbDevice("STM32 boot loader", "", "1-3"),
    )
    assert usb_devices(tmp_path / "absent") is None


def test_j_link_is_told_its_number_without_zeros_and_the_chip(tools: Tools) -> None:
    tools.add("JLinkExe")
    words = command(BOARD, Writer("jlink", "000683012345"), under_reset=False)
    assert words[words.index("-SelectEmuBySN") + 1] == "683012345"
    assert words[words.index("-device") + 1] == "STM32F446RE"
    assert words[words.index("-ExitOnError") + 1] == "1"
    plain, held = (jlink_script(Path("/b/firmware.bin"), under_reset=r) for r in (False, True))
    assert "loadbin /b/firmware.bin 0x08000000" in plain
    assert held == "RSetType 3\n" + plain


def test_a_black_magic_probe_connects_under_reset_before_it_scans(tools: Tools) -> None:
    tools.add("arm-none-eabi-gdb")
    words = command(BOARD, Writer("blackmagic", "X", "/dev/ttyACM0"), under_reset=True)
    steps = [word for flag, word in itertools.pairwise(words) if flag == "-ex"]
    assert steps[0] == "target extended-remote /dev/ttyACM0"
    assert steps.index("monitor connect_rst enable") < steps.index("monitor swdp_scan") < steps.index("load")


def test_a_serial_boot_loader_is_named_by_its_port(tools: Tools) -> None:
    tools.add("stm32flash")
    words = command(BOARD, writer_of("serial", ADAPTER), under_reset=False)
    assert (words[0], words[-1]) == ("stm32flash", ADAPTER.device)


@pytest.mark.parametrize(
    ("writer", "expected"),
    [
        (Writer("stlink", SERIAL), f"upload_flags =\n    -c\n    adapter serial {SERIAL}\n"),
        (Writer("dfu", "3677"), "upload_flags =\n    --serial\n    3677\n"),
        (Writer("jlink", "000683012345"), "upload_flags =\n    -SelectEmuBySN\n    683012345\n"),
        (Writer("blackmagic", "X", "/dev/ttyACM0"), "upload_port = /dev/ttyACM0\n"),
        (Writer("serial", "", "/dev/ttyUSB0"), "upload_port = /dev/ttyUSB0\n"),
    ],
)
def test_platformios_own_platform_is_told_the_same_device(
    writer: Writer, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MICRONAS_PLATFORM", "ststm32")
    assert upload_ini(BOARD, writer, under_reset=False) == f"[env:board]\n{expected}"


def test_a_flag_with_spaces_stays_one_argument_in_scons() -> None:
    """PlatformIO puts upload_flags in front of UPLOADERFLAGS as a list; the command is made by SCons."""
    from SCons.Environment import Base

    env = Base(UPLOADER="openocd", UPLOADERFLAGS=["-f", "board.cfg"])
    env["UPLOAD_FLAGS"] = ["-c", f"adapter serial {SERIAL}"]
    env.Prepend(UPLOADERFLAGS=["$UPLOAD_FLAGS"])
    (words,) = env.subst_list("$UPLOADER $UPLOADERFLAGS")
    assert [str(w) for w in words] == ["openocd", "-c", f"adapter serial {SERIAL}", "-f", "board.cfg"]


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tools:
    return Tools(tmp_path / "bin", monkeypatch)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, firmware_cache: Path) -> Firmware:
    source = (FIRMWARE_MODELS / "tiny.c").read_text(encoding="utf-8")
    folder = tmp_path_factory.mktemp("uploaders")
    firmware = build_firmware({"mn_model.c": source}, BOARD, workdir=folder, cache_dir=firmware_cache)
    return Firmware(**{**vars(firmware), "build_id": BUILD_ID})


@pytest.mark.emulator
@pytest.mark.parametrize(
    ("protocol", "tool", "words"),
    [
        ("jlink", "JLinkExe", ["-SelectEmuBySN", "683012345"]),
        ("dfu", "dfu-util", ["--serial", "3677355B3037"]),
        ("blackmagic", "arm-none-eabi-gdb", ["target extended-remote /dev/ttyACM0"]),
    ],
)
def test_platformio_runs_the_uploader_with_that_name_and_the_board_proves_it(
    protocol: str, tool: str, words: list[str], built: Firmware, tools: Tools
) -> None:
    tools.add(tool, 'echo "SUCCESS"')
    firmware = Firmware(**{**vars(built), "board": with_protocol(protocol)})
    with FakeBoard() as board:
        port = Port(
            board.port, "A5069RR4", writer={"jlink": JLINK.serial, "dfu": DFU_A.serial}.get(protocol, "")
        )
        flashed = flash(
            firmware,
            port,
            ports=lambda: [port, GDB],
            usb=lambda: (JLINK, DFU_A, DFU_B, ST_A),
            return_deadline_s=5.0,
        )
    assert flashed.info.build_id == BUILD_ID
    (call,) = tools.calls
    assert all(word in call for word in words)
    assert any("firmware.bin" in word or "firmware.elf" in word or "upload.jlink" in word for word in call)
    if protocol == "jlink":
        script = Path(call[call.index("-CommanderScript") + 1]).read_text()
        image = script.split("loadbin ")[1].split(" ")[0]
        assert Path(image).stat().st_size > 100


@pytest.mark.emulator
@pytest.mark.parametrize(("protocol", "attempts"), [("dfu", 1), ("jlink", 2)])
def test_success_without_the_build_id_is_none_and_reset_is_tried_where_it_can_be(
    protocol: str, attempts: int, built: Firmware, tools: Tools
) -> None:
    tool = {"dfu": "dfu-util", "jlink": "JLinkExe"}[protocol]
    tools.add(tool, 'echo "File downloaded successfully"')
    firmware = Firmware(**{**vars(built), "board": with_protocol(protocol), "build_id": b"\xaa" * 16})
    with FakeBoard() as board:
        port = Port(board.port, "A5069RR4")
        with pytest.raises(FlashError, match=r"(?s)still runs build .*successfully"):
            flash(firmware, port, ports=lambda: [port], usb=lambda: (JLINK, DFU_A), return_deadline_s=3.0)
    assert len(tools.calls) == attempts


def test_an_unknown_protocol_is_refused_with_those_that_are_supported() -> None:
    for protocol in PROTOCOLS:
        registry_options(Writer(protocol), under_reset=False)
    with pytest.raises(FlashError, match="'swim'\n  supported: stlink, jlink, blackmagic, dfu, serial"):
        registry_options(Writer("swim"), under_reset=False)
