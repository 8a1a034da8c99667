"""Make confidences mean what they say: the probability that a point is within 5 px of its label.

A network is as sure as its training targets made it, not as it is right. One number, a temperature, brings
the two together: it is fitted on the validation set, after training, and kept in the checkpoint.
"""

import csv
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from scipy.optimize import minimize_scalar

from lightning_pose.core.files import atomic_path
from lightning_pose.core.metrics import Reliability, reliability
from lightning_pose.core.plots import new_figure, plot_reliability, save_figure
from lightning_pose.data.batch import Outputs
from lightning_pose.data.labels import LabeledFrames, native_from_network
from lightning_pose.evaluate import outputs_of, pixel_errors
from lightning_pose.model_dir import CALIBRATION_FILE, ModelDir, load_network
from lightning_pose.models.base import PoseNetwork

NEAR_PX = 5.0  # of the image on disk
FEWEST = 50  # labels; with less, a temperature would say more of chance than of the network
MOST = 2000  # labels; more change nothing of one number
RANGE = 16.0  # temperatures from 1 / this to this
CERTAIN = 1e-6  # no confidence counts as nearer to 0 or 1


class Calibration(NamedTuple):
    """A temperature, and what it does for the expected calibration error of n labeled points.

    Attributes:
        temperature: 1 where there were too few points.
        ece_before: at temperature 1; NaN without labels.
        ece_after: at the temperature found.
        n: labeled points.
    """

    temperature: float
    ece_before: float
    ece_after: float
    n: int

    def __str__(self) -> str:
        if self.n < FEWEST:
            return f"confidences: left as they are, since {self.n} validation labels are too few ({FEWEST})"
        return (
            f"confidences: calibration error of P(error < {NEAR_PX:g} px) {self.ece_before:.3f}, "
            f"{self.ece_after:.3f} with temperature {self.temperature:.2f}; {self.n} validation labels"
        )


class Answers(NamedTuple):
    """What a network said of labeled instants, and whether it was right: 1, 0, or NaN without a label."""

    outputs: list[Outputs]
    right: Float[np.ndarray, "N V K"]

    def confidence(self, network: PoseNetwork, temperature: float) -> Float[np.ndarray, "N V K"]:
        """Return the confidences at a temperature, which the network keeps."""
        network.temperature.fill_(temperature)
        found = [network.decode(outputs).confidence.double().cpu().numpy() for outputs in self.outputs]
        return np.concatenate(found)


def calibrate_model(
    model: ModelDir, frames: LabeledFrames, sets: Sequence[str], *, device: str
) -> Calibration:
    """Fit the temperature of a trained model on its validation set and put it into its checkpoint.

    Also written are `calibration.csv` and `calibration.png`: how confidences and errors go together, before
    and after, in the validation and, where there is one, in the test set.
    """
    network = load_network(model, device)
    batch_size = model.config.training.test_batch_size
    answers = {
        name: ask(network, frames, rows, batch_size=batch_size)
        for name in ("validation", "test")
        if (rows := few_enough(frames, [row for row, s in enumerate(sets) if s == name]))
    }
    if "validation" not in answers:
        return Calibration(1.0, math.nan, math.nan, 0)
    found = fit_temperature(network, answers["validation"])
    write_temperature(model.checkpoint(), found.temperature)
    before = {name: _compare(network, part, 1.0) for name, part in answers.items()}
    after = {name: _compare(network, part, found.temperature) for name, part in answers.items()}
    write_calibration(model.path, {1.0: before, found.temperature: after})
    return found


def calibrate(
    network: PoseNetwork, frames: LabeledFrames, rows: Sequence[int], *, batch_size: int = 32
) -> Calibration:
    """Fit the temperature of a network on labeled instants; the network keeps it.

    Args:
        network: on the device to use.
        frames: labeled frames.
        rows: instants that it was not trained on.
        batch_size: instants at a time.
    """
    rows = few_enough(frames, rows)
    if not rows:
        return Calibration(1.0, math.nan, math.nan, 0)
    return fit_temperature(network, ask(network, frames, rows, batch_size=batch_size))


