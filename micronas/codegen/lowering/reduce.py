"""MEAN, SUM and REDUCE_MAX."""

from __future__ import annotations

from micronas.codegen.lowering import Lowered, StructField
from micronas.codegen.lowering.operands import OpContext, quant_of
from micronas.model.fixed_point.op_parameters import Requant, mean_requant, rescale_requant


def lower_mean(context: OpContext) -> Lowered:
    """One call of a ``mn_reduce`` kernel; 1/count is in the multiplier."""
    _, reduced, _, reduced2, _ = _runs(context)
    count = reduced * reduced2
    factor = mean_requant(quant_of(context, context.input(0)), quant_of(context, context.output()), count)
    return _lower(context, factor)


def lower_sum(context: OpContext) -> Lowered:
    """One call of a ``mn_reduce`` kernel."""
    return _lower(
        context, rescale_requant(quant_of(context, context.input(0)), quant_of(context, context.output()))
    )


def lower_reduce_max(context: OpContext) -> Lowered:
    """One call of ``mn_reduce_max_s8``."""
    return Lowered(
        op_index=context.index,
        kernel="mn_reduce_max_s8",
        header="mn_reduce_max.h",
        params_type="mn_reduce_max",
        params=_run_fields(_runs(context)),
        constants=(),
        arguments=(context.argument(0),),
    )


def _run_fields(runs: tuple[int, int, int, int, int]) -> tuple[StructField, ...]:
    names = ("outer", "reduced", "middle", "reduced2", "inner")
    return tuple(StructField(name, "int32_t", run) for name, run in zip(names, runs, strict=True))


def _lower(context: OpContext, factor: Requant) -> Lowered:
    x, y = context.activation(0), context.int8_output()
    outer, reduced, middle, reduced2, inner = _runs(context)
    if reduced2 == 1:  # a kept run after the reduced one is the inner one, whatever else there is
        middle, inner = 1, middle * inner
    whole_words = context.target.core.has_dsp and reduced2 == 1 and inner % 4 == 0
    return Lowered(
        op_index=context.index,
        kernel="mn_reduce_dsp" if whole_words else "mn_reduce_s8",
        header="mn_reduce.h",
        params_type="mn_reduce",
        params=(
            *_run_fields((outer, reduced, middle, reduced2, inner)),
            StructField("offset", "int32_t", -reduced * reduced2 * quant_of(context, x).zero_point[0]),
            StructField("multiplier", "int32_t", factor.multiplier),
            StructField("shift", "int32_t", factor.shift),
            StructField("out_zero_point", "int32_t", quant_of(context, y).zero_point[0]),
        ),
        constants=(),
        arguments=(context.argument(0),),
    )


def _runs(context: OpContext) -> tuple[int, int, int, int, int]:
    """Elements of (outer, reduced, middle, reduced2, inner): x seen as kept and reduced runs in turn."""
    shape = context.input(0).shape
    axes = {int(a) % len(shape) for a in context.values(1).reshape(-1)}
    runs = [1]  # even places are kept, odd ones reduced
    for axis, extent in enumerate(shape):
        if extent == 1:
            continue
        if (axis in axes) != (len(runs) % 2 == 0):
            runs.append(1)
        runs[-1] *= extent
    if len(runs) > 5:
        raise context.refuse(
            f"axes {sorted(axes)} of shape {shape} are too far apart", "reduce in steps, or transpose first"
        )
    outer, reduced, middle, reduced2, inner = runs + [1] * (5 - len(runs))
    return outer, reduced, middle, reduced2, inner
