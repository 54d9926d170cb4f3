"""Packages that can be called like a verb of the API: ``micronas.search(...)``.

``micronas.search`` is a package of the pipeline and a verb of the Python API. Python has one attribute for
both, and sets it to the package as soon as anything imports that. The package can therefore be called itself,
and forwards the call to the function of the same name in ``micronas.api``.
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
        """The signature of the function, for editors and ``inspect``."""
        return inspect.signature(_verb(self.__name__))


def make_callable(package: str) -> None:
    """Make the package of that name, which is being imported, callable as a verb of the API."""
    sys.modules[package].__class__ = _CallablePackage


def _verb(package: str) -> Any:
    name = package.rpartition(".")[2]
    return getattr(import_module(f"micronas.api.{name}"), name)
