"""Every differentiable operation against its float64 reference, its schema checks and the compiler."""

import pytest
import torch

from kernels import native
from kernels.registry import REGISTRY, implementations_taken
from kernels.row import KernelOp
from tests.unit.kernels.cases import CASES, Case
from tests.unit.kernels.comparison import outputs_and_gradients, relative_error

ROWS = {row.name: row for row in REGISTRY}
DIFFERENTIABLE = [(ROWS[name], case) for name, cases in CASES.items() for case in cases]
LARGEST = [(ROWS[name], cases[1]) for name, cases in CASES.items()]
DECLARED = [(row, case) for row, case in LARGEST if row.schemas]
DTYPES = (torch.float64, torch.float32, torch.bfloat16)


def _named(pairs: list[tuple[KernelOp, Case]]) -> list[str]:
    return [f"{row.name}-{case.name}" for row, case in pairs]


def test_registry_every_differentiable_operation_has_cases() -> None:
    assert {row.name for row in REGISTRY if "backward" in row.floors} == CASES.keys()


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize(("row", "case"), DIFFERENTIABLE, ids=_named(DIFFERENTIABLE))
def test_operation_against_reference_forward_and_gradients_within_tolerance(
    row: KernelOp, case: Case, dtype: torch.dtype
) -> None:
    tensors, constants = case.tensors(dtype), case.constants(dtype)
    wide = tuple(tensor.double() for tensor in tensors)
    wide_constants = tuple(c.double() if torch.is_tensor(c) and c.is_floating_point() else c for c in constants)
    expected = outputs_and_gradients(row.reference, wide, wide_constants)
    eager = outputs_and_gradients(row.reference, tensors, constants)
    actual = outputs_and_gradients(row.function, tensors, constants)
    for value, by_eager, by_reference in zip(actual, eager, expected, strict=True):
        limit = row.tolerance.limit(dtype, relative_error(by_eager, by_reference))
        assert relative_error(value, by_reference) <= limit


@pytest.mark.parametrize(("row", "case"), DIFFERENTIABLE, ids=_named(DIFFERENTIABLE))
def test_operation_non_contiguous_input_same_result(row: KernelOp, case: Case) -> None:
    tensors, constants = case.tensors(torch.float32), case.constants(torch.float32)
    strided = [torch.stack((tensor, tensor), dim=-1)[..., 0] for tensor in tensors]
    straight = outputs_and_gradients(row.function, tensors, constants)
    for value, expected in zip(outputs_and_gradients(row.function, strided, constants), straight, strict=True):
        assert relative_error(value, expected) <= 1e-6


@pytest.mark.parametrize(("row", "case"), DIFFERENTIABLE, ids=_named(DIFFERENTIABLE))
def test_operation_twice_bitwise_equal(row: KernelOp, case: Case) -> None:
    tensors, constants = case.tensors(torch.float32), case.constants(torch.float32)
    first = outputs_and_gradients(row.function, tensors, constants)
    second = outputs_and_gradients(row.function, tensors, constants)
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


@pytest.mark.parametrize(("row", "case"), LARGEST, ids=_named(LARGEST))
def test_operation_gradient_for_one_input_alone_matches(row: KernelOp, case: Case) -> None:
    tensors, constants = case.tensors(torch.float64), case.constants(torch.float64)
    for index in range(len(tensors)):
        results = []
        for function in (row.function, row.reference):
            inputs = [tensor.detach().requires_grad_(position == index) for position, tensor in enumerate(tensors)]
            returned = function(*inputs, *constants)
            output = returned if torch.is_tensor(returned) else returned[index % len(returned)]
            results.append(torch.autograd.grad(output.square().sum(), inputs[index])[0])
        assert relative_error(*results) < 1e-12


@pytest.mark.parametrize(("row", "case"), DECLARED, ids=_named(DECLARED))
def test_operation_opcheck_passes(row: KernelOp, case: Case) -> None:
    tensors = tuple(tensor.requires_grad_() for tensor in case.tensors(torch.float32))
    constants = case.constants(torch.float32)
    if row.name.endswith("cross_entropy"):
        label, ignored = constants[:2]
        constants = (label, None, ignored, 0.1, 1e-3, True)
    elif row.name == "rope":
        constants = (*constants, False)
    torch.library.opcheck(getattr(torch.ops.writ, row.name).default, (*tensors, *constants))


@pytest.mark.parametrize(("row", "case"), LARGEST, ids=_named(LARGEST))
def test_operation_compiled_whole_same_result(row: KernelOp, case: Case) -> None:
    tensors, constants = case.tensors(torch.float32), case.constants(torch.float32)
    compiled = torch.compile(row.function, fullgraph=True, backend="aot_eager")
    expected = outputs_and_gradients(row.function, tensors, constants)
    for value, plain in zip(outputs_and_gradients(compiled, tensors, constants), expected, strict=True):
        assert torch.equal(value, plain)


def test_registry_cpu_names_an_implementation_for_each_operation() -> None:
    by_us = native.name() if native.is_loaded() else "torch-chunked"
    assert implementations_taken("cpu") == dict.fromkeys(ROWS, by_us) | {
        "attention": "torch-sdpa", "muon": "torch-chunked"
    }  # fmt: skip


@pytest.mark.parametrize("row", REGISTRY, ids=lambda row: row.name)
def test_registry_floor_grows_with_the_shape(row: KernelOp) -> None:
    shape = {"M": 64, "H": 32, "F": 96, "V": 256, "S": 64, "Hq": 4, "Hk": 2, "D": 8, "P": 1000, "e": 4}
    for floor in row.floors.values():
        one, two = floor(shape), floor({name: 2 * size for name, size in shape.items()})
        assert 0 < one.flops < two.flops
        assert 0 < one.bytes < two.bytes
