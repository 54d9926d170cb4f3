"""An installed wheel or sdist, without the checkout, does what the checkout does."""

from __future__ import annotations

import json
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from micronas.board import board_names
from tests.support.installed import (
    build_distributions,
    clean_environment,
    fresh_environment,
    layered_environment,
    site_packages,
)
from tests.support.paths import REPOSITORY

SHIPPED = ("boards", "firmware", "search_configs")
BOARD = ("--board", "nucleo_f446re")


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return build_distributions(tmp_path_factory.mktemp("distributions"))


class Installed:
    """The command ``micronas`` of an environment, run from an empty folder."""

    def __init__(self, python: Path, here: Path, cache: Path) -> None:
        self.python, self.here, self.cache = python, here, cache

    def run(self, *words: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.python.with_name("micronas")), *map(str, words)],
            cwd=self.here,
            env=clean_environment(XDG_CACHE_HOME=str(self.cache)),
            capture_output=True,
            text=True,
            timeout=600,
        )


@pytest.fixture(scope="module")
def installed(
    distributions: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installed]:
    """The wheel, in an environment whose site-packages nobody may write to."""
    folder = tmp_path_factory.mktemp("installed")
    python = layered_environment(folder / "venv", distributions[1])
    (folder / "empty").mkdir()
    package = site_packages(python) / "micronas"
    read_only(package)
    before = listing(package)
    yield Installed(python, folder / "empty", folder / "cache")
    assert listing(package) == before  # also where the tests run as root, who may write anywhere


def read_only(package: Path) -> None:
    for path in (package, *package.rglob("*")):
        path.chmod(path.stat().st_mode & ~0o222)


def listing(package: Path) -> set[str]:
    return {str(path) for path in package.rglob("*") if "__pycache__" not in path.parts}


def shipped_files() -> set[str]:
    """What git has in the folders that are shipped."""
    done = subprocess.run(
        ["git", "ls-files", *SHIPPED], cwd=REPOSITORY, capture_output=True, text=True, timeout=60
    )
    if done.returncode != 0 or not done.stdout:
        pytest.skip("not a git checkout")
    return set(done.stdout.split())


def test_the_wheel_holds_every_file_of_the_checkouts_folders(distributions: tuple[Path, Path]) -> None:
    with zipfile.ZipFile(distributions[1]) as wheel:
        names = wheel.namelist()
    data = {name.removeprefix("micronas/_data/") for name in names if name.startswith("micronas/_data/")}
    assert data == shipped_files() | {"LICENSE"}
    assert {"micronas/py.typed", "micronas/memory/codesize.json", "micronas/report/page.html.j2"} <= set(
        names
    )
    assert "micronas/data/files/mnist5k.npz" in names
    assert not [name for name in names if name.startswith(("tests/", "setup.py"))]


def test_it_comes_from_the_wheel_and_finds_its_data_there(installed: Installed) -> None:
    script = (
        "import micronas\nfrom micronas.host.resources import resource\n"
        "print(resource('boards'), micronas.__file__)\n"
    )
    done = subprocess.run(
        [str(installed.python), "-c", script],
        cwd=installed.here,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=60,
    )
    for path in done.stdout.split():
        assert path.startswith(str(site_packages(installed.python))), done.stdout + done.stderr


def test_boards_and_configurations_are_listed(installed: Installed) -> None:
    boards = json.loads(installed.run("boards", "--json").stdout)
    assert [board["name"] for board in boards] == list(board_names())
    configs = json.loads(installed.run("configs", "--json").stdout)
    assert {config["name"] for config in configs} >= {"mnist5k", "vibration"}


def test_doctor_finds_the_data_complete(installed: Installed) -> None:
    findings = {f["what"]: f for f in json.loads(installed.run("doctor", "--json").stdout)}
    assert findings["package data"]["ok"]
    assert str(site_packages(installed.python)) in findings["package data"]["detail"]
    rules = findings["udev rules"]["remedy"].split()[1]
    assert rules.endswith("70-micronas.rules")
    assert Path(rules).is_file()


@pytest.mark.emulator
@pytest.mark.slow
def test_check_bench_and_export_work(installed: Installed) -> None:
    uses_a_model(installed)
    assert any(installed.cache.rglob("*")), "compiled objects belong into the user's cache"
    assert "Apache License" in (installed.here / "library" / "LICENSE").read_text()


