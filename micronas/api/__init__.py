"""The Python API: one module per verb; the names are also attributes of ``micronas``.

import micronas as mn

run = mn.search("mnist5k", board="nucleo_f446re", budget=mn.Budget(minutes=3))
run.best.model                                       # the Keras model with its trained weights
mn.check(run.best.files["tflite"], board="nucleo_f446re").fits
"""
