"""The model, the schedule and one training: it learns, says when it diverges, and counts its work."""

import subprocess
import sys
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from gpu_runtime.trainer.config import TrainConfig
from gpu_runtime.trainer.corpus import Corpus, DataError
from gpu_runtime.trainer.evaluation import Evaluation
from gpu_runtime.trainer.model import Transformer
from gpu_runtime.trainer.positions import rotary_tables
from gpu_runtime.trainer.schedule import learning_rate_at
from gpu_runtime.trainer.shape import RopeScaling, shape_of
from gpu_runtime.trainer.training import NotANumber, Place, Training
from gpu_runtime.trainer.work import flops_per_token, matrix_weights, peak_flops

CPU = Place(torch.device("cpu"))
TEXT = torch.frombuffer(bytearray(b"the quick brown fox jumps over the lazy dog\n" * 200), dtype=torch.uint8)
CORPUS = Corpus(TEXT, TEXT, "", 1, 1)


def _config(**changes: object) -> TrainConfig:
    small: dict[str, object] = {
        "data": "python-stdlib", "layers": 2, "d_model": 32, "heads": 4, "kv_heads": 2, "context": 32, "batch": 4,
        "steps": 40,
    }  # fmt: skip
    return TrainConfig.from_spec(small | changes)


def test_training_on_a_repeated_line_learns_it() -> None:
    training = Training(_config(learning_rate="0.01"), CORPUS, CPU)
    losses = [training.advance() for _ in range(40)]
    assert losses[0] > 4.0
    assert losses[-1] < 1.5


def test_training_same_seed_same_digest_other_seed_another() -> None:
    digests = []
    for seed in (1, 1, 2):
        training = Training(_config(seed=seed), CORPUS, CPU)
        for _ in range(3):
            training.advance()
        digests.append(training.digest())
    assert digests[0] == digests[1] != digests[2]


def test_training_loaded_from_its_state_goes_on_bit_by_bit() -> None:
    whole = Training(_config(), CORPUS, CPU)
    for _ in range(3):
        whole.advance()
    state = {
        name: {key: value.clone() if isinstance(value, Tensor) else value for key, value in part.items()}
        for name, part in whole.state().items()
    }
    resumed = Training(_config(), CORPUS, CPU)
    resumed.load(state)
    assert [whole.advance() for _ in range(3)] == [resumed.advance() for _ in range(3)]
    assert whole.digest() == resumed.digest()


def test_training_with_infinite_weights_says_that_it_diverged() -> None:
    training = Training(_config(), CORPUS, CPU)
    with torch.no_grad():
        training.model.norm.weight.fill_(float("inf"))
    with pytest.raises(NotANumber, match=r"At step 1 the loss is .* Lower learning_rate"):
        training.advance()


def test_model_sees_no_byte_ahead() -> None:
    model = Transformer(shape_of(_config()))
    inputs = torch.randint(256, (1, 32))
    targets = torch.full((1, 32), -100)
    targets[0, 10] = 7
    before = model(inputs, targets)
    inputs[0, 11:] = 0
    assert torch.equal(before, model(inputs, targets))


def test_model_of_every_head_grouping_runs() -> None:
    for kv_heads in (1, 2, 4):
        loss = Transformer(shape_of(_config(kv_heads=kv_heads)))(torch.zeros(2, 5).long(), torch.zeros(2, 5).long())
        loss.backward()
        assert torch.isfinite(loss)


def test_matrix_weights_are_those_of_the_model() -> None:
    shape = shape_of(_config())
    tied = sum(p.numel() for p in Transformer(shape).parameters() if p.dim() == 2)
    assert matrix_weights(shape) == tied
    assert flops_per_token(shape) == 6 * tied + 6 * 2 * 32 * 32
    untied = Transformer(replace(shape, tied=False))
    assert sum(p.numel() for p in untied.parameters() if p.dim() == 2) == tied + 256 * 32


def test_schedule_rises_to_its_peak_and_falls_to_a_twentieth() -> None:
    config = _config(steps=100, warmup_steps=10, learning_rate="0.01")
    rates = [learning_rate_at(step, config) for step in range(1, 101)]
    assert rates[0] == pytest.approx(0.001)
    assert max(rates) == rates[9] == pytest.approx(0.01)
    assert rates[9:] == sorted(rates[9:], reverse=True)
    assert rates[-1] == pytest.approx(0.0005)


def test_schedule_without_warmup_starts_below_its_peak() -> None:
    config = _config(steps=1, warmup_steps=0)
    assert learning_rate_at(1, config) == pytest.approx(0.05 * float(config.learning_rate))


