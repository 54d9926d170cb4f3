"""A training in a process of its own that suspends itself after its first epoch, as a closed lid would."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time

LIMIT_S = 12.0
"""CPU seconds that the training may take: several times what it needs."""


def weights_of(stop_s: float) -> str:
    """Weights (digest), epochs and mark of a training that was suspended for ``stop_s`` seconds."""
    child = subprocess.Popen([sys.executable, "-m", __name__], stdout=subprocess.PIPE, text=True)
    try:
        _, status = os.waitpid(child.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status), "the training ended without suspending itself"
        time.sleep(stop_s)
        child.send_signal(signal.SIGCONT)
        output, _ = child.communicate(timeout=120)
    finally:
        child.kill()
    return output


def _suspend_after_first(curve: tuple[float, ...]) -> str:
    if len(curve) == 1:
        os.kill(os.getpid(), signal.SIGSTOP)
    return ""


def _main() -> None:
    from micronas.config import DataConfig
    from micronas.data import load
    from micronas.model.net import Conv, Dense, GlobalAveragePool, NetBuilder, SoftmaxLayer
    from micronas.train.process import prepare_process
    from micronas.train.settings import TrainSettings
    from micronas.train.time_limit import TimeLimit
    from micronas.train.train import train

    prepare_process()
    builder = NetBuilder((8, 8, 1))
    net = builder.chain(Conv(4, 3, 3), GlobalAveragePool(), Dense(10), SoftmaxLayer()).build()
    digits, limit = load(DataConfig(name="digits")), TimeLimit(cpu_s=LIMIT_S)
    trained = train(net, digits, TrainSettings(epochs=3), 0, limit, _suspend_after_first)
    weights = hashlib.sha256(trained.model.parameters.numpy().tobytes()).hexdigest()
    print(weights, trained.epochs, trained.cut or "whole")


if __name__ == "__main__":
    _main()
