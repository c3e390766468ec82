"""Keras, imported on the torch backend when this module is: once in the process that runs are forked from."""

from tlbench_backbones.keras.torch_backend import import_keras

import_keras()
