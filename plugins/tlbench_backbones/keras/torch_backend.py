"""Keras on the torch backend: imported so, and seeded by torch's generator."""

from __future__ import annotations

import contextlib
import os
import random
import sys
from collections.abc import Iterator
from types import ModuleType

import numpy as np
import torch

from tlbench.errors import TlbenchError


def import_keras() -> ModuleType:
    """Keras, with torch as its backend and images as (n, height, width, channels), whatever its own file says.

    Raises `TlbenchError` where something has imported it with another backend, which cannot be changed any more.
    """
    if "keras" not in sys.modules:
        os.environ["KERAS_BACKEND"] = "torch"
    import keras

    if (backend := keras.backend.backend()) != "torch":
        message = f"keras was imported before with the backend {backend!r}, and tlbench needs 'torch'; "
        raise TlbenchError(f"{message}set KERAS_BACKEND=torch in the environment, or import keras later in your plugin")
    keras.config.set_image_data_format("channels_last")
    keras.config.set_floatx("float32")
    module: ModuleType = keras
    return module


@contextlib.contextmanager
def seeded_by_torch(keras: ModuleType) -> Iterator[None]:
    """Within, one draw from torch's global generator decides all that Keras draws; other generators stay as they are.

    Keras draws initial weights from generators of its own, which it seeds from Python's, and knows no other way to
    make them repeat than to seed Python, NumPy and torch alike.
    """
    seed = int(torch.randint(2**31 - 1, ()).item())
    before = random.getstate(), np.random.get_state(), torch.get_rng_state()
    keras.utils.set_random_seed(seed)
    try:
        yield
    finally:
        random.setstate(before[0])
        np.random.set_state(before[1])
        torch.set_rng_state(before[2])