def test_schedule_wsd_stays_at_its_peak_and_falls_straight_at_the_end() -> None:
    config = _config(steps=100, warmup_steps=10, learning_rate="0.01", schedule="wsd", decay_steps=20)
    rates = [learning_rate_at(step, config) for step in range(1, 101)]
    assert rates[:10] == pytest.approx([0.001 * step for step in range(1, 11)])
    assert rates[9:80] == pytest.approx([0.01] * 71)
    assert rates[80] == pytest.approx(0.01 * (1 - 0.95 / 20))
    assert rates[-1] == pytest.approx(0.0005)
    assert learning_rate_at(90, _config(steps=100, schedule="wsd")) == pytest.approx(0.003)
    assert learning_rate_at(91, _config(steps=100, schedule="wsd")) < 0.003


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_training_in_parts_takes_the_step_of_the_whole(precision: str) -> None:
    whole, parts = (
        Training(_config(accumulate=count, precision=precision), CORPUS, CPU) for count in (1, 4)
    )  # fmt: skip
    losses = [[training.advance() for _ in range(5)] for training in (whole, parts)]
    tolerance = 1e-5 if precision == "fp32" else 2e-2
    assert losses[0] == pytest.approx(losses[1], rel=tolerance)
    for name, weight in whole.weights().items():
        torch.testing.assert_close(weight, parts.weights()[name], rtol=0, atol=5e-2 if precision == "bf16" else 1e-4)


def test_training_in_bfloat16_keeps_masters_and_learns_as_in_float32() -> None:
    narrow, wide = (Training(_config(precision=name, learning_rate="0.01"), CORPUS, CPU) for name in ("bf16", "fp32"))
    losses = {name: [t.advance() for _ in range(30)] for name, t in (("narrow", narrow), ("wide", wide))}
    assert losses["narrow"][-1] == pytest.approx(losses["wide"][-1], rel=0.1)
    for name, parameter in narrow.model.named_parameters():
        assert parameter.dtype == torch.bfloat16
        assert torch.equal(narrow.weights()[name].bfloat16(), parameter)
    assert any(not torch.equal(weight.bfloat16().float(), weight) for weight in narrow.weights().values())


def test_training_in_bfloat16_loaded_from_its_state_goes_on_bit_by_bit() -> None:
    whole = Training(_config(precision="bf16", accumulate=2), CORPUS, CPU)
    for _ in range(3):
        whole.advance()
    resumed = Training(_config(precision="bf16", accumulate=2), CORPUS, CPU)
    resumed.load({part: dict(state) for part, state in whole.state().items()})
    assert [whole.advance() for _ in range(3)] == [resumed.advance() for _ in range(3)]
    assert whole.digest() == resumed.digest()


def test_training_with_an_infinite_gradient_leaves_the_parameters_as_they_were() -> None:
    training = Training(_config(), CORPUS, CPU)
    training.advance()
    before = training.digest()
    handle = training.model.norm.weight.register_hook(lambda gradient: gradient * float("inf"))
    with pytest.raises(NotANumber, match="gradient's norm (inf|nan)"):
        training.advance()
    handle.remove()
    assert training.digest() == before


def test_training_untied_has_an_output_projection_that_learns() -> None:
    training = Training(_config(tied=False, hidden=48, learning_rate="0.01"), CORPUS, CPU)
    before = training.weights()["output.weight"].clone()
    losses = [training.advance() for _ in range(30)]
    assert not torch.equal(before, training.weights()["output.weight"])
    assert training.model.blocks[0].feed_forward.up.weight.shape == (48, 32)
    assert losses[-1] < losses[0] / 2


def test_training_on_tokens_of_another_vocabulary_refused() -> None:
    with pytest.raises(DataError, match="The data has 256 token numbers and the model 100"):
        Training(_config(), CORPUS, CPU, replace(shape_of(_config()), vocabulary=100))


def test_training_deterministic_refuses_what_may_differ() -> None:
    code = (
        "import torch; from gpu_runtime.trainer.training import be_deterministic; be_deterministic();"
        " print(torch.are_deterministic_algorithms_enabled())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"


def test_rotary_tables_of_llama_3_stretch_long_waves_alone() -> None:
    shape = replace(shape_of(_config()), d_model=256, heads=4, context=64, rope_base=500_000.0)
    stretched = replace(shape, rope_scaling=RopeScaling(8.0, 1.0, 4.0, 8192))
    plain, scaled = (torch.atan2(*reversed([table[1] for table in rotary_tables(s)])) for s in (shape, stretched))
    assert torch.equal(plain[:8], scaled[:8])  # short waves stay
    torch.testing.assert_close(scaled[-4:], plain[-4:] / 8, rtol=1e-4, atol=0)


def test_peak_is_that_of_the_named_chip() -> None:
    assert [peak_flops(name) for name in ("H200 SXM", "h200-nvl", "NVIDIA H100 80GB HBM3", "H20", "Ascend 910B")] == [
        989e12, 835e12, 989e12, 148e12, None
    ]  # fmt: skip


def test_evaluation_same_model_same_loss_and_stops_when_asked() -> None:
    training = Training(_config(), CORPUS, CPU)
    evaluation = Evaluation(TEXT, training.config)
    first = evaluation.held_out_loss(training.model, lambda: False)
    assert first == evaluation.held_out_loss(training.model, lambda: False)
    assert evaluation.held_out_loss(training.model, lambda: True) is None
