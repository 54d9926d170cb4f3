"""The page of a run over HTTP on this machine only, for as long as someone looks at it."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from micronas.errors import ConfigError, MicronasError
from micronas.report import page_text
from micronas.report.page import Live
from micronas.store import DATABASE, Store

ADDRESS = "127.0.0.1"
REQUEST_DEADLINE_S = 10.0
_FILES = ("model.keras", "firmware.elf")
"""Files of ``best/`` that may be too large for the page, which then links to them."""


class _Server(ThreadingHTTPServer):
    """Threads end with the process, so that a browser's open connection cannot hold it."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        super().__init__((ADDRESS, port), _Handler)


class _Handler(BaseHTTPRequestHandler):
    timeout = REQUEST_DEADLINE_S
    server: _Server

    def do_GET(self) -> None:
        """``/`` is the page, ``/stamp`` what changes with the run, ``/best/NAME`` a large file."""
        # Another site's page could otherwise read this one through a name that leads to this machine.
        host = self.headers.get("Host", "").rpartition(":")[0]
        if host not in (ADDRESS, "localhost"):
            self._answer(HTTPStatus.FORBIDDEN, b"only for this machine\n", "text/plain")
            return
        path, folder = self.path.partition("?")[0], self.server.folder
        try:
            if path == "/":
                live = Live(stamp(folder))
                with Store.read(folder) as store:
                    text = page_text(store, folder / "report.html", live)
                self._answer(HTTPStatus.OK, text.encode("utf-8", "backslashreplace"), "text/html")
            elif path == "/stamp":
                self._answer(HTTPStatus.OK, stamp(folder).encode(), "text/plain")
            elif path in [f"/best/{name}" for name in _FILES] and (folder / path[1:]).is_file():
                self._answer(HTTPStatus.OK, (folder / path[1:]).read_bytes(), "application/octet-stream")
            else:
                self._answer(HTTPStatus.NOT_FOUND, b"no such page\n", "text/plain")
        except MicronasError as error:
            self._answer(HTTPStatus.SERVICE_UNAVAILABLE, f"{error}\n".encode(), "text/plain")
        except ConnectionError:
            pass  # the browser left

    def _answer(self, status: HTTPStatus, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8" if kind.startswith("text") else kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: a line per poll would bury the address."""


def stamp(folder: Path) -> str:
    """A text that changes when the run's database does."""
    parts = []
    for name in (DATABASE, f"{DATABASE}-wal"):
        try:
            found = os.stat(folder / name)
        except FileNotFoundError:
            continue
        parts.append(f"{found.st_size}.{found.st_mtime_ns}")
    return "-".join(parts)


@contextmanager
def serving(folder: Path, port: int = 0) -> Iterator[str]:
    """Serve the page of the run in ``folder`` and yield its address; port 0 takes a free one.

    Raises ``ConfigError`` if the port is taken.
    """
    try:
        server = _Server(folder, port)
    except (OSError, OverflowError) as error:
        raise ConfigError(
            f"--port {port}: cannot listen on {ADDRESS} ({error})",
            remedy="choose another --port, or 0 for a free one",
        ) from error
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.2}, daemon=True)
    thread.start()
    try:
        yield f"http://{ADDRESS}:{server.server_address[1]}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=REQUEST_DEADLINE_S)
