"""Worker processes that are forked from one that has imported what all of them need.

TensorFlow's import takes 3 CPU seconds, and a spawned worker repeats it. A fork server (multiprocessing's)
imports a module once and forks each worker. That is safe only while the server has a single thread, because a
lock that another thread holds would stay locked in the child. So the module must import and start nothing,
and NumPy's OpenBLAS, which would start threads when it is imported, gets a limit of one.

On Linux only; elsewhere, and where the server cannot be started, workers are spawned.
"""

from __future__ import annotations

import atexit
import functools
import io
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import reduction, util
from multiprocessing.connection import wait
from multiprocessing.context import SpawnProcess, set_spawning_popen
from multiprocessing.spawn import get_preparation_data
from typing import Any

from micronas.host.interrupts import interrupts_taken
from micronas.host.spawning import RecordingContext, hidden_main_module
from micronas.host.stage_clock import StageTime

START_DEADLINE_S = 300.0
"""For the imports of a server, on a busy machine."""

END_DEADLINE_S = 10.0
"""For the end of a server, which is idle by then."""

SERVER_ENDED = 255
"""The exit code of a process whose server was killed: ``Popen.poll`` cannot learn another one."""


class ForkingContext(RecordingContext):
    """A multiprocessing context whose processes are forked from a server that has imported ``image``.

    The server lives as long as this process and serves every context with the same image.
    """

    def __init__(self, image: str) -> None:
        super().__init__(functools.partial(_ForkedProcess, image))
        self._image, self._before = image, _server_time(image)

    def start_server(self) -> None:
        """Start the server, which imports while this process continues."""
        if sys.platform == "linux":
            try:
                _server(self._image).ensure_running()
            except OSError:
                return  # the first process finds out and is spawned

    def end_importing(self) -> None:
        """End a server that is still importing; processes that wait for it are spawned."""
        if sys.platform == "linux":
            _server(self._image).end_importing()

    def server_time(self) -> StageTime:
        """What the server has used since this context was made, without its children."""
        return _server_time(self._image) - self._before


class _ForkedProcess(SpawnProcess):
    """A process of a server; it gets the environment that its parent has now."""

    def __init__(self, image: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._image, self._environment = image, dict[str, str | None]()

    @staticmethod
    def _Popen(process_obj: Any) -> Any:  # noqa: N802 - the name is multiprocessing's
        if sys.platform == "linux":
            process_obj._environment = _server(process_obj._image).changes()
            try:
                return _popen(process_obj)
            except (OSError, EOFError):
                pass  # no socket, or the server ended: without it, a process needs longer to start
        with hidden_main_module():
            return SpawnProcess._Popen(process_obj)

    def run(self) -> None:
        """See ``multiprocessing.Process``."""
        for name, value in self._environment.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        super().run()


if sys.platform == "linux":
    from multiprocessing.forkserver import ForkServer, read_signed
    from multiprocessing.popen_forkserver import Popen

    class _Server(ForkServer):
        def __init__(self, image: str) -> None:
            super().__init__()
            self.set_forkserver_preload(["micronas.host.quiet_fork", image])
            self._owner = os.getpid()
            self._own = {"OPENBLAS_NUM_THREADS": "1"}
            self._names: set[str] = set()
            self._has_forked = False

        @property
        def pid(self) -> int | None:
            """Of the server, None before it starts."""
            found: int | None = self._forkserver_pid  # type: ignore[attr-defined]
            return found

        def forked(self) -> None:
            """A process was forked: the server has imported, and ends by itself when it is not needed."""
            self._has_forked = True

        def end_importing(self) -> None:
            """Kill a server without processes: while it imports, it would not see that it is not needed."""
            if self.pid is not None and self._owner == os.getpid() and not self._has_forked:
                with suppress(OSError):
                    os.kill(self.pid, signal.SIGKILL)
                    os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)  # its CPU time stays readable

        def end(self) -> None:
            """End the server with this process, and wait for it, so that its CPU time and that of its workers
            count for the process that started this one.
            """
            if self.pid is None or self._owner != os.getpid():
                return
            self.end_importing()
            with suppress(OSError):
                os.close(self._forkserver_alive_fd)  # type: ignore[attr-defined]
                until_s = time.monotonic() + END_DEADLINE_S
                while not os.waitpid(self.pid, os.WNOHANG)[0] and time.monotonic() < until_s:
                    time.sleep(0.01)

        def ensure_running(self) -> None:
            """As ``ForkServer`` does, with the modules of this process and one thread for OpenBLAS."""
            path = os.pathsep.join(entry or os.getcwd() for entry in sys.path)
            with hidden_main_module(), _changed({**self._own, "PYTHONPATH": path}):
                self._names.update(os.environ)
                before = self.pid
                super().ensure_running()
                self._has_forked = self._has_forked and self.pid == before

        def changes(self) -> dict[str, str | None]:
            """The environment of this process, with None for variables that only the server has."""
            return {name: os.environ.get(name) for name in {*self._names, *os.environ}}

    class _ForkedPopen(Popen):
        """Starts a process by its own server, within a deadline."""

        def _launch(self, process_obj: Any) -> None:
            server = _server(process_obj._image)
            text = self._packed(process_obj)
            self.sentinel, given = server.connect_to_new_process(self._fds)  # type: ignore[attr-defined]
            kept = os.dup(given)  # open as long as this process lives: by it, the child sees it end
            closed = util.close_fds  # type: ignore[attr-defined]
            self.finalizer = util.Finalize(self, closed, (kept, self.sentinel))
            try:
                with interrupts_taken():  # the server may be importing
                    answers = wait([self.sentinel], START_DEADLINE_S)
                if not answers:
                    raise OSError(f"the server of {process_obj._image} does not answer")
                self.pid = read_signed(self.sentinel)
            except BaseException:
                os.close(given)  # a process that is forked later gets no work, and ends
                raise
            server.forked()
            with open(given, "wb") as pipe:
                pipe.write(text)

        def _packed(self, process_obj: Any) -> bytes:
            stream = io.BytesIO()
            set_spawning_popen(self)
            try:
                with hidden_main_module():
                    reduction.dump(get_preparation_data(process_obj.name), stream)
                reduction.dump(process_obj, stream)
            finally:
                set_spawning_popen(None)
            return stream.getvalue()

    _popen: Callable[[Any], Any] = _ForkedPopen

    @functools.cache
    def _server(image: str) -> _Server:
        server = _Server(image)
        atexit.register(server.end)
        return server


def _server_time(image: str) -> StageTime:
    import psutil

    pid = _server(image).pid if sys.platform == "linux" else None
    try:
        used = psutil.Process(pid).cpu_times() if pid is not None else None
    except psutil.NoSuchProcess:
        used = None
    return StageTime() if used is None else StageTime(used.user + used.system, 0.0)


@contextmanager
def _changed(variables: dict[str, str]) -> Iterator[None]:
    """This process has other environment variables, for the milliseconds in which a process is started."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
