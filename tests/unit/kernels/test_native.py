"""The C library: where it is built, whom it trusts, and that the torch path takes over in the open."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from kernels import native, path_taken
from kernels.cross_entropy import cross_entropy
from kernels.native import build
from kernels.rms_norm import add_rms_norm, rms_norm
from kernels.rope import rope, rope_tables
from kernels.swiglu import swiglu

ROOT = Path(__file__).resolve().parents[3]
SAY_PATH = (
    "import logging, torch; logging.basicConfig(); from kernels import path_taken; from kernels.swiglu import swiglu;"
    "x = torch.ones(2, 3); y = swiglu(x, x) + swiglu(x, x); print(path_taken()['swiglu'], y.shape)"
)


def _run(**environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", SAY_PATH], cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True,
        check=True,
    )  # fmt: skip


def test_library_no_compiler_takes_torch_path_and_says_so_once(tmp_path: Path) -> None:
    done = _run(PATH=str(tmp_path), WRIT_KERNEL_CACHE=str(tmp_path / "cache"))
    assert done.stdout.split()[0] == "torch-chunked"
    assert done.stderr.count("no C library, the chunked torch path serves the CPU") == 1
    assert "no C compiler on the PATH" in done.stderr


def test_library_torch_path_asked_for_is_taken() -> None:
    assert _run(WRIT_KERNEL_PATH="torch").stdout.split()[0] == "torch-chunked"


def test_build_second_time_finds_the_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not native.is_loaded():
        pytest.skip("no C compiler on this machine")
    monkeypatch.setenv(build.CACHE_VARIABLE, str(tmp_path / "cache"))
    before = os.umask(0o002)
    try:
        built = build.find_or_build()
    finally:
        os.umask(before)
    monkeypatch.setenv("PATH", "")
    assert build.find_or_build() == built
    assert [path.name for path in built.parent.iterdir()] == [f"kernels-{build.digest()}.so"]


def test_build_folder_that_others_may_write_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tmp_path.chmod(0o777)
    (tmp_path / f"kernels-{build.digest()}.so").write_bytes(b"planted")
    monkeypatch.setenv(build.CACHE_VARIABLE, str(tmp_path))
    with pytest.raises(build.BuildFaultError, match="no folder to keep the built library in"):
        build.find_or_build()


def test_path_taken_names_the_build_or_the_torch_path() -> None:
    assert path_taken()["rms_norm"] == (native.name() if native.is_loaded() else "torch-chunked")


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_results_any_thread_count_same_bits(dtype: torch.dtype) -> None:
    x, weight = torch.randn(301, 257).to(dtype), torch.randn(257).to(dtype)
    target, before = torch.randint(257, (301,)), torch.get_num_threads()
    results = []
    for threads in (1, 2, 3):
        torch.set_num_threads(threads)
        inputs = [tensor.clone().requires_grad_() for tensor in (x, weight)]
        loss = cross_entropy(swiglu(rms_norm(*inputs), inputs[0]), target)
        results.append([loss, *torch.autograd.grad(loss, inputs)])
    torch.set_num_threads(before)
    for other in results[1:]:
        assert all(torch.equal(a, b) for a, b in zip(results[0], other, strict=True))


def test_build_compiler_that_refuses_is_told_with_its_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compiler = tmp_path / "cc"
    compiler.write_text("#!/bin/sh\necho cannot do that >&2\nexit 1\n")
    compiler.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    monkeypatch.setenv(build.CACHE_VARIABLE, str(tmp_path / "cache"))
    with pytest.raises(build.BuildFaultError, match="refused the sources: cannot do that"):
        build.find_or_build()
    assert list((tmp_path / "cache").iterdir()) == []


@pytest.mark.parametrize("shape", [(0, 4), (3, 0), (2, 0, 4)])
def test_operations_empty_input_empty_output(shape: tuple[int, ...]) -> None:
    x, weight = torch.zeros(shape, requires_grad=True), torch.ones(shape[-1], requires_grad=True)
    outputs = [rms_norm(x, weight), *add_rms_norm(x, x, weight), swiglu(x, x)]
    assert all(output.shape == x.shape for output in outputs)
    gradients = torch.autograd.grad(sum(output.sum() for output in outputs), (x, weight))
    assert gradients[1].eq(0).all()


def test_rope_empty_batch_empty_output() -> None:
    q, k = rope(torch.zeros(0, 3, 2, 4), torch.zeros(0, 3, 1, 4), *rope_tables(3, 4))
    assert q.shape == (0, 3, 2, 4)
    assert k.shape == (0, 3, 1, 4)


def test_swiglu_large_result_past_the_caches_same_as_a_part() -> None:
    gate, up = torch.randn(2100, 1031), torch.randn(2100, 1031)  # above STREAMED_BYTES; rows are not aligned
    torch.testing.assert_close(swiglu(gate, up)[-3:], swiglu(gate[-3:], up[-3:]), rtol=0, atol=0)


def test_swiglu_extreme_gates_stay_finite_and_nan_stays_nan() -> None:
    gate = torch.tensor([[-1e4, -89.0, -0.0, 89.0, 1e4, float("nan")]])
    out = swiglu(gate, torch.ones_like(gate))
    torch.testing.assert_close(out, torch.nn.functional.silu(gate), rtol=1e-6, atol=1e-30, equal_nan=True)
