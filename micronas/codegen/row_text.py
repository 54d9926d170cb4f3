"""The tables of ops that run by rows: their functions, and the steps of one run."""

from __future__ import annotations

from collections.abc import Sequence

from micronas.codegen.lowering import Lowered
from micronas.codegen.op_text import function_name
from micronas.codegen.row_step import RowSteps

_LINE_STEPS = 4


def definitions_of_rows(ordered: Sequence[Lowered], steps: RowSteps) -> str:
    """Both tables; empty where no op runs by rows."""
    if not steps:
        return ""
    functions = [f"    {function_name(op)}," for op in ordered if op.row_call]
    texts = [step.literal for step in steps]
    lines = [f"    {', '.join(texts[i : i + _LINE_STEPS])}," for i in range(0, len(texts), _LINE_STEPS)]
    parts = ["static const mn_rows_fn mn_model_row_ops[] = {", *functions, "};", ""]
    comment = "/* op, out_rows, in_rows, pad_top, drop, second, x, y */"
    parts += [comment, "static const mn_step mn_model_row_steps[] = {", *lines, "};", "", ""]
    return "\n".join(parts)


def members_of_rows(ordered: Sequence[Lowered], steps: RowSteps) -> str:
    """The members of ``mn_model`` for them; empty where no op runs by rows."""
    if not steps:
        return ""
    count = sum(op.row_call is not None for op in ordered)
    lines = (
        "    .row_ops = mn_model_row_ops,",
        "    .steps = mn_model_row_steps,",
        f"    .n_row_ops = {count},",
        f"    .n_steps = {len(steps)},",
    )
    return "\n".join(lines) + "\n"
