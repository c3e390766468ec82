from __future__ import annotations

import gc

import pytest

from tlbench.core.garbage_collection import collection_paused


def test_collection_goes_on_after_an_error():
    with pytest.raises(KeyError), collection_paused():
        assert not gc.isenabled()
        raise KeyError
    assert gc.isenabled()


def test_collection_that_somebody_else_has_stopped_stays_so():
    gc.disable()
    try:
        with collection_paused():
            assert not gc.isenabled()
        assert not gc.isenabled()
    finally:
        gc.enable()
