"""TFLite's integer arithmetic, the one source of what interpreter, lowering and C kernels compute with."""
