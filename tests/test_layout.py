"""The layout of the repository: few packages, tests that mirror them, no test that leans on another."""

from __future__ import annotations

import ast
import graphlib
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from tests.support.paths import REPOSITORY

TESTS = REPOSITORY / "tests"
PACKAGE = REPOSITORY / "micronas"
MAX_ENTRIES = 28
"""The stages of the pipeline, and what they share."""
NOT_PACKAGES = {"support", "docs", "tools", "benchmarks"}
"""What the tests share, and the tests of ``docs/`` and ``tools/``."""

TEST_FILES = sorted(path.relative_to(TESTS) for path in TESTS.rglob("test_*.py"))


def entries(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.iterdir()) if path.name != "__pycache__"]


def imported_modules(path: Path) -> Iterator[str]:
    """Every module that a file may import, ``from a import b`` as ``a`` and ``a.b``."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def test_nothing_imports_from_a_test_file() -> None:
    """What tests share lies in ``tests/support``; imports are absolute, so that this sees them all."""
    test_modules = {".".join(["tests", *file.with_suffix("").parts]) for file in TEST_FILES}
    for path in sorted(TESTS.rglob("*.py")):
        imported = set(imported_modules(path))
        assert not imported & test_modules, path
        assert not {module for module in imported if module.startswith(".")}, path


def test_every_folder_of_tests_mirrors_a_package() -> None:
    mirrored = {path.parent for path in TEST_FILES if path.parts[0] not in NOT_PACKAGES}
    assert len(mirrored) > 15
    missing = [str(folder) for folder in mirrored if not (PACKAGE / folder / "__init__.py").is_file()]
    assert missing == []


def test_folders_beside_the_packages_are_those_named_here() -> None:
    folders = {path.name for path in entries(TESTS) if path.is_dir()}
    packages = {path.name for path in entries(PACKAGE) if path.is_dir()}
    assert folders - packages == NOT_PACKAGES


def test_the_package_has_few_entries() -> None:
    names = [path.name for path in entries(PACKAGE)]
    assert len(names) <= MAX_ENTRIES, names


def test_scripts_inside_tests_import_no_test_either() -> None:
    """What a test hands to another interpreter as text."""
    found = re.compile(r"(?:from|import) tests\.(?!support\b)\w+")
    assert {
        str(path): found.findall((TESTS / path).read_text(encoding="utf-8"))
        for path in TEST_FILES
        if found.search((TESTS / path).read_text(encoding="utf-8"))
    } == {}


def test_documents_name_test_files_that_are_there() -> None:
    pages = [
        *REPOSITORY.glob("*.md"),
        *REPOSITORY.glob("docs/**/*.md"),
        *REPOSITORY.glob("benchmarks/**/*.md"),
    ]
    named = {
        (page.name, path)
        for page in pages
        if page.name != "CHANGELOG.md"
        for path in re.findall(r"(?<![\w/])tests/[\w/*]+\.py", page.read_text(encoding="utf-8"))
    }
    assert len(named) > 10
    assert {(page, path) for page, path in named if not list(REPOSITORY.glob(path))} == set()


SPACES_AND_REGIONS = re.compile(r"[A-Z]\w*(Space|Region|Arch)")
FOREIGN = {"MemoryRegion", "FreeRegion"}
"""Regions of a memory, which have nothing to do with search spaces."""


def compared_types(tree: ast.AST) -> Iterator[str]:
    """Names of the classes in ``isinstance``, ``issubclass`` and ``match``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.MatchClass):
            yield ast.unparse(node.cls)
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("isinstance", "issubclass"):
            yield from (ast.unparse(name) for name in ast.walk(node.args[1]) if isinstance(name, ast.Name))


def test_only_the_spaces_tell_spaces_apart() -> None:
    """Other code calls a method of the space, or what a space registered (``functools.singledispatch``)."""
    found = [
        f"{path.relative_to(PACKAGE)}: {name}"
        for path in sorted(PACKAGE.rglob("*.py"))
        if path.relative_to(PACKAGE).parts[0] != "space"
        for name in compared_types(ast.parse(path.read_text(encoding="utf-8")))
        if SPACES_AND_REGIONS.fullmatch(name) and name not in FOREIGN
    ]
    assert found == []
    case = ast.parse("match s:\n    case CellSpace(): pass\nisinstance(s, MlpSpace | Net)")
    assert {"CellSpace", "MlpSpace"} <= set(compared_types(case))


def test_no_modules_import_each_other() -> None:
    """Not even inside a function or for types only. Faces of packages are left out: they define nothing."""
    modules = {
        ".".join(path.relative_to(REPOSITORY).with_suffix("").parts): path
        for path in PACKAGE.rglob("*.py")
        if path.name != "__init__.py"
    }
    imported = {name: set(imported_modules(path)) & modules.keys() - {name} for name, path in modules.items()}
    assert sum(map(len, imported.values())) > 1000
    try:
        graphlib.TopologicalSorter(imported).prepare()
    except graphlib.CycleError as error:
        raise AssertionError(f"a circle of imports: {error.args[1]}") from error


def test_a_class_name_has_one_meaning() -> None:
    """Public classes of the package, by name: none is defined in two modules."""
    defined: dict[str, list[str]] = {}
    for path in sorted((REPOSITORY / "micronas").rglob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                defined.setdefault(node.name, []).append(str(path.relative_to(REPOSITORY)))
    assert len(defined) > 100
    assert {name: paths for name, paths in defined.items() if len(paths) > 1} == {}


SEAMS = {
    "micronas.space.*": "what a space hands to a strategy: architectures",
    "micronas.board.arena_location": "where the arena lies",
    "micronas.memory.ledger.*": "what fits",
    "micronas.trial": "a trial and its figures",
    "micronas.deploy.*": "what was built and run",
    "micronas.store.*": "what a run keeps",
    "micronas.report.*": "what a report shows",
    "micronas.search.*": "what a search decides",
}
"""Modules whose interfaces mypy checks for an explicit ``Any``."""


def test_mypy_refuses_any_at_the_seams() -> None:
    settings = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["mypy"]
    strict, exempt = set(), set()
    for override in settings["overrides"]:
        if (refused := override.get("disallow_any_explicit")) is not None:
            (strict if refused else exempt).update(override["module"])
    assert settings["strict"]
    assert SEAMS.keys() <= strict
    assert exempt == {"micronas.space.space_config"}, "a class of pydantic's, as are other sections"
