"""Parts that a user plugs in: found by import path, by entry point, or in a file that the Python API wrote.

A configuration names a user's part in one of three ways:

    my_module:my_source       attribute ``my_source`` of module ``my_module``
    my_source                 the entry point of that name in the part's group, such as ``micronas.sources``
    pickle:/runs/plugins/...  an object that has no import path, written by the Python API with cloudpickle

Worker processes read the same configuration, so they find the same object.
"""

from __future__ import annotations

import hashlib
import importlib
import pickle
import sys
from collections.abc import Iterable, Mapping
from enum import Enum
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from micronas.errors import ConfigError

_PICKLE = "pickle:"


class Part(Enum):
    """What can be plugged in: the key that names it, and the group of its entry points."""

    SOURCE = ("data.name", "micronas.sources")
    METRIC = ("data.metric", "micronas.metrics")
    SPACE = ("space.name", "micronas.spaces")
    STRATEGY = ("strategy.name", "micronas.strategies")
    ESTIMATOR = ("estimator.name", "micronas.estimators")
    REWARD = ("reward.function", "micronas.rewards")

    @property
    def key(self) -> str:
        """The key of a configuration that names it."""
        return str(self.value[0])

    @property
    def group(self) -> str:
        """The group of entry points that offer it."""
        return str(self.value[1])


def is_plugged_in(name: str, part: Part) -> bool:
    """Whether ``name`` refers to a user's part and not to a built-in one."""
    return ":" in name or name in _offered(part.group)


@cache
def find(name: str, part: Part) -> Any:
    """The callable called ``name``; raises ``ConfigError`` that says where it was searched."""
    if name.startswith(_PICKLE):
        found = _unpickled(Path(name.removeprefix(_PICKLE)), part)
    elif ":" in name:
        found = _imported(name, part)
    else:
        found = _loaded(name, part)
    if not callable(found):
        raise ConfigError(f"{part.key}: {name!r} is a {type(found).__name__}, which cannot be called")
    return found


def reference(thing: object, part: Part, folder: Path) -> str:
    """How a configuration names ``thing``.

    A string is unchanged; an object is named by its import path, otherwise by a file that is written to
    ``folder``. Raises ``ConfigError`` for an object that can be neither imported nor pickled.
    """
    if isinstance(thing, str):
        return thing
    module, name = getattr(thing, "__module__", None), getattr(thing, "__qualname__", None)
    if module and name and module != "__main__" and _is_at(thing, module, name):
        return f"{module}:{name}"
    return _PICKLE + str(_pickled(thing, part, folder))


def short_name(name: str) -> str:
    """The short name of the part: ``f1`` for ``my_metrics:f1``."""
    if name.startswith(_PICKLE):
        return Path(name).stem.rpartition("-")[0]
    return name.rpartition(":")[2]


def contents(names: Iterable[str | None]) -> dict[str, bytes]:
    """What is in the files of those ``names`` that are files of the Python API, for another machine."""
    files = [Path(name.removeprefix(_PICKLE)) for name in names if name and name.startswith(_PICKLE)]
    return {str(path): _read(path, "plug-in") for path in files}


def receive(files: Mapping[str, bytes]) -> None:
    """Find these contents (see ``contents``) in place of the files of the same paths."""
    _received.update(files)


_received: dict[str, bytes] = {}


def _offered(group: str) -> dict[str, Any]:
    return {point.name: point for point in entry_points(group=group)}


def _loaded(name: str, part: Part) -> Any:
    offered = _offered(part.group)
    if name not in offered:
        raise ConfigError(f"{part.key}: no entry point {name!r} in group {part.group}")
    return _run(lambda: offered[name].load(), name, part)


def _imported(name: str, part: Part) -> Any:
    module_name, _, path = name.partition(":")
    here = str(Path.cwd())
    if here not in sys.path:  # the installed program does not look into the current folder by itself
        sys.path.append(here)
    found = _run(lambda: importlib.import_module(module_name), name, part)
    for attribute in path.split("."):
        if not hasattr(found, attribute):
            raise ConfigError(f"{part.key}: {name!r}: module {module_name} has no {path!r}")
        found = getattr(found, attribute)
    return found


def _run(load: Any, name: str, part: Part) -> Any:
    """``load()``; any error of the user's module becomes one message."""
    try:
        return load()
    except Exception as error:
        raise ConfigError(
            f"{part.key}: {name!r} cannot be imported: {type(error).__name__}: {error}",
            remedy="modules are imported from the current folder and PYTHONPATH",
        ) from error


def _is_at(thing: object, module: str, name: str) -> bool:
    try:
        found: Any = importlib.import_module(module)
        for attribute in name.split("."):
            found = getattr(found, attribute)
    except (ImportError, AttributeError, ValueError):
        return False
    return found is thing


def _pickled(thing: object, part: Part, folder: Path) -> Path:
    import cloudpickle

    try:
        data = cloudpickle.dumps(thing)
    except Exception as error:
        raise ConfigError(
            f"{part.key}: {thing!r} cannot be sent to worker processes: {error}",
            remedy="move it into a module and name it 'module:name'",
        ) from error
    name = getattr(thing, "__name__", type(thing).__name__).strip("<>")
    path = (folder / f"{name}-{hashlib.sha256(data).hexdigest()[:12]}.pkl").absolute()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def _unpickled(path: Path, part: Part) -> Any:
    data = _received.get(str(path)) or _read(path, part.key)
    return _run(lambda: pickle.loads(data), str(path), part)


def _read(path: Path, what: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"{what}: {path}: cannot be read: {error.strerror}",
            remedy="the Python API wrote this file next to the run; restore it, or use 'module:name'",
        ) from error
