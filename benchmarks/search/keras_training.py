"""What a user of another tool writes for a candidate: Keras ``fit``, conversion to int8, sizes, a figure.

The recipe is that of micronas: AdamW with a one-cycle rate, smoothed labels, the same augmentation. The sizes
are exact (the ledger of the converted file), which such a user would not have.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import keras
import numpy as np
import tensorflow as tf

from micronas.data import Task
from micronas.estimate.accuracy import int8_figure
from micronas.memory.ledger import make_ledger
from micronas.model.net import Net
from micronas.model.tflite import read_bytes
from micronas.search.setup import Setup
from micronas.space import Arch
from micronas.train.augment import augmentation_of
from micronas.train.keras_backend import keras_model
from micronas.train.settings import LIGHT, one_cycle

BATCH, LEARNING_RATE, WEIGHT_DECAY, SMOOTHING = 32, 0.02, 0.01, 0.05

EpochEnd: TypeAlias = Callable[[int, float], bool]
"""(epoch, validation figure) -> whether to stop."""


@dataclass
class Candidate:
    """A network with its Keras model."""

    setup: Setup
    arch: Arch
    seed: int
    net: Net = field(init=False)
    model: keras.Model = field(init=False)

    def __post_init__(self) -> None:
        self.net = self.setup.space.net(self.arch)
        self.model = keras_model(self.net, seed=self.seed)

    def tflite(self) -> bytes:
        """The int8 file by TensorFlow's converter."""
        fixed = keras_model(self.net, batch=1, probabilities=True)
        fixed.set_weights(self.model.get_weights())
        samples = self.setup.dataset.calibration(100, self.seed)
        converter = tf.lite.TFLiteConverter.from_keras_model(fixed)
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: ([x[np.newaxis]] for x in samples)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = tf.int8
        return bytes(converter.convert())

    def sizes(self, tflite: bytes) -> tuple[int, int]:
        """Flash and SRAM bytes of the file."""
        graph = read_bytes(tflite, "candidate")
        ledger = make_ledger(graph, self.setup.board, within=self.setup.budget)
        return ledger.flash_bytes, ledger.sram_bytes

    def fits(self, tflite: bytes) -> bool:
        """Whether it is within the limits."""
        flash_bytes, sram_bytes = self.sizes(tflite)
        budget = self.setup.budget
        return flash_bytes <= budget.flash_bytes and sram_bytes <= budget.sram_bytes

    def validation(self, tflite: bytes) -> float:
        """The figure of the int8 file on validation data."""
        return int8_figure(tflite, self.setup.dataset, self.setup.dataset.validation)

    def train(self, epochs: int, ended: EpochEnd, *, final: bool = False) -> None:
        """Keras ``fit`` with a schedule of ``epochs``, unless ``ended`` ends it."""
        data, steps = self._batches(1.0 if final else LIGHT)
        self.model.compile(
            keras.optimizers.AdamW(
                _OneCycle(epochs * steps, 0.1 if final else 0.25), weight_decay=WEIGHT_DECAY, beta_2=0.99
            ),
            self._loss(),
        )
        callback = _EpochEnd(self, ended)
        self.model.fit(data, epochs=epochs, steps_per_epoch=steps, verbose=0, callbacks=[callback])

    def _batches(self, strength: float) -> tuple[tf.data.Dataset, int]:
        train, reconstructs = self.setup.dataset.train, self._reconstructs
        augment = augmentation_of(self.setup.dataset, strength)
        shuffled = tf.data.Dataset.from_tensor_slices((train.x, train.y.astype(np.int32)))
        shuffled = shuffled.shuffle(len(train), seed=self.seed).repeat().batch(min(BATCH, len(train)))

        def varied(number: Any, batch: Any) -> tuple[Any, Any]:
            x, y = batch
            if augment is not None:
                x = augment(x, tf.stack([self.seed, 16 * tf.cast(number, tf.int32)]))
            target = tf.reshape(x, (tf.shape(x)[0], -1)) if reconstructs else tf.one_hot(y, self._classes)
            return x, target

        return shuffled.enumerate().map(varied).prefetch(2), max(1, len(train) // BATCH)

    @property
    def _reconstructs(self) -> bool:
        return self.setup.dataset.task is Task.DETECT_ANOMALIES

    @property
    def _classes(self) -> int:
        return self.setup.dataset.n_classes

    def _loss(self) -> keras.losses.Loss:
        if self._reconstructs:
            return keras.losses.MeanSquaredError()
        return keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=SMOOTHING)

    def float_figure(self) -> float:
        """Accuracy on validation data, or minus the reconstruction error: what a pruner sees."""
        validation = self.setup.dataset.validation
        outputs = np.asarray(self.model.predict(validation.x, batch_size=256, verbose=0))
        if self._reconstructs:
            flat = validation.x.reshape(len(outputs), -1)[validation.y == 0]
            return -float(np.mean((outputs[validation.y == 0] - flat) ** 2))
        return float(np.mean(outputs.argmax(axis=1) == validation.y))


class _EpochEnd(keras.callbacks.Callback):  # type: ignore[misc]
    def __init__(self, candidate: Candidate, ended: EpochEnd) -> None:
        super().__init__()
        self._candidate, self._ended = candidate, ended

    def on_epoch_end(self, epoch: int, logs: object = None) -> None:
        """Ask whether to stop."""
        if self._ended(epoch, self._candidate.float_figure()):
            self.model.stop_training = True


class _OneCycle(keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]
    def __init__(self, steps: int, warmup_share: float) -> None:
        share = (np.arange(steps) + 0.5) / steps
        self._rates = tf.constant((LEARNING_RATE * one_cycle(share, warmup_share)).astype(np.float32))
        self._last = steps - 1

    def __call__(self, step: Any) -> Any:
        return tf.gather(self._rates, tf.minimum(tf.cast(step, tf.int32), self._last))

    def get_config(self) -> dict[str, Any]:
        """Not needed: nothing is saved."""
        return {}
