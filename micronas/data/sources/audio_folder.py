"""The source ``audio_folder``: recordings in class folders, ``root/CLASS/*.wav``, as log-mel spectrograms.

Every recording is brought to one rate and cut into clips of one length. The clips of a recording stay in one
part of the split. All files are read before any is refused, so that one message names every bad file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from micronas.config import DataConfig
from micronas.data.anomalies import against_normal
from micronas.data.copies import fingerprints
from micronas.data.dataset import DataKind
from micronas.data.front_end.bands import bands_to_channels
from micronas.data.front_end.clips import Clips, spectrograms
from micronas.data.front_end.options import FRONT_END_OPTIONS, front_end_of, input_range_of
from micronas.data.samples import RawReader, Samples, name_some
from micronas.data.sources.audio_file import SUFFIXES, AudioFacts, Signal, audio_facts, read_audio
from micronas.data.sources.class_folders import ClassFile, ClassFiles, class_files, none_readable
from micronas.data.sources.membership import groups_by_pattern
from micronas.data.sources.options import read, read_positive, refuse_unknown
from micronas.errors import DataError, plural

CLIP_S = 1.0
LEAST_REST = 0.5
"""A rest of a recording that is shorter than this share of a clip is left out."""
LEAST_RATE_HZ, MOST_RATE_HZ = 1000, 192_000

OPTIONS = (
    *("rate_hz", "clip_s", "hop_s", "skip_bad", "classes", "groups", "normal", "bands_as_channels"),
    *FRONT_END_OPTIONS,
)


@dataclass(frozen=True, eq=False)
class _Cut:
    """Clips of all files: the file of each, its start in samples, and how many were padded or left out."""

    clips: Clips
    files: list[ClassFile]
    starts: list[int]
    padded: int
    rests: int


def load_audio_folder(config: DataConfig) -> Samples:
    """Options: rate_hz, clip_s, hop_s, skip_bad, classes, groups (a pattern), normal, and the front end's."""
    options = config.options
    refuse_unknown(config.name, options, OPTIONS)
    listing = class_files(config, SUFFIXES, "recordings")
    facts, bad = _facts(listing)
    rate = _rate(options.get("rate_hz"), facts)
    clip, hop = _lengths(config, rate)
    front = front_end_of(options, rate)
    signals = _read_all(facts, rate, bad)
    if not signals:
        raise none_readable(listing.root, "recordings", bad)
    if bad and not read(options, "skip_bad", bool, False):
        raise DataError(
            f"{listing.root}: {plural(len(bad), 'damaged file')}: {name_some(bad)}",
            remedy="repair or remove them, or set data.options.skip_bad: true to skip them",
            settings=("data.options.skip_bad=true",),
        )
    cut = _cut(signals, clip, hop)
    names = [file.name for file in cut.files]
    pattern = read(options, "groups", str, "")
    whole = len(signals) == len(names)
    groups = groups_by_pattern(names, pattern) if pattern else None if whole else np.asarray(names)
    samples = Samples(
        name=listing.root.resolve().name,
        kind=DataKind.SPECTROGRAM,
        x=spectrograms(cut.clips, front),
        y=listing.labels(cut.files),
        class_names=listing.class_names,
        input_range=input_range_of(front),
        front_end=front.front_end,
        groups=groups,
        part=listing.parts(cut.files),
        origins=tuple(
            n if whole else f"{n} at {s / rate:g} s" for n, s in zip(names, cut.starts, strict=True)
        ),
        damaged=tuple(bad),
        fingerprints=fingerprints(cut.clips),
        sample_s=min(hop, clip) / rate,
        files=tuple(file.path for file in cut.files),
        raw=raw_clips(tuple(file.path for file in cut.files), cut.starts, clip, rate),
        notes=(*listing.notes, *_notes(facts, bad, rate, clip, cut)),
    )
    if read(options, "bands_as_channels", bool, False):
        samples = bands_to_channels(samples)
    normal = read(options, "normal", str, "")
    return against_normal(samples, normal) if normal else samples


def cut_signal(signal: Signal, clip: int, hop: int) -> tuple[list[Signal], list[int]]:
    """Clips of ``clip`` samples every ``hop`` samples, and their starts.

    A signal shorter than a clip becomes one, with silence at its end. Of a longer one, a rest of less than
    half a clip is left out; a longer rest is padded.
    """
    starts = list(range(0, max(1, len(signal) - clip + 1), hop))
    rest = len(signal) - (starts[-1] + clip)
    if hop >= clip and rest >= LEAST_REST * clip:
        starts.append(starts[-1] + hop)
    pieces = [signal[start : start + clip] for start in starts]
    return [np.pad(piece, (0, clip - len(piece))) for piece in pieces], starts