@pytest.mark.emulator
@pytest.mark.slow
def test_a_short_search_gives_a_network_its_files_and_a_report(installed: Installed) -> None:
    """Real trainings: the whole of it, as small as it gets."""
    quick = ("--set", "estimator.epochs=1", "--set", "final_fit.epochs=1", "--set", "data.name=digits")
    done = installed.run("search", "mnist5k", *BOARD, "--trials", 1, *quick, "--set", "workers=1")
    assert done.returncode == 0, done.stdout + done.stderr
    run = installed.here / "runs" / "mnist5k-1"
    for name in ("report.html", "best/model.tflite", "best/c/mn_model.c", "best/firmware.elf"):
        assert (run / name).is_file(), name


def test_missing_data_is_an_error_by_name(distributions: tuple[Path, Path], tmp_path: Path) -> None:
    python = layered_environment(tmp_path / "venv", distributions[0])  # the sdist: it builds, too
    installed = Installed(python, tmp_path, tmp_path / "cache")
    data = site_packages(python) / "micronas" / "_data"
    (data / "boards" / "nucleo_f446re.yaml").unlink()
    findings = {f["what"]: f for f in json.loads(installed.run("doctor", "--json").stdout)}
    assert not findings["package data"]["ok"]
    assert "boards/nucleo_f446re.yaml" in findings["package data"]["detail"]
    for path in (data / "boards").iterdir():
        path.unlink()
    listed = installed.run("boards")
    assert listed.returncode == 2
    assert listed.stdout == ""
    assert "boards of micronas is missing" in listed.stderr
    doctor = installed.run("doctor")
    assert doctor.returncode == 1
    assert "WRONG package data" in doctor.stdout
    assert "Traceback" not in doctor.stderr


@pytest.mark.slow
def test_pip_installs_from_a_git_repository(tmp_path: Path) -> None:
    """What is committed, built in its own tree: as `pip install .` in a checkout builds it."""
    expected = shipped_files()
    python = layered_environment(tmp_path / "venv", f"git+{REPOSITORY.as_uri()}")
    data = site_packages(python) / "micronas" / "_data"
    found = {p.relative_to(data).as_posix() for p in data.rglob("*") if p.is_file() and p.suffix != ".pyc"}
    assert found >= {name for name in expected if name.startswith("boards/")}
    done = Installed(python, tmp_path, tmp_path / "cache").run("boards", "show", "nucleo_f446re")
    assert done.returncode == 0, done.stderr


@pytest.mark.exhaustive
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("kind", ["wheel", "sdist"])
def test_a_fresh_environment_has_every_verb(
    kind: str, distributions: tuple[Path, Path], tmp_path: Path
) -> None:
    """Everything from the package registry into an empty environment with read-only site-packages."""
    package = f"{distributions[1]}[search]" if kind == "wheel" else str(distributions[0])
    python = fresh_environment(tmp_path / "venv", package)
    (tmp_path / "empty").mkdir()
    site = site_packages(python)
    read_only(site)
    before = listing(site)
    installed = Installed(python, tmp_path / "empty", tmp_path / "cache")
    boards = json.loads(installed.run("boards", "--json").stdout)
    assert [board["name"] for board in boards] == list(board_names())
    findings = {f["what"]: f for f in json.loads(installed.run("doctor", "--json").stdout)}
    needed = ("Python", "package data", "platformio", "arm-none-eabi-gcc", "qemu-system-arm")
    assert {what: findings[what]["ok"] for what in needed} == dict.fromkeys(needed, True)
    assert findings["tensorflow"]["ok"] == (kind == "wheel")
    uses_a_model(installed)
    if kind == "wheel":
        searches_as_the_readme_does(installed)
    assert listing(site) == before


def uses_a_model(installed: Installed) -> None:
    """``check``, ``bench`` and ``export`` of a published network."""
    for words in (
        ("networks", "write", "mlperf_tiny_ad", "--out", "ad.tflite"),
        ("check", "ad.tflite", *BOARD),
        ("export", "ad.tflite", "--out", "library"),
    ):
        done = installed.run(*words)
        assert done.returncode == 0, done.stdout + done.stderr
    bench = installed.run("bench", "ad.tflite", *BOARD, "--json", "--count", 1)
    assert bench.returncode == 0, bench.stderr
    assert json.loads(bench.stdout)["parity"]["mismatches"] == 0


def searches_as_the_readme_does(installed: Installed) -> None:
    """A network, its .keras, .tflite, C and report."""
    done = installed.run("search", "mnist5k", *BOARD, "--trials", 3, "--set", "final_fit.epochs=2")
    assert done.returncode == 0, done.stdout + done.stderr
    run = installed.here / "runs" / "mnist5k-1"
    for name in ("report.html", "best/model.tflite", "best/model.keras", "best/c/mn_model.c"):
        assert (run / name).is_file(), name
