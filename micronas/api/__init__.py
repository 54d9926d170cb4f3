"""The Python API: every verb is a module, and ``micronas`` offers all of it by name.

import micronas as mn

run = mn.search("mnist5k", board="nucleo_f446re", budget=mn.Budget(minutes=3))
run.best.model                                       # the Keras model with its trained weights
mn.check(run.best.files["tflite"], board="nucleo_f446re").fits
"""
