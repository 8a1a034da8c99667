import csv
from pathlib import Path

import numpy as np
import pytest
import torch

from lightning_pose.confidence import (
    FEWEST,
    Answers,
    calibrate,
    few_enough,
    fit_temperature,
    minimise,
    read_calibration,
    write_calibration,
    write_temperature,
)
from lightning_pose.core.metrics import Reliability
from lightning_pose.data.batch import Outputs
from lightning_pose.data.heatmaps import Decoded, decode_logits, render
from lightning_pose.data.labels import LabeledFrames, read_labeled_frames
from lightning_pose.models.base import PoseNetwork

SIZE = (64, 96)


class Logistic(PoseNetwork):
    """Confidences are sigmoid(z / T) of the logits that it is given as outputs."""

    def forward(self, images: torch.Tensor, camera: object = None, views: object = None) -> Outputs:
        raise NotImplementedError

    def decode(self, outputs: Outputs) -> Decoded:
        z = outputs["confidence"]
        return Decoded(torch.zeros(*z.shape, 2), torch.sigmoid(z / self.temperature))


def answers(z: np.ndarray, right: np.ndarray) -> Answers:
    shape = (len(z), 1, 1)
    return Answers([Outputs(confidence=torch.from_numpy(z).float().reshape(shape))], right.reshape(shape))


@pytest.mark.parametrize("truth", [0.4, 1.0, 3.0])
def test_the_temperature_of_a_logistic_law_is_found(truth):
    rng = np.random.default_rng(0)
    z = rng.normal(0.5, 3, 20_000)
    right = (rng.uniform(size=z.size) < 1 / (1 + np.exp(-z / truth))).astype(float)
    right[::7] = np.nan
    network = Logistic()
    found = fit_temperature(network, answers(z, right))
    assert found.temperature == pytest.approx(truth, rel=0.05)
    assert network.temperature.item() == pytest.approx(found.temperature)
    assert found.ece_after < 0.02 and found.n == np.isfinite(right).sum()
    if truth != 1:
        assert found.ece_before > 3 * found.ece_after


def test_few_labels_leave_the_temperature_at_one_and_say_so():
    z, right = np.ones(FEWEST - 1), np.zeros(FEWEST - 1)
    found = fit_temperature(Logistic(), answers(z, right))
    assert found.temperature == 1 and found.ece_after == found.ece_before
    assert f"{FEWEST - 1} validation labels are too few" in str(found)


def test_a_network_that_is_always_right_does_not_become_certain():
    """Platt's targets: of n right answers and no wrong one, the probability is (n + 1) / (n + 2)."""
    network = Logistic()
    fit_temperature(network, answers(np.ones(98), np.ones(98)))
    assert torch.sigmoid(1 / network.temperature).item() == pytest.approx(99 / 100, abs=2e-3)


def test_the_lowest_of_several_valleys_is_found():
    assert minimise(lambda x: np.cos(4 * x) + (x - 1) ** 2 / 9, 2.5) == pytest.approx(0.79, abs=0.02)


@pytest.fixture
def frames(toy_project) -> LabeledFrames:
    folder = toy_project()
    files = {view: folder / f"CollectedData_{view}.csv" for view in ("left", "right")}
    return read_labeled_frames(files, folder, SIZE)


class Overconfident(PoseNetwork):
    """Says the labels of most instants, and of the others those of another instant, all alike."""

    n_keypoints, stride = 3, 4

    def __init__(self, frames: LabeledFrames, wrong: int) -> None:
        super().__init__()
        self.anything = torch.nn.Parameter(torch.zeros(()))
        xy = torch.from_numpy(frames.xy).float()
        xy[:wrong] = xy[:wrong].roll(1, dims=0)
        self.answers = list((render((xy + 0.5) / 4 - 0.5, (16, 24)) + 1e-7).log().split(1))

    def forward(self, images: torch.Tensor, camera: object = None, views: object = None) -> Outputs:
        return Outputs(logits=torch.cat([self.answers.pop(0) for _ in images]))


def test_confidences_of_heatmaps_come_down_to_the_share_that_is_right(frames):
    """72 points, a third of them wrong, all with the same peak: the honest confidence of each is 2/3."""
    network = Overconfident(frames, 4)
    found = calibrate(network, frames, range(12), batch_size=5)
    assert found.n == 72 and found.temperature > 1
    assert found.ece_before == pytest.approx(1 / 3, abs=0.03)
    assert found.ece_after < found.ece_before
    logits = (render(torch.tensor([[[[10.0, 8.0]]]]), (16, 24)) + 1e-7).log()
    assert decode_logits(logits, 4, found.temperature).confidence.item() == pytest.approx(2 / 3, abs=0.05)


def test_no_more_instants_than_needed_are_asked_for_and_these_from_all_over(frames):
    rows = few_enough(frames, range(100_000))
    assert len(rows) == 333 and rows[0] == 0 and rows[-1] == 99_999
    assert few_enough(frames, [3, 5]) == [3, 5]


def test_a_checkpoint_keeps_all_else_when_its_temperature_is_set(tmp_path: Path):
    path = tmp_path / "a-best.ckpt"
    torch.save({"state_dict": {"network.x": torch.arange(3)}, "epoch": 7}, path)
    write_temperature(path, 1.7)
    content = torch.load(path, weights_only=True)
    assert content["epoch"] == 7 and content["state_dict"]["network.x"].tolist() == [0, 1, 2]
    assert content["state_dict"]["network.temperature"].item() == pytest.approx(1.7)
    assert [file.name for file in tmp_path.iterdir()] == ["a-best.ckpt"]


def test_the_table_says_what_is_right_how_often(tmp_path: Path):
    curve = Reliability(np.array([0.5, 0.9]), np.array([0.4, 0.6]), np.array([1, 3]))
    write_calibration(tmp_path, {1.0: {"validation": curve}, 2.5: {"validation": curve}})
    with (tmp_path / "calibration.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["temperature"] for row in rows] == ["1.0000", "2.5000"]
    assert rows[0]["labels"] == "4" and rows[0]["set"] == "validation"
    numbers = [float(rows[0][key]) for key in ("within_5px", "confidence", "ece")]
    np.testing.assert_allclose(numbers, [0.55, 0.8, 0.25])
    found = read_calibration(tmp_path)
    assert found == (2.5, 0.25, 0.25, 4) and read_calibration(tmp_path / "elsewhere") is None
    assert (tmp_path / "calibration.png").stat().st_size > 1000
