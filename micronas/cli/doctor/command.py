"""``micronas doctor``: checks everything that the other verbs need; each line is OK or has a remedy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from micronas.cli.output import print_json, print_wrapped

if TYPE_CHECKING:
    from micronas.cli.doctor.finding import Finding


def doctor(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Check tools, packages, probes and ports. Exit code 1 if anything required is wrong."""
    from micronas.cli.doctor.examine import examine

    findings = examine()
    if as_json:
        print_json([{"what": f.what, "ok": f.ok, "detail": f.detail, "remedy": f.remedy} for f in findings])
    else:
        width = max(len(f.what) for f in findings)
        for finding in findings:
            print_wrapped(f"{_mark(finding)} {finding.what.ljust(width)}  {finding.detail}", width + 8)
            if finding.remedy:
                print_wrapped(f"{'':{width + 6}}  -> {finding.remedy}", width + 11)
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


def _mark(finding: Finding) -> str:
    """NOTE marks things that only some uses need."""
    if not finding.ok:
        return "WRONG"
    return "NOTE " if finding.remedy else "OK   "
