"""``micronas doctor``: is everything here that the other verbs need; each line OK or what to do."""

from __future__ import annotations

from typing import Annotated

import typer

from micronas.cli.output import print_json


def doctor(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Check the tools and packages that the other verbs need. Exit code 1 if any is missing."""
    from micronas.doctor import examine

    findings = examine()
    if as_json:
        print_json([{"what": f.what, "ok": f.ok, "detail": f.detail, "remedy": f.remedy} for f in findings])
    else:
        width = max(len(f.what) for f in findings)
        for finding in findings:
            print(f"{'OK     ' if finding.ok else 'MISSING'} {finding.what.ljust(width)}  {finding.detail}")
            if finding.remedy:
                print(f"{'':{width + 8}}  -> {finding.remedy}")
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)
