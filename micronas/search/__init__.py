"""The search: the only package that uses every stage. ``micronas.search(...)`` is the API's verb.

Each name is imported when it is first used, because a worker needs only a part of the package.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from micronas.host.verb import make_callable

if TYPE_CHECKING:
    from micronas.search.result_json import summary
    from micronas.search.resume import stored_setup
    from micronas.search.run import new_run, search
    from micronas.search.setup import Setup, prepare

__all__ = ["Setup", "new_run", "prepare", "search", "stored_setup", "summary"]

_MODULES = {
    "Setup": "setup",
    "new_run": "run",
    "prepare": "setup",
    "search": "run",
    "stored_setup": "resume",
    "summary": "result_json",
}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)


make_callable(__name__)
