"""The source ``speech_commands``: the public archive of spoken words (Warden 2018), in its own layout.

``path/WORD/SPEAKER_nohash_N.wav``, ``testing_list.txt`` and ``validation_list.txt`` with the official split,
``_background_noise_/*.wav``. Ten words are classes of their own; all other words are "unknown", and pieces of
the noise are "silence".
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from micronas.config import DataConfig
from micronas.data.copies import fingerprints
from micronas.data.dataset import DataKind
from micronas.data.front_end.bands import bands_to_channels
from micronas.data.front_end.clips import spectrograms
from micronas.data.front_end.options import FRONT_END_OPTIONS, front_end_of, input_range_of
from micronas.data.samples import Samples, name_some
from micronas.data.sources.audio_file import Signal, read_audio
from micronas.data.sources.audio_folder import cut_signal, raw_clips
from micronas.data.sources.download import fetch_tar
from micronas.data.sources.npz import require_path
from micronas.data.sources.options import read, read_names, refuse_unknown
from micronas.data.split import TEST, TRAIN, VALIDATION
from micronas.errors import DataError, plural

URL = "http://download.tensorflow.org/data/speech_commands_v0.02.tar.gz"
SHA256 = "af14739ee7dc311471de98f5f9d2c9191b18aedfe957f4a6ff791c709868ff58"
"""Of version 0.02, as TensorFlow Datasets and torchaudio publish it."""

RATE_HZ, CLIP = 16_000, 16_000
WORDS = ("yes", "no", "up", "down", "left", "right", "on", "off", "stop", "go")
UNKNOWN, SILENCE, NOISE_FOLDER = "unknown", "silence", "_background_noise_"
LISTS = {"validation_list.txt": VALIDATION, "testing_list.txt": TEST}
OPTIONS = ("words", "unknown", "silence", "max_per_class", "download", "url", "sha256", "bands_as_channels")


@dataclass(frozen=True)
class _Word:
    """One recording: its class, its speaker and its official part."""

    path: Path
    name: str
    class_name: str
    speaker: str
    part: int


@dataclass(frozen=True, eq=False)
class _Clip:
    """One second of a recording or of the noise; ``group`` is the speaker or the noise."""

    signal: Signal
    name: str
    class_name: str
    group: str
    part: int
    path: Path
    start: int = 0


def load_speech_commands(config: DataConfig) -> Samples:
    """Options: words, unknown, silence, max_per_class, download, url, sha256, and those of the front end."""
    refuse_unknown(config.name, config.options, (*OPTIONS, *FRONT_END_OPTIONS))
    root = require_path(config)
    if read(config.options, "download", bool, False) and not root.exists():
        url, sha256 = read(config.options, "url", str, URL), read(config.options, "sha256", str, SHA256)
        fetch_tar(url, sha256, root)
    words = read_names(config.options, "words") or WORDS
    chosen = _limited(_listed(root, words, read(config.options, "unknown", bool, True)), config)
    clips = _read_clips(root, chosen)
    if read(config.options, "silence", bool, True):
        clips += _noise(root, Counter(clip.class_name for clip in clips))
    classes = [clip.class_name for clip in clips]
    signals = np.stack([clip.signal for clip in clips])
    class_names = tuple(name for name in (*words, SILENCE, UNKNOWN) if name in set(classes))
    front = front_end_of(config.options, RATE_HZ)
    samples = Samples(
        name="speech_commands",
        kind=DataKind.SPECTROGRAM,
        x=spectrograms(signals, front),
        y=np.array([class_names.index(name) for name in classes], np.int64),
        class_names=class_names,
        input_range=input_range_of(front),
        front_end=front.front_end,
        groups=np.array([clip.group for clip in clips]),
        part=np.array([clip.part for clip in clips], np.int64),
        origins=tuple(clip.name for clip in clips),
        files=tuple(clip.path for clip in clips),
        raw=raw_clips([clip.path for clip in clips], [clip.start for clip in clips], CLIP, RATE_HZ),
        fingerprints=fingerprints(signals),
        sample_s=CLIP / RATE_HZ,
        notes=("the split is that of the archive's lists",),
    )
    return bands_to_channels(samples) if read(config.options, "bands_as_channels", bool, False) else samples


def _read_clips(root: Path, words: list[_Word]) -> list[_Clip]:
    """The recordings, one second each; raises ``DataError`` that names all damaged files."""
    clips, bad = [], []
    for word in words:
        try:
            signal = read_audio(word.path, RATE_HZ)
        except DataError as error:
            if error.remedy:
                raise
            bad.append(f"{word.name} ({error.message})")
            continue
        clips.append(
            _Clip(_one_second(signal), word.name, word.class_name, word.speaker, word.part, word.path)
        )
    if bad:
        raise DataError(
            f"{root}: {plural(len(bad), 'damaged file')}: {name_some(bad)}", remedy="unpack it again"
        )
    return clips


def _listed(root: Path, words: tuple[str, ...], unknown: bool) -> list[_Word]:
    """Every recording of the wanted classes with its official part, sorted by name."""
    if not root.is_dir():
        raise DataError(
            f"no such folder: {root}",
            remedy="unpack speech_commands_v0.02.tar.gz there, or set data.options.download: true (2.4 GB)",
            settings=("data.options.download=true",),
        )
    parts = _official_parts(root)
    missing = [word for word in words if not (root / word).is_dir()]
    if missing:
        raise DataError(
            f"{root} has no folders of the words {', '.join(missing)}",
            remedy="see data.options.words",
            settings=("data.options.words",),
        )
    found = []
    for folder in sorted(p for p in root.iterdir() if p.is_dir() and not p.name.startswith(("_", "."))):
        if folder.name not in words and not unknown:
            continue
        class_name = folder.name if folder.name in words else UNKNOWN
        for path in sorted(folder.glob("*.wav")):
            name = f"{folder.name}/{path.name}"
            speaker = path.name.partition("_nohash_")[0]
            found.append(_Word(path, name, class_name, speaker, parts.get(name, TRAIN)))
    return found


def _official_parts(root: Path) -> dict[str, int]:
    parts = {}
    for name, part in LISTS.items():
        if not (root / name).is_file():
            raise DataError(
                f"{root} lacks {name}: not the layout of the Speech Commands archive",
                remedy="for words of your own, use the source audio_folder",
            )
        for line in (root / name).read_text(encoding="utf-8").split():
            parts[line] = part
    return parts


def _limited(found: list[_Word], config: DataConfig) -> list[_Word]:
    """At most ``max_per_class`` of each class, "unknown" no more than an average word, in equal shares."""
    known = Counter(word.class_name for word in found if word.class_name != UNKNOWN)
    average = round(sum(known.values()) / max(1, len(known)))
    limit = read(config.options, "max_per_class", int, 0) or max(known.values(), default=0)
    if limit < 0:
        raise DataError(f"data option 'max_per_class' must be above 0, not {limit}")
    limits = {**dict.fromkeys(known, limit), UNKNOWN: min(limit, average)}
    shares = {name: limits[name] / count for name, count in Counter(w.class_name for w in found).items()}
    seen: Counter[str] = Counter()
    taken = []
    for word in found:
        # every n-th recording, so that the words of "unknown" and the parts keep their shares
        before, seen[word.class_name] = seen[word.class_name], seen[word.class_name] + 1
        share = min(1.0, shares[word.class_name])
        if int((before + 1) * share) > int(before * share):
            taken.append(word)
    return taken


def _one_second(signal: Signal) -> Signal:
    """Exactly one second: the first, or with silence after it."""
    return np.pad(signal[:CLIP], (0, max(0, CLIP - len(signal))))


def _noise(root: Path, counts: Counter[str]) -> list[_Clip]:
    """Pieces of the noise, as many as an average class has, each recording's in the parts 80 : 10 : 10."""
    paths = sorted((root / NOISE_FOLDER).glob("*.wav"))
    if not paths or not counts:
        return []
    each = max(10, round(sum(counts.values()) / len(counts) / len(paths)))
    pieces = []
    for path in paths:
        signal = read_audio(path, RATE_HZ)
        hop = max(1, min(CLIP, (len(signal) - CLIP) // each))
        clips, starts = cut_signal(signal, CLIP, hop)
        for number, (clip, start) in enumerate(zip(clips[:each], starts[:each], strict=True)):
            share = number / min(each, len(clips))
            part = TRAIN if share < 0.8 else VALIDATION if share < 0.9 else TEST
            noise = f"{NOISE_FOLDER}/{path.name}"
            pieces.append(
                _Clip(clip, f"{noise} at {start / RATE_HZ:g} s", SILENCE, noise, part, root / noise, start)
            )
    return pieces
