"""The page of a data set: figures, findings, and samples to look at and listen to, in one HTML file."""

from __future__ import annotations

import base64
import mimetypes
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, PackageLoader, select_autoescape

from micronas.data.load import SplitSamples
from micronas.data.sources.audio_file import SUFFIXES as AUDIO_SUFFIXES
from micronas.data.survey.figures import PARTS, SampleFigures
from micronas.data.survey.findings import DataProblem
from micronas.data.survey.pictures import chosen_samples, picture_of
from micronas.errors import percent, plural

MAX_AUDIO_BYTES = 400_000
"""A longer recording is shown and not embedded."""


@dataclass(frozen=True)
class Shown:
    """One sample on the page; ``audio`` is empty if there is nothing to listen to."""

    name: str
    part: str
    picture: str
    audio: str


def render_page(found: SplitSamples, figures: SampleFigures, findings: tuple[DataProblem, ...]) -> str:
    """The complete, self-contained page."""
    environment = Environment(
        loader=PackageLoader("micronas.data.survey", "."),
        autoescape=select_autoescape(default_for_string=True, default=True),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"percent": percent, "plural": plural}
    rows = [[_shown(found, i) for i in row] for row in chosen_samples(found.samples)]
    return environment.get_template("page.html.j2").render(
        figures=figures,
        findings=findings,
        classes=list(zip(figures.classes, rows, strict=True)),
        parts=tuple(PARTS.values()),
    )


def _shown(found: SplitSamples, index: int) -> Shown:
    picture = _uri("image/png", picture_of(found.samples, index))
    file = found.samples.files[index] if found.samples.files else None
    return Shown(found.samples.origin(index), PARTS[int(found.part[index])], picture, _audio(file))


def _audio(file: Path | None) -> str:
    if file is None or file.suffix.lower() not in AUDIO_SUFFIXES or file.stat().st_size > MAX_AUDIO_BYTES:
        return ""
    return _uri(mimetypes.guess_type(file.name)[0] or "audio/wav", file.read_bytes())


def _uri(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
