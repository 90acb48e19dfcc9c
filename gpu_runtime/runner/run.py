"""One run from its start, or its checkpoint, to its end or its drain."""

import time
from dataclasses import dataclass

from gpu_runtime.checkpoints.gang import GangStore
from gpu_runtime.checkpoints.manifest import CheckpointRecord, DamagedCheckpoint
from gpu_runtime.runner.attempt import Attempt
from gpu_runtime.runner.devices import choose_device
from gpu_runtime.runner.metrics import MetricsFile
from gpu_runtime.runner.models import begin_training, export_model, meter_of
from gpu_runtime.runner.stopping import Stopping
from gpu_runtime.runner.window import LossWindow
from gpu_runtime.trainer.evaluation import Evaluation, bits
from gpu_runtime.trainer.gang import Gang
from gpu_runtime.trainer.saving import BackgroundSaver
from gpu_runtime.trainer.schedule import learning_rate_at
from gpu_runtime.trainer.text import Corpus, bigram_entropy_bits, load_corpus
from gpu_runtime.trainer.training import Place

# Often enough for a live chart, rarely enough to cost nothing.
STEPS_PER_LINE = 5


@dataclass
class Progress:
    """How far a run has come."""

    started_at_step: int = 0
    loss: float | None = None
    evaluated_step: int = -1
    held_out_loss: float | None = None


class Run:
    """Trains one attempt."""

    def __init__(self, attempt: Attempt, metrics: MetricsFile, stopping: Stopping) -> None:
        self.attempt, self._metrics, self._stopping = attempt, metrics, stopping
        self.gang = Gang.from_environment()
        device = choose_device(attempt, self.gang.local_rank)
        self.gang.join(device)
        self._store = GangStore(attempt.checkpoint_dir, self.gang)
        self._saver = BackgroundSaver(self._store.write, self._announce)
        self.corpus: Corpus = load_corpus(attempt.config.data)
        self.bigram_bits = bigram_entropy_bits(self.corpus.held_out) if self.corpus.is_bytes else None
        self.training, self.origin = begin_training(attempt, self.corpus, Place(device, self.gang))
        self.meter = meter_of(attempt, self.training)
        self._evaluation = Evaluation(self.corpus.held_out, attempt.config, self.gang)
        self.progress, self.window, self._saved_step = Progress(), LossWindow(), 0
        self._resume()

    def train(self) -> bool:
        """Go on until the last step is evaluated or a stop is asked for; what was trained is saved.

        Returns:
            Whether the training is complete.
        """
        self._stopping.hold_for_work()
        self.window.skip_time()
        try:
            while not self._is_over() and not self._is_stop_asked():
                self._one_step()
            self._report_loss()
            self._save()
            self._evaluate()
        finally:
            self._saver.wait()
        is_complete = self._is_over() and self.progress.evaluated_step == self.training.step
        if is_complete and self.attempt.config.export:
            export_model(self.training, self.attempt.checkpoint_dir)
        return is_complete

    def _is_stop_asked(self) -> bool:
        """Whether any process of the gang was asked to stop: all of them stop after the same step."""
        return self.gang.any(self._stopping.asked())

    def _is_over(self) -> bool:
        return self.training.step >= self.attempt.config.steps

    def _one_step(self) -> None:
        config = self.attempt.config
        self.progress.loss = self.training.advance()
        self.window.add(self.progress.loss, config.tokens_per_step)
        step = self.training.step
        if step % STEPS_PER_LINE == 0:
            self._report_loss()
        if step % config.checkpoint_every == 0:
            self._save()
        if step % config.evaluate_every == 0:
            self._evaluate()
        self.window.skip_time()

    def _report_loss(self) -> None:
        if not self.window.is_empty and self.gang.leads:
            step, means = self.training.step, self.window.take()
            rate, shares = learning_rate_at(step, self.attempt.config), self.meter.shares(means.tokens_per_s)
            self._metrics.train(step, means, rate, shares)

    def _evaluate(self) -> None:
        step = self.training.step
        if self.progress.evaluated_step == step:
            return
        loss = self._evaluation.held_out_loss(self.training.model, self._is_stop_asked)
        if loss is not None:
            self.progress.evaluated_step, self.progress.held_out_loss = step, loss
            if self.gang.leads:
                self._metrics.evaluation(step, loss, bits(loss) * self.corpus.tokens_per_byte, self.bigram_bits)

    def _save(self) -> None:
        step = self.training.step
        if step == self._saved_step:
            return
        self._saved_step = step
        if self.gang.is_alone:
            self._saver.save(step, self.training.state())
        else:  # its processes exchange what they hold, which they cannot do beside the training's own exchanges
            self._announce(self._store.write(step, self.training.state()))

    def _announce(self, record: CheckpointRecord) -> None:
        if self.gang.leads:
            self._metrics.checkpoint(record)
        self._store.thin_out(time.time())

    def _resume(self) -> None:
        resume = self.attempt.resume
        if resume is None:
            return
        step, state = self._store.read(resume.name, resume.manifest_sha256, self.training.state())
        if step != resume.step:
            raise DamagedCheckpoint(f"{resume.name} was written at step {step}, not {resume.step}.")
        self.training.load(state)
        self._saved_step = self.progress.started_at_step = step
