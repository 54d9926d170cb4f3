"""A package that is called by the name of what it does: ``micronas.search(...)``.

``micronas.search`` is a package of the pipeline and a verb of the Python API. Python
has one attribute for both, and sets it to the package as soon as anything imports that. So the package
itself can be called, and hands the call to the function of its name in ``micronas.api``.
"""

from __future__ import annotations

import inspect
import sys
from importlib import import_module
from types import ModuleType
from typing import Any


class _CallablePackage(ModuleType):
    def __call__(self, *arguments: Any, **options: Any) -> Any:
        return _verb(self.__name__)(*arguments, **options)

    @property
    def __signature__(self) -> inspect.Signature:
        """That of the function, for editors and ``inspect``."""
        return inspect.signature(_verb(self.__name__))


def make_callable(package: str) -> None:
    """Let the package of that name, which is being imported, be called as the verb of the API."""
    sys.modules[package].__class__ = _CallablePackage


def _verb(package: str) -> Any:
    name = package.rpartition(".")[2]
    return getattr(import_module(f"micronas.api.{name}"), name)
