"""The Pareto front as one SVG file with its style inside, for a README."""

from __future__ import annotations

from micronas.errors import StoreError
from micronas.report.pareto_charts import fronts
from micronas.report.run_data import RunData

_STYLE = """<style>
text { font: 11px system-ui, sans-serif; fill: #667085 }
.mid { text-anchor: middle } .end { text-anchor: end }
.name { fill: #1c2330 } text.limit { text-anchor: end } .grid { stroke: #e3e6eb }
line.limit { stroke: #d9822b; stroke-dasharray: 4 3 }
.front { fill: none; stroke: #1f5fd0; stroke-width: 1.5 }
circle { fill: #7c93b8; fill-opacity: .55 } circle.best { fill: #1f5fd0; fill-opacity: 1 }
circle.hand { fill: #d9822b; fill-opacity: .9 }
</style><rect width="100%" height="100%" fill="#ffffff"/>"""


def picture(run: RunData) -> str:
    """The first front for which the run has figures; raises ``StoreError`` if there is none."""
    chart = next((chart for chart in fronts(run) if chart), None)
    if chart is None:
        raise StoreError(
            f"run {run.name} has no complete trial to draw",
            remedy="leave out --picture: the report shows each trial's reason",
        )
    head, rest = chart.split(">", 1)
    return f'{head} xmlns="http://www.w3.org/2000/svg">{_STYLE}{rest}\n'
