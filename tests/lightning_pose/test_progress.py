import io

import pytest
import pytorch_lightning as pl
from rich.console import Console

from lightning_pose.callbacks import Validation
from lightning_pose.progress import ProgressBar, reading


class TrainerAt(pl.Trainer):
    global_step = 0

    def __init__(self, step: int) -> None:
        self.global_step = step


@pytest.mark.parametrize("terminal", [True, False])
def test_a_terminal_gets_a_bar_and_a_file_ten_lines(terminal, tmp_path):
    text = io.StringIO()
    console = Console(file=text, force_terminal=terminal, width=120)
    validation = Validation(lambda task: {}, tmp_path, every_epochs=1, patience=None, min_steps=0)
    bar, module = ProgressBar(25, validation, "rng=0", console), pl.LightningModule()
    bar.on_train_start(TrainerAt(0), module)
    for step in range(1, 26):
        validation.error, validation.best_error = 4.0, 3.5
        bar.on_train_batch_end(TrainerAt(step), module, None, None, 0)
    bar.on_train_end(TrainerAt(25), module)
    assert "25/25" in text.getvalue()
    assert "validation 4.00 px (best 3.50)" in text.getvalue()
    if not terminal:
        lines = text.getvalue().splitlines()
        assert len(lines) == 10
        assert lines[4].startswith("rng=0: 13/25 steps, ")


def test_nothing_is_shown_while_reading_unless_asked_for():
    with reading("images", show=False) as progress:
        assert progress is None
