"""The memory plan: an order of the ops and an offset in one arena for every activation and scratch buffer.

The code generator writes this plan, the ledger counts it, and the linker map confirms it. Its target is the
live-tensor bound: the maximum bytes live at any one step. Outputs take over dying inputs, or trail them
through memory, if the kernel allows it; copies share memory with their source.

A graph input is live from the start to its last use (the run may overwrite it), an output to the end, a state
always.

If no single memory of a board holds the arena, ``plan_in_banks`` splits it over several separate ones. It is
still one arena with one range of offsets: its banks are consecutive, and no block crosses a border.
"""

from micronas.memory.plan.arena_plan import Bank, Plan, Span
from micronas.memory.plan.one_piece import is_plan_within, min_arena_bytes, no_plan_within, plan_memory
from micronas.memory.plan.separate_banks import Shortfall, plan_in_banks

__all__ = [
    "Bank",
    "Plan",
    "Shortfall",
    "Span",
    "is_plan_within",
    "min_arena_bytes",
    "no_plan_within",
    "plan_in_banks",
    "plan_memory",
]
