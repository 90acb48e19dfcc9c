"""The drop-in modules against torch's own."""

import copy

import torch
from torch import nn as torch_nn

from kernels import nn


def test_rms_norm_module_takes_torchs_state_and_matches_it() -> None:
    theirs, ours, x = torch_nn.RMSNorm(9, eps=1e-5), nn.RMSNorm(9), torch.randn(4, 9)
    torch_nn.init.normal_(theirs.weight)
    ours.load_state_dict(theirs.state_dict())
    torch.testing.assert_close(ours(x), theirs(x))
    normalised, summed = ours(x, x)
    torch.testing.assert_close(normalised, theirs(2 * x))
    torch.testing.assert_close(summed, 2 * x)


def test_swiglu_module_matches_its_definition() -> None:
    module, x = nn.SwiGLU(6, 10), torch.randn(3, 6)
    expected = module.down_proj(torch_nn.functional.silu(module.gate_proj(x)) * module.up_proj(x))
    torch.testing.assert_close(module(x), expected)


def test_linear_cross_entropy_module_matches_torch() -> None:
    module, hidden, target = nn.LinearCrossEntropy(6, 11), torch.randn(2, 5, 6), torch.randint(11, (2, 5))
    expected = torch_nn.functional.cross_entropy((hidden @ module.weight.T).flatten(0, 1), target.flatten())
    torch.testing.assert_close(module(hidden, target), expected)


def test_rotary_module_keeps_no_table_in_a_checkpoint() -> None:
    rotary = nn.Rotary(8, 4)
    q, k = rotary(torch.randn(2, 5, 2, 4), torch.randn(2, 5, 1, 4))
    assert (q.shape, k.shape) == ((2, 5, 2, 4), (2, 5, 1, 4))
    assert not rotary.state_dict()


def test_adamw_optimiser_trains_as_torchs() -> None:
    torch.manual_seed(3)
    ours, theirs = torch_nn.Linear(5, 4), torch_nn.Linear(5, 4)
    theirs.load_state_dict(ours.state_dict())
    options = {"lr": 0.01, "betas": (0.9, 0.95), "weight_decay": 0.1}
    optimisers = (nn.AdamW(ours.parameters(), **options), torch.optim.AdamW(theirs.parameters(), **options))
    for _ in range(4):
        x = torch.randn(7, 5)
        for model, optimiser in zip((ours, theirs), optimisers, strict=True):
            optimiser.zero_grad()
            model(x).square().mean().backward()
            optimiser.step()
    for mine, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-5, atol=1e-6)


def test_adamw_optimiser_state_resumes_to_the_same_bits() -> None:
    def trained(steps: int, optimiser: nn.AdamW, weight: torch.Tensor) -> None:
        for step in range(steps):
            weight.grad = torch.full_like(weight, step + 1.0)
            optimiser.step()

    whole = torch.ones(5, requires_grad=True)
    trained(2, first := nn.AdamW([whole]), whole)
    kept, again = copy.deepcopy(first.state_dict()), whole.detach().clone().requires_grad_()
    resumed = nn.AdamW([again])
    resumed.load_state_dict(kept)
    trained(2, first, whole)
    trained(2, resumed, again)
    assert torch.equal(whole, again)
