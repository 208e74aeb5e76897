"""The pytest plugin of the conformance kit: every check a test, in three lines.

::

    import pytest


    @pytest.mark.numconv(backend="mine", level="full")
    def test_laws(numconv_check):
        numconv_check()

The mark takes what `numconv verify` takes: backend, algorithm, op, laws, level. pytest loads
this module wherever numconv is installed, so it stands outside of `numconv.testing` and imports
the kit, and NumPy, only where the mark is used.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

FIXTURE = "numconv_check"
MARK = "numconv"


def pytest_configure(config: pytest.Config) -> None:
    """Make the mark known."""
    config.addinivalue_line(
        "markers",
        f"{MARK}(backend, algorithm=None, op=None, laws=(), level='quick'): "
        f"run this test once for each check of the conformance kit, the fixture {FIXTURE}",
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make a test of each check that the mark asks for."""
    if FIXTURE not in metafunc.fixturenames:
        return
    mark = metafunc.definition.get_closest_marker(MARK)
    if mark is None:
        raise pytest.UsageError(f"{metafunc.definition.name}: expected @pytest.mark.{MARK}(...)")
    from .core.errors import NumconvError
    from .testing.verification import Request, checks_of

    try:
        wanted = Request(*mark.args, **mark.kwargs)
        checks = checks_of(wanted).checks
    except (NumconvError, TypeError) as error:
        raise pytest.UsageError(f"{metafunc.definition.name}: {error}") from None
    if not checks:
        raise pytest.UsageError(f"{metafunc.definition.name}: {wanted} comes to no check at all")
    metafunc.parametrize(FIXTURE, checks, ids=[check.name for check in checks], indirect=True)


@pytest.fixture
def numconv_check(request: pytest.FixtureRequest) -> Callable[[], None]:
    """Make one check of the conformance kit; fails with the law and the problem."""
    from .testing.encoding import to_text
    from .testing.verification import run

    check: Any = request.param

    def make() -> None:
        result = run(check)
        if result.state == "not_applicable":
            pytest.skip(result.message)
        if result.state != "kept":
            problem = to_text(check.named.problem)
            pytest.fail(f"{check.law.promise} {result.message}\nproblem: {problem}", pytrace=False)

    return make
