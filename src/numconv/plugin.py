"""All that a plugin needs: the protocol of backends and operators, and what helps to write them.

A plugin imports numconv's names from here and from the package itself, and from nowhere else: what
stands in ``__all__`` changes as CONTRIBUTING says, and only so. Everything else of numconv may
change from one release to the next.

A distribution registers a module under the entry-point group ``numconv``; the module has functions
marked with `hookimpl`:

``numconv_backends()``
    gives a list of `Backend`.
``numconv_operators()``
    gives a list of `Operator`.
``numconv_commands(cli)``
    adds commands to `cli`, the ``click.Group`` behind ``numconv``.
"""

from __future__ import annotations

from .core.activations import ACTIVATIONS, LEAKY_SLOPE
from .core.bound import FACTOR, bound
from .core.dispatch import solve
from .core.dtypes import COMPLEXES, DTYPES, FLOATS, INTEGERS, accumulator, epsilon
from .core.dtypes import kind as dtype_kind
from .core.dtypes import result as result_dtype
from .core.errors import (
    ArgumentError,
    ArgumentTypeError,
    BackendError,
    NumconvError,
    RefusedError,
)
from .core.geometry import (
    PADDING_MODES,
    output_size,
    output_sizes,
    padding_pairs,
    per_axis,
    source_index,
    tap_source,
)
from .core.hookspecs import hookimpl
from .core.kept import remembering
from .core.memory import when_released
from .core.operators.checks import batched, check_dtype, check_shape
from .core.operators.naive import pad, widen
from .core.optional import (
    Bounded,
    Counted,
    Exemplary,
    Featured,
    Graded,
    LastResort,
    Linear,
    MixedDtypes,
    Moving,
    Native,
    Omitting,
    Placed,
    Preparing,
    Recognising,
    Roof,
    Roofed,
    Selecting,
    Sharing,
    SummedIn,
    Telling,
    Transforming,
    Transposable,
    Tunable,
    Typical,
    Varied,
    Versioned,
    Viewing,
)
from .core.plugins import backends, faults, operators
from .core.problems import (
    ConvolutionProblem,
    Epilogue,
    FilterProblem,
    GeneratedInvolutionProblem,
    InvolutionProblem,
)
from .core.problems.common import least_bytes
from .core.protocol import (
    PROTOCOL,
    Algorithm,
    Array,
    Backend,
    Case,
    Demonstration,
    Memory,
    Operand,
    Operator,
    Plan,
    Problem,
    Shape,
    Status,
)
from .core.threads import get_num_threads

__all__ = [
    "ACTIVATIONS",
    "COMPLEXES",
    "DTYPES",
    "FACTOR",
    "FLOATS",
    "INTEGERS",
    "LEAKY_SLOPE",
    "PADDING_MODES",
    "PROTOCOL",
    "Algorithm",
    "ArgumentError",
    "ArgumentTypeError",
    "Array",
    "Backend",
    "BackendError",
    "Bounded",
    "Case",
    "ConvolutionProblem",
    "Counted",
    "Demonstration",
    "Epilogue",
    "Exemplary",
    "Featured",
    "FilterProblem",
    "GeneratedInvolutionProblem",
    "Graded",
    "InvolutionProblem",
    "LastResort",
    "Linear",
    "Memory",
    "MixedDtypes",
    "Moving",
    "Native",
    "NumconvError",
    "Omitting",
    "Operand",
    "Operator",
    "Placed",
    "Plan",
    "Preparing",
    "Problem",
    "Recognising",
    "RefusedError",
    "Roof",
    "Roofed",
    "Selecting",
    "Shape",
    "Sharing",
    "Status",
    "SummedIn",
    "Telling",
    "Transforming",
    "Transposable",
    "Tunable",
    "Typical",
    "Varied",
    "Versioned",
    "Viewing",
    "accumulator",
    "backends",
    "batched",
    "bound",
    "check_dtype",
    "check_shape",
    "dtype_kind",
    "epsilon",
    "faults",
    "get_num_threads",
    "hookimpl",
    "least_bytes",
    "operators",
    "output_size",
    "output_sizes",
    "pad",
    "padding_pairs",
    "per_axis",
    "remembering",
    "result_dtype",
    "solve",
    "source_index",
    "tap_source",
    "when_released",
    "widen",
]
