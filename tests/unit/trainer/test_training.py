"""The model, the schedule and one training: it learns, says when it diverges, and counts its work."""

import pytest
import torch
from torch import Tensor

from gpu_runtime.trainer.config import TrainConfig
from gpu_runtime.trainer.evaluation import Evaluation
from gpu_runtime.trainer.model import ByteTransformer
from gpu_runtime.trainer.schedule import learning_rate_at
from gpu_runtime.trainer.training import NotANumber, Training
from gpu_runtime.trainer.work import flops_per_byte, matrix_weights

CPU = torch.device("cpu")
TEXT = torch.frombuffer(bytearray(b"the quick brown fox jumps over the lazy dog\n" * 200), dtype=torch.uint8)


def _config(**changes: object) -> TrainConfig:
    small: dict[str, object] = {
        "data": "python-stdlib", "layers": 2, "d_model": 32, "heads": 4, "kv_heads": 2, "context": 32, "batch": 4,
        "steps": 40,
    }  # fmt: skip
    return TrainConfig.from_spec(small | changes)


def test_training_on_a_repeated_line_learns_it() -> None:
    training = Training(_config(learning_rate="0.01"), TEXT, CPU)
    losses = [training.advance() for _ in range(40)]
    assert losses[0] > 4.0
    assert losses[-1] < 1.5


def test_training_same_seed_same_digest_other_seed_another() -> None:
    digests = []
    for seed in (1, 1, 2):
        training = Training(_config(seed=seed), TEXT, CPU)
        for _ in range(3):
            training.advance()
        digests.append(training.digest())
    assert digests[0] == digests[1] != digests[2]


def test_training_loaded_from_its_state_goes_on_bit_by_bit() -> None:
    whole = Training(_config(), TEXT, CPU)
    for _ in range(3):
        whole.advance()
    state = {
        name: {key: value.clone() if isinstance(value, Tensor) else value for key, value in part.items()}
        for name, part in whole.state().items()
    }
    resumed = Training(_config(), TEXT, CPU)
    resumed.load(state)
    assert [whole.advance() for _ in range(3)] == [resumed.advance() for _ in range(3)]
    assert whole.digest() == resumed.digest()


def test_training_with_infinite_weights_says_that_it_diverged() -> None:
    training = Training(_config(), TEXT, CPU)
    with torch.no_grad():
        training.model.norm.weight.fill_(float("inf"))
    with pytest.raises(NotANumber, match=r"At step 1 the loss is .* Lower learning_rate"):
        training.advance()


def test_model_sees_no_byte_ahead() -> None:
    model = ByteTransformer(_config())
    inputs = torch.randint(256, (1, 32))
    targets = torch.full((1, 32), -100)
    targets[0, 10] = 7
    before = model(inputs, targets)
    inputs[0, 11:] = 0
    assert torch.equal(before, model(inputs, targets))


def test_model_of_every_head_grouping_runs() -> None:
    for kv_heads in (1, 2, 4):
        loss = ByteTransformer(_config(kv_heads=kv_heads))(torch.zeros(2, 5).long(), torch.zeros(2, 5).long())
        loss.backward()
        assert torch.isfinite(loss)


def test_matrix_weights_are_those_of_the_model() -> None:
    config = _config()
    model = ByteTransformer(config)
    assert matrix_weights(config) == sum(p.numel() for p in model.parameters() if p.dim() == 2)
    assert flops_per_byte(config) == 6 * matrix_weights(config) + 6 * 2 * 32 * 32


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


def test_evaluation_same_model_same_loss_and_stops_when_asked() -> None:
    training = Training(_config(), TEXT, CPU)
    evaluation = Evaluation(TEXT, training.config)
    first = evaluation.held_out_loss(training.model, lambda: False)
    assert first == evaluation.held_out_loss(training.model, lambda: False)
    assert evaluation.held_out_loss(training.model, lambda: True) is None
