"""A fair comparison: the same task, splits, seeds and budget for every strategy, and the results.

A comparison is a folder of ordinary runs plus ``plan.json``. All results are read from the runs, so a
comparison can be stopped, killed, resumed and extended by strategies or seeds.
"""

from micronas.compare.plan import ComparisonPlan, PlannedRun, make_plan, open_plan
from micronas.compare.results import Results, results_to_json
from micronas.compare.run import read_results, run_all

__all__ = [
    "ComparisonPlan",
    "PlannedRun",
    "Results",
    "make_plan",
    "open_plan",
    "read_results",
    "results_to_json",
    "run_all",
]
