"""What a training is said to reach of its devices, and what is said where nothing could be measured."""

import pytest
import torch

from gpu_runtime.trainer.config import TrainConfig
from gpu_runtime.trainer.energy import EnergyCounter
from gpu_runtime.trainer.meter import Devices, Meter, matmul_ceiling
from gpu_runtime.trainer.shape import shape_of
from gpu_runtime.trainer.work import flops_per_token

SHAPE = shape_of(TrainConfig.from_spec({"data": "python-stdlib"}))


def test_meter_of_gpus_states_mfu_by_their_peaks() -> None:
    meter = Meter(SHAPE, Devices(["H200 SXM", "H200 SXM"], [], is_emulated=False), 700e12, processes=2)
    tokens_per_s = 1e12 / flops_per_token(SHAPE)
    said = meter.shares(tokens_per_s)
    assert said["mfu"] == pytest.approx(1 / (2 * 989), abs=1e-4)
    assert said["of_matmul_ceiling"] == pytest.approx(1 / 1400, abs=1e-4)
    account = meter.account(tokens_per_s)
    assert account["peak_flops_per_s"] == 2 * 989e12
    assert "dense bfloat16 peak" in str(account["mfu_formula"])


def test_meter_of_a_cpu_or_an_unknown_chip_states_no_mfu_and_why() -> None:
    for devices in (Devices(["H200 SXM"], [], is_emulated=True), Devices(["Abacus 9"], [], is_emulated=False)):
        account = Meter(SHAPE, devices, 1e11).account(1000.0)
        assert "mfu" not in account
        assert "peak is not known" in str(account["mfu_not_stated"])
        assert "energy_j" not in account
        assert account["energy_not_measured"] == "no GPU takes part"


def test_energy_where_no_driver_is_says_so() -> None:
    counter = EnergyCounter(["GPU-0"])
    if counter.joules() is None:
        assert "no NVIDIA driver" in counter.fault or "answered" in counter.fault
    else:
        assert counter.fault == ""


def test_matmul_ceiling_is_measured_in_a_plausible_range() -> None:
    assert 1e8 < matmul_ceiling(torch.device("cpu"), torch.float32) < 1e13
