"""The files of the kernel library that a set of kernels needs, by definitions, calls and includes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from micronas.host.resources import resource

_DEFINED_IN_C = re.compile(r"^(?:mn_status|void|int|u?int32_t|int8_t) \*?(mn_\w+)\([^;]*\)\s*\{", re.M)
_DEFINED_IN_ASSEMBLER = re.compile(r"^\s*(?:\.global|depthwise)\s+(mn_\w+)", re.M)
_WHOLE_DEFINITION = re.compile(r"^((?:mn_status|void|int|u?int32_t|int8_t) \*?mn_\w+\([^;]*\)\s*\{)", re.M)
_WEAK = """\
#if defined(__GNUC__) || defined(__ICCARM__)
#define MN_WEAK __attribute__((weak))
#else
#define MN_WEAK
#endif
"""
_MENTIONED = re.compile(r"\bmn_\w+")
_INCLUDED = re.compile(r'#include "(mn_\w+\.h)"')


def kernels_folder() -> Path:
    """Folder of the kernel library."""
    return resource("firmware") / "lib" / "mn_kernels"


def kernel_files(kernels: set[str], folder: Path | None = None) -> Mapping[str, str]:
    """File name -> text of all sources and headers behind ``kernels`` and ``mn_model_run``."""
    sources = {
        p.name: p.read_text(encoding="utf-8")
        for p in sorted((folder or kernels_folder()).iterdir())
        if p.suffix in (".c", ".S", ".h")
    }
    defined = {symbol: name for name, text in sources.items() for symbol in _definitions(name, text)}
    found: dict[str, str] = {}
    waiting = [defined[kernel] for kernel in sorted(kernels | {"mn_model_run"})]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found[name] = text = sources[name]
        waiting += [defined[s] for s in _MENTIONED.findall(_code(text)) if s in defined]
        waiting += _INCLUDED.findall(text)
    return dict(sorted(found.items()))


def weak_kernel(name: str, text: str) -> str:
    """``text`` with its functions weak: two libraries that are not archives may hold the same kernel."""
    if name.endswith(".S"):
        return re.sub(r"^(\s*)\.global ", r"\1.weak ", text, flags=re.M)
    if not name.endswith(".c"):
        return text
    return _WEAK + _WHOLE_DEFINITION.sub(r"MN_WEAK \1", text)


def _definitions(name: str, text: str) -> list[str]:
    if name.endswith(".S"):
        return _DEFINED_IN_ASSEMBLER.findall(text)
    return _DEFINED_IN_C.findall(text) if name.endswith(".c") else []


def _code(text: str) -> str:
    """The text without comments and prototypes: a mere declaration does not need a file."""
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    return re.sub(r"^(?:mn_status|void|int|uint32_t) mn_\w+\([^{]*?\);", "", text, flags=re.M)
