"""Common parts of all Robot Framework tests: settings and keywords."""

from __future__ import annotations

from collections.abc import Sequence

from micronas.device.renode.stray_accesses import COUNTERS

SETTINGS = (
    "*** Settings ***",
    "Suite Setup       Setup",
    "Suite Teardown    Teardown",
    "Test Teardown     Test Teardown",
    "Resource          ${RENODEKEYWORDS}",
    "",
)
NOTHING_OUTSIDE_MEMORY = (
    "Nothing Outside Memory",
    "    [Arguments]    ${counter}",
    "    ${count}=    Execute Command    sysbus ${counter}",
    "    Should Be Equal As Integers    ${count.strip()}    0",
    "",
)


def suite(keywords: Sequence[str], name: str, steps: Sequence[str]) -> str:
    """One test ``name`` of ``steps``; at its end, it checks that there was no access outside memory."""
    return "\n".join(
        [
            *SETTINGS,
            "*** Keywords ***",
            *keywords,
            *NOTHING_OUTSIDE_MEMORY,
            "*** Test Cases ***",
            name,
            *(f"    {step}" for step in steps),
            *(f"    Nothing Outside Memory    {counter}" for counter in COUNTERS),
            "",
        ]
    )


def cell(text: str) -> str:
    """``text`` as one argument of a keyword: Robot splits at two spaces and interprets ``\\``, ``$`` and
    ``=``.
    """
    escaped = text.replace("\\", "\\\\")
    for sign in "$@%&=#":
        escaped = escaped.replace(sign, f"\\{sign}")
    return escaped.replace("  ", " \\ ")
