"""All that the backend's tests need: the laws, on every named case that it accepts."""

import pytest


@pytest.mark.numconv(backend="template")
def test_laws(numconv_check):
    numconv_check()
