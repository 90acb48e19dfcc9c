"""Muon in place against its reference, and what it leaves out."""

import pytest
import torch

from kernels.checks import KernelInputError
from kernels.muon import MuonSettings, MuonTensors, muon, reference
from kernels.muon.reference import orthogonalised

SETTINGS = MuonSettings(weight_decay=0.1)


def _tensors(dtype: torch.dtype = torch.float64) -> MuonTensors:
    torch.manual_seed(2)
    made = [[torch.randn(shape, dtype=torch.float64).to(dtype) for shape in ((7, 3), (3, 7), (5, 5))] for _ in range(3)]
    return MuonTensors(*made)


def _scalars(scale: float = 0.5) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.tensor(0.02, dtype=torch.float64), torch.tensor(scale, dtype=torch.float64)


@pytest.mark.parametrize(("dtype", "limit"), [(torch.float64, 1e-12), (torch.float32, 1e-5)])
def test_muon_one_step_matches_reference(dtype: torch.dtype, limit: float) -> None:
    tensors = _tensors(dtype)
    wide = MuonTensors(*([t.double() for t in group] for group in vars(tensors).values()))
    expected = reference.muon(wide, *_scalars(), SETTINGS)
    muon(tensors, *_scalars(), SETTINGS)
    for parameter, momentum, wanted in zip(tensors.parameters, tensors.momenta, expected, strict=True):
        torch.testing.assert_close(parameter.double(), wanted[0], rtol=limit, atol=limit)
        torch.testing.assert_close(momentum.double(), wanted[1], rtol=limit, atol=limit)


def test_muon_update_singular_values_near_one() -> None:
    values = torch.linalg.svdvals(orthogonalised(_tensors().gradients[0], 5))
    assert ((values > 0.6) & (values < 1.3)).all()


def test_muon_scale_not_finite_moves_nothing() -> None:
    tensors, before = _tensors(), _tensors()
    muon(tensors, *_scalars(float("nan")), SETTINGS)
    for ours, theirs in ((tensors.parameters, before.parameters), (tensors.momenta, before.momenta)):
        assert all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))


def test_muon_vector_refused() -> None:
    x = [torch.zeros(3)]
    with pytest.raises(KernelInputError, match="must be a matrix"):
        muon(MuonTensors(x, x, x), *_scalars(), SETTINGS)


def test_muon_opcheck_passes() -> None:
    tensors = _tensors(torch.float32)
    arguments = (tensors.parameters, tensors.gradients, tensors.momenta, *_scalars(), 0.95, 0.1, 5)
    torch.library.opcheck(torch.ops.writ.muon.default, arguments)
