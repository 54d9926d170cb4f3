"""Renode's remote control: the XML-RPC port made for Robot Framework, every status checked.

``run_keyword("ExecuteCommand", [command])`` runs one monitor command. The answer to a command that succeeds
is {status: PASS, return: its output}, to one that fails {status: FAIL, error, traceback}. A keyword that does
not exist, or not with these arguments, is an XML-RPC fault. Requests are served one after the other.
"""

from __future__ import annotations

import http.client
import time
import xmlrpc.client
from collections.abc import Callable
from typing import Any

from micronas.errors import DeadlineError, DeviceError

COMMAND_DEADLINE_S = 30.0
_RETRY_S = 0.1


class RenodeControl:
    """Runs monitor commands in a Renode that listens on ``port`` of this machine."""

    def __init__(self, port: int, *, command_deadline_s: float = COMMAND_DEADLINE_S) -> None:
        self._server = xmlrpc.client.ServerProxy(
            f"http://127.0.0.1:{port}/", transport=_Transport(command_deadline_s), allow_none=True
        )
        self._deadline_s = command_deadline_s

    def await_ready(self, deadline_s: float, still_running: Callable[[], bool]) -> None:
        """Wait until the port answers; raises ``DeviceError`` if Renode ends, ``DeadlineError`` if it does
        not answer.
        """
        end = time.monotonic() + deadline_s
        while time.monotonic() < end:
            if not still_running():
                raise DeviceError("Renode ended immediately")
            try:
                self._server.get_keyword_names()
                return
            except (OSError, http.client.HTTPException):
                time.sleep(_RETRY_S)
            except xmlrpc.client.Error as error:
                raise DeviceError(f"unexpected answer from Renode's control port: {error}") from error
        raise DeadlineError(f"Renode did not open its control port within {deadline_s:g} s")

    def execute(self, command: str) -> str:
        """Run one monitor command and return its output; raises ``DeviceError`` with Renode's own reason."""
        try:
            answer: Any = self._server.run_keyword("ExecuteCommand", [command])
        except TimeoutError as error:
            raise DeadlineError(f"Renode did not finish {command!r} within {self._deadline_s:g} s") from error
        except xmlrpc.client.Fault as fault:
            raise DeviceError(f"Renode refused {command!r}: {fault.faultString}") from fault
        except (OSError, http.client.HTTPException, xmlrpc.client.Error) as error:
            raise DeviceError(f"Renode ended during {command!r} ({error})") from error
        if not isinstance(answer, dict) or answer.get("status") != "PASS":
            said = str(answer.get("error", "no reason given")) if isinstance(answer, dict) else repr(answer)
            raise DeviceError(f"Renode refused {command!r}: {_reason(said, command)}")
        return str(answer.get("return", ""))


def _reason(said: str, command: str) -> str:
    """Renode's reason in one line, without the command, which it repeats once or twice."""
    after = said.split(f"'{command}'")[-1].lstrip(": ")
    return " | ".join(line.strip() for line in after.splitlines() if line.strip()) or said.strip()


class _Transport(xmlrpc.client.Transport):
    """Plain HTTP with a deadline; the standard transport has none."""

    def __init__(self, timeout_s: float) -> None:
        super().__init__()
        self._timeout_s = timeout_s

    def make_connection(self, host: Any) -> http.client.HTTPConnection:
        """A connection with a timeout for every operation."""
        connection = super().make_connection(host)
        connection.timeout = self._timeout_s
        return connection
