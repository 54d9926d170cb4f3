"""The name, version and parameters of a front end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

Parameter: TypeAlias = "float | int | str | list[float]"


@dataclass(frozen=True)
class FrontEnd:
    """The conversion of raw samples to inputs. Name, version and parameters are deployed with the model."""

    name: str
    version: int
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
