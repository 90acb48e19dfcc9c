"""What each process of a gang runs in the tests: a few steps, and what came of them, as JSON lines."""

import json
import sys
from pathlib import Path

import torch

from gpu_runtime.checkpoints.gang import GangStore
from gpu_runtime.trainer.config import TrainConfig
from gpu_runtime.trainer.corpus import Corpus
from gpu_runtime.trainer.evaluation import Evaluation
from gpu_runtime.trainer.gang import Gang
from gpu_runtime.trainer.training import Place, Training

TEXT = torch.frombuffer(bytearray(b"the quick brown fox jumps over the lazy dog\n" * 200), dtype=torch.uint8)
SIZE: dict[str, object] = {
    "data": "python-stdlib", "layers": 2, "d_model": 32, "heads": 4, "kv_heads": 2, "context": 32, "batch": 8,
    "steps": 40, "learning_rate": "0.01",
}  # fmt: skip


def told(gang: Gang, folder: Path, changes: dict[str, object], resumes: bool) -> dict[str, object]:
    """Train six steps, or three and the last three of somebody else's six; evaluate; digest."""
    device = torch.device("cpu")
    gang.join(device)
    config = TrainConfig.from_spec(SIZE | changes)
    training = Training(config, Corpus(TEXT, TEXT, "", 1, 1), Place(device, gang))
    store = GangStore(folder, gang)
    if resumes:
        training.load(store.read("step_00000003", None, training.state())[1])
    losses = []
    while training.step < 6:
        losses.append(training.advance())
        if training.step == 3 and not resumes:
            store.write(3, training.state())
    held_out = Evaluation(TEXT, config, gang).held_out_loss(training.model, lambda: gang.any(False))
    return {"losses": losses, "held_out": held_out, "digest": training.digest()}


def main() -> None:
    """Read what to do from the command line and tell what came of it."""
    torch.set_num_threads(1)
    gang = Gang.from_environment()
    folder, changes, resumes = Path(sys.argv[1]), json.loads(sys.argv[2]), sys.argv[3] == "resume"
    line = json.dumps({"rank": gang.rank, **told(gang, folder, changes, resumes)})
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
    gang.leave()


if __name__ == "__main__":
    main()
