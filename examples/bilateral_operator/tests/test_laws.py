"""The laws of numconv, on every named case of the operator."""

import pytest


@pytest.mark.numconv(backend="bilateral-cpu", op="bilateral")
def test_laws(numconv_check):
    numconv_check()