def raw_clips(files: Sequence[Path], starts: Sequence[int], clip: int, rate_hz: int) -> RawReader:
    """Reads clip i, int16 (clip,), from its file again."""

    def read_clip(number: int) -> Signal:
        signal = read_audio(files[number], rate_hz)[starts[number] : starts[number] + clip]
        return np.pad(signal, (0, clip - len(signal)))

    return read_clip


def _facts(listing: ClassFiles) -> tuple[dict[ClassFile, AudioFacts], list[str]]:
    facts, bad = {}, []
    for file in listing.files:
        try:
            facts[file] = audio_facts(file.path)
        except DataError as error:
            if error.remedy:  # a package is missing
                raise
            bad.append(f"{file.name} ({error.message})")
    return facts, bad


def _rate(asked: object, facts: dict[ClassFile, AudioFacts]) -> int:
    """The rate that is asked for; otherwise the most frequent one, the lower of equals."""
    if asked is not None:
        if type(asked) is not int or not LEAST_RATE_HZ <= asked <= MOST_RATE_HZ:
            raise DataError(
                f"data option 'rate_hz' must be a whole number from {LEAST_RATE_HZ} to {MOST_RATE_HZ}, "
                f"not {asked!r}"
            )
        return asked
    counts = Counter(fact.rate_hz for fact in facts.values())
    return min(counts, key=lambda rate: (-counts[rate], rate), default=16_000)


def _lengths(config: DataConfig, rate: int) -> tuple[int, int]:
    """Samples of a clip, and from one clip to the next."""
    clip_s = read_positive(config.options, "clip_s", CLIP_S)
    hop_s = read_positive(config.options, "hop_s", clip_s)
    clip, hop = round(clip_s * rate), round(hop_s * rate)
    if clip < 1 or hop < 1:
        raise DataError(
            f"data options: clip_s {clip_s:g} and hop_s {hop_s:g} are less than one sample at {rate} Hz"
        )
    return clip, hop


def _read_all(facts: dict[ClassFile, AudioFacts], rate: int, bad: list[str]) -> dict[ClassFile, Signal]:
    """Signals by file; files that cannot be decoded are added to ``bad``."""
    signals = {}
    for file in facts:
        try:
            signals[file] = read_audio(file.path, rate)
        except DataError as error:
            if error.remedy:
                raise
            bad.append(f"{file.name} ({error.message})")
    return signals


def _cut(signals: dict[ClassFile, Signal], clip: int, hop: int) -> _Cut:
    clips: list[Signal] = []
    files: list[ClassFile] = []
    starts: list[int] = []
    padded = rests = 0
    for file, signal in signals.items():
        pieces, at = cut_signal(signal, clip, hop)
        end = at[-1] + clip
        padded += end > len(signal)
        rests += end < len(signal)
        clips += pieces
        files += [file] * len(pieces)
        starts += at
    return _Cut(np.stack(clips), files, starts, padded, rests)


def _notes(
    facts: dict[ClassFile, AudioFacts], bad: list[str], rate: int, clip: int, cut: _Cut
) -> Iterator[str]:
    if bad:
        yield f"{plural(len(bad), 'damaged file')} skipped: {name_some(bad)}"
    short = [file.name for file, fact in facts.items() if fact.cut_short]
    if short:
        yield f"{plural(len(short), 'file')} cut short: less audio than the header says: {name_some(short)}"
    rates = Counter(fact.rate_hz for fact in facts.values())
    if set(rates) != {rate}:
        others = ", ".join(f"{count} of {hz:,} Hz" for hz, count in sorted(rates.items()) if hz != rate)
        yield f"recordings resampled to {rate:,} Hz: {others}"
    stereo = sum(fact.channels > 1 for fact in facts.values())
    if stereo:
        yield f"{plural(stereo, 'recording')} of several channels averaged to one"
    if cut.padded:
        yield f"{plural(cut.padded, 'recording')} padded with silence to whole clips of {clip / rate:g} s"
    if len(cut.files) > len({file.name for file in cut.files}):
        recordings = plural(len(set(cut.files)), "recording")
        yield f"{recordings} cut into {len(cut.files):,} clips of {clip / rate:g} s"
    if cut.rests:
        yield f"the rest of {plural(cut.rests, 'recording')}, too short for a clip, skipped"
    silent = np.flatnonzero(~cut.clips.any(axis=1))
    if len(silent):
        names = name_some([cut.files[i].name for i in silent])
        yield f"{plural(len(silent), 'clip')} of silence only: {names}"
