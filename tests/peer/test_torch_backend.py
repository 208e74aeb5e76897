"""The backend `torch`: what it solves is within the bound, what it lacks it says in words."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import numconv
from numconv.core import choice, plugins
from numconv.core.errors import BackendError, RefusedError
from numconv.core.problems import Epilogue
from numconv.testing import named_problems
from numconv_torch.backend import TorchBackend

pytestmark = pytest.mark.peer

NAMED = {
    f"{each.operator}-{each.case}": each.problem
    for each in named_problems()
    if TorchBackend().algorithms(each.problem)
}
REFUSED = {
    "direct-symmetric": "numpy.pad",
    "depthwise-one_channel_image": "no symmetric padding",
    "normalized-normalized_volume_0": "no symmetric padding",
    "transposed-transposed_reflect": "no padding_mode but 'zeros'",
    "transposed-transposed_circular": "no padding_mode but 'zeros'",
    "transposed-transposed_symmetric": "no padding_mode but 'zeros'",
    "transposed-transposed_float16": "use float32",
    "involution-involution_float16": "use float32",
}


@pytest.fixture(scope="module")
def found() -> Any:
    if find_spec("torch") is None:
        pytest.skip("PyTorch is not installed")
    worker = Path(__file__).with_name("backend_worker.py")
    command = [sys.executable, "-W", "error", worker]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", [name for name in NAMED if name not in REFUSED])
def test_named_case_is_within_the_bound(name: str, found: Any) -> None:
    solved = found["solved"][name]
    assert "refusal" not in solved
    assert solved["fraction"] <= 1
    assert solved["native_is_equal"]
    assert solved["native_is_new"]
    assert solved["algorithm"] == ("unfold" if "unfold" in solved["described"] else "functional")


@pytest.mark.parametrize(("name", "word"), REFUSED.items())
def test_what_pytorch_lacks_is_refused_in_words(name: str, word: str) -> None:
    (algorithm,) = TorchBackend().algorithms(NAMED[name])
    assert word in algorithm.refusal(NAMED[name])
    with pytest.raises(RefusedError, match=r"backend 'torch': "):
        TorchBackend().native(NAMED[name], ())


def test_every_epilogue_is_within_the_bound(found: Any) -> None:
    added = {name: each for name, each in found["solved"].items() if "+" in name}
    accepted = {name: each for name, each in added.items() if "refusal" not in each}
    assert len(accepted) >= 33
    for name, each in accepted.items():
        assert each["fraction"] <= 1, name
        assert each["native_is_equal"], name
    refused = set(added) - set(accepted)
    assert "direct-float16+silu" in refused
    assert "direct-float16+relu" not in refused
    assert all(name.startswith("direct-float16+") for name in refused)


@pytest.mark.parametrize("name", ["more_before", "more_after", "grown"])
def test_asymmetric_transposed_padding_is_cut_out_of_the_whole(name: str, found: Any) -> None:
    assert found["solved"][f"transposed-{name}"]["fraction"] <= 1


def test_cropping_that_output_padding_cannot_say_is_refused() -> None:
    problem = NAMED["transposed-output_padding"]
    ((top, _), columns) = problem.padding
    grown = (problem.input_shape[0] + 2, problem.input_shape[1])
    cropped = replace(problem, input_shape=grown, padding=((top, -3), columns))
    assert cropped.output_shape == problem.output_shape
    (algorithm,) = TorchBackend().algorithms(cropped)
    assert "output_padding below stride or dilation" in algorithm.refusal(cropped)


def test_strides_beyond_32_bits_are_refused() -> None:
    huge = replace(NAMED["direct-stride_beyond_kernel"], stride=(2**32 + 1, 3))
    (algorithm,) = TorchBackend().algorithms(huge)
    assert "stride=(4294967297, 3)" in algorithm.refusal(huge)


def test_float16_is_refused_where_it_is_rounded_too_often() -> None:
    problem = replace(NAMED["direct-float16"], epilogue=Epilogue(residual=True, activation="tanh"))
    (algorithm,) = TorchBackend().algorithms(problem)
    assert "3 times" in algorithm.refusal(problem)


def test_pytorch_has_as_many_threads_as_numconv(found: Any) -> None:
    assert found["threads"] == [1, 2]


def test_workspace_counts_what_unfold_keeps(found: Any) -> None:
    problem = NAMED["involution-involution_3x3"]
    values = np.prod(problem.result_shape)
    assert found["solved"]["involution-involution_3x3"]["workspace"] == 4 * values * (2 * 9 + 1)


def test_auto_never_takes_it() -> None:
    assert plugins.backends()["torch"].priority < plugins.backends()["reference"].priority
    assert all(choice.choose(problem).backend.name != "torch" for problem in NAMED.values())


def test_without_pytorch_it_is_listed_as_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    status = TorchBackend().status()
    assert status.state == "unavailable"
    assert status.remedy == "pip install torch"
    with pytest.raises(BackendError, match="PyTorch is not installed; pip install torch"):
        numconv.conv1d(np.ones((1, 1, 5)), np.ones((1, 1, 3)), backend="torch")


def test_a_pytorch_that_cannot_be_loaded_is_an_error_of_the_backend(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "torch.py").write_text("raise ImportError('libshm.so: not found')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    problem = NAMED["direct-float64"]
    (algorithm,) = TorchBackend().algorithms(problem)
    with pytest.raises(BackendError, match=r"cannot be imported: libshm.so: not found"):
        algorithm.plan(problem)


def test_listing_and_choosing_import_no_pytorch() -> None:
    code = (
        "import sys; from numconv.cli.main import cli;"
        "cli.main(['backends'], standalone_mode=False);"
        "cli.main(['explain', 'direct', '--padding', '1'], standalone_mode=False);"
        "print('torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert "torch/functional" in done.stdout
    assert done.stdout.splitlines()[-1] == "False"