def few_enough(frames: LabeledFrames, rows: Sequence[int]) -> list[int]:
    """Return all instants, or as many of them, evenly spaced, as have `MOST` points."""
    count = max(1, MOST // (len(frames.view_names) * len(frames.keypoint_names)))
    if len(rows) <= count:
        return list(rows)
    return [rows[place] for place in np.linspace(0, len(rows) - 1, count).round().astype(int)]


@torch.inference_mode()
def ask(network: PoseNetwork, frames: LabeledFrames, rows: Sequence[int], *, batch_size: int) -> Answers:
    """Predict labeled instants, and look which points are within 5 px of their label."""
    outputs = list(outputs_of(network, frames, rows, batch_size=batch_size))
    xy = np.concatenate([network.decode(part).xy.double().cpu().numpy() for part in outputs])
    native = native_from_network(xy, frames.native_sizes[list(rows)][:, :, None], frames.size)
    errors = pixel_errors(frames, rows, native)
    return Answers(outputs, np.where(np.isfinite(errors), errors < NEAR_PX, np.nan))


@torch.inference_mode()
def fit_temperature(network: PoseNetwork, answers: Answers) -> Calibration:
    """Return the temperature under which the answers are most probable; the network keeps it.

    Minimised is -sum t log c + (1 - t) log(1 - c) over log T, with c the confidence, and t = (n + 1) / (n +
    2) for the n right answers, 1 / (m + 2) for the m wrong ones: where all are right, that does not make a
    network certain.

    Source: Guo et al. 2017, "On calibration of modern neural networks", section 4.2; targets of Platt 1999,
        "Probabilistic outputs for support vector machines", section 2.2.
    """
    known = np.isfinite(answers.right)
    right = answers.right[known] > 0
    n, m = right.sum(), (~right).sum()
    target = np.where(right, (n + 1) / (n + 2), 1 / (m + 2))

    def surprise(log_temperature: float) -> float:
        c = answers.confidence(network, math.exp(log_temperature))[known].clip(CERTAIN, 1 - CERTAIN)
        return -float((target * np.log(c) + (1 - target) * np.log1p(-c)).mean())

    before = _compare(network, answers, 1.0).error
    if len(target) < FEWEST:
        return Calibration(1.0, before, before, len(target))
    temperature = math.exp(minimise(surprise, math.log(RANGE)))
    return Calibration(temperature, before, _compare(network, answers, temperature).error, len(target))


def minimise(function: Callable[[float], float], limit: float) -> float:
    """Return where a function of one number in [-limit, limit] is least: on a grid, then between its best."""
    grid = np.linspace(-limit, limit, 9)
    best = int(np.argmin([function(x) for x in grid]))
    bracket = (grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)])
    found: Any = minimize_scalar(function, bounds=bracket, method="bounded", options={"xatol": 1e-2})
    return float(found.x)


def write_temperature(checkpoint: Path, temperature: float) -> None:
    """Put a temperature into a checkpoint, atomically."""
    content = torch.load(checkpoint, map_location="cpu", weights_only=True)
    content["state_dict"]["network.temperature"] = torch.tensor(temperature)
    with atomic_path(checkpoint) as temporary:
        torch.save(content, temporary)


def write_calibration(folder: Path, curves: dict[float, dict[str, Reliability]]) -> None:
    """Write `calibration.csv` and `calibration.png` from the curves of every temperature and set."""
    with (
        atomic_path(folder / CALIBRATION_FILE) as temporary,
        temporary.open("w", newline="", encoding="utf-8") as file,
    ):
        writer = csv.writer(file)
        writer.writerow(["set", "temperature", "labels", "within_5px", "confidence", "ece"])
        for temperature, sets in curves.items():
            for name, curve in sets.items():
                weight = curve.count / max(curve.count.sum(), 1)
                means = (weight @ curve.share, weight @ curve.confidence, curve.error)
                numbers = [f"{value:.4f}" for value in means]
                writer.writerow([name, f"{temperature:.4f}", curve.count.sum(), *numbers])
    figure = new_figure(5, 5)
    named = {f"{s}, T = {t:.2f}": curve for t, sets in curves.items() for s, curve in sets.items()}
    plot_reliability(figure.subplots(), named)
    save_figure(figure, (folder / CALIBRATION_FILE).with_suffix(".png"))


def read_calibration(folder: Path) -> Calibration | None:
    """Return what `calibrate_model` found for a model folder; None where there were no validation labels."""
    if not (folder / CALIBRATION_FILE).is_file():
        return None
    with (folder / CALIBRATION_FILE).open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["set"] == "validation"]
    last = rows[-1]
    return Calibration(
        float(last["temperature"]), float(rows[0]["ece"]), float(last["ece"]), int(last["labels"])
    )


def _compare(network: PoseNetwork, answers: Answers, temperature: float) -> Reliability:
    """Hold the confidences at a temperature to the answers."""
    return reliability(answers.confidence(network, temperature), answers.right)
