"""A public archive into a folder: downloaded once, proven by its checksum, unpacked safely."""

from __future__ import annotations

import hashlib
import os
import tarfile
import urllib.error
import urllib.request
from pathlib import Path

from micronas.errors import DataError

TIMEOUT_S = 30.0
"""Without a byte for so long, a download is given up."""
_CHUNK = 1 << 20


def fetch_tar(url: str, sha256: str, folder: Path) -> None:
    """Download ``url`` and unpack it into ``folder``, which is created only if all of it is right.

    Raises ``DataError`` if the server does not answer, the checksum differs or the archive is damaged;
    nothing is left behind then.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    archive = folder.with_name(f"{folder.name}.download")
    unpacked = folder.with_name(f"{folder.name}.unpacking")
    try:
        found = _download(url, archive)
        if found != sha256:
            raise DataError(
                f"{url}: its SHA-256 is {found[:16]}..., not {sha256[:16]}...",
                remedy="the download is incomplete, or the file was changed; try again, or set "
                "data.options.url to a mirror",
                settings=("data.options.url",),
            )
        _unpack(archive, unpacked)
        os.replace(unpacked, folder)
    finally:
        archive.unlink(missing_ok=True)


def _download(url: str, archive: Path) -> str:
    """Write what ``url`` answers to ``archive``; returns its SHA-256."""
    digest = hashlib.sha256()
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_S) as answer, archive.open("wb") as out:
            while chunk := answer.read(_CHUNK):
                digest.update(chunk)
                out.write(chunk)
    except (urllib.error.URLError, OSError, ValueError) as error:
        why = getattr(error, "reason", None) or error
        raise DataError(
            f"{url}: cannot be downloaded: {why}",
            remedy="download it on another machine, unpack it, and set data.path to its folder",
            settings=("data.path",),
        ) from error
    return digest.hexdigest()


def _unpack(archive: Path, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    try:
        with tarfile.open(archive) as tar:
            tar.extractall(folder, filter="data")  # no absolute paths, no links to the outside
    except (tarfile.TarError, OSError, EOFError) as error:
        raise DataError(f"{archive.name}: the archive is damaged: {error}") from error
