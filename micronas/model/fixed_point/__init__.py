"""TFLite's integer arithmetic, the single source for interpreter, lowering and C kernels."""
