"""The laws of numconv, on every named case of the operator."""

import pytest


@pytest.mark.numconv(backend="unshared-cpu", op="unshared")
def test_laws(numconv_check):
    numconv_check()
