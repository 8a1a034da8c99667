"""A real network of random weights: what it says through a model folder is what it says by itself."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from lightning_pose.build import build_network
from lightning_pose.core.errors import ConfigError, ModelError
from lightning_pose.data.batch import Outputs
from lightning_pose.data.heatmaps import Decoded
from lightning_pose.data.images import normalise
from lightning_pose.model_dir import ModelDir
from lightning_pose.models.base import PoseNetwork
from lightning_pose.predict.model import Model, open_model
from lightning_pose.predict.network import Predictor, choose_device, load_predictor


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return np.random.default_rng(5).integers(0, 255, (5, 1, 64, 96, 3), np.uint8)


@pytest.fixture(scope="module")
def model(
    write_model: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory, images: np.ndarray
) -> Model:
    path = write_model(tmp_path_factory.mktemp("random"))
    network = build_network(ModelDir(path).config)
    with torch.no_grad():  # a new head says nearly the same everywhere
        last = [parameter for parameter in network.head.parameters() if parameter.ndim == 4][-1]
        logits = network.eval()(normalise(torch.from_numpy(images)))["logits"]
        last.mul_(2 / logits.std(dim=(-2, -1)).mean())
    state = {f"network.{key}": value for key, value in network.state_dict().items()}
    torch.save({"state_dict": state}, next(path.glob("**/last.ckpt")))
    return open_model(path)


@pytest.fixture(scope="module")
def predictor(model: Model) -> Predictor:
    return load_predictor(model, "cpu")


def test_a_model_folder_predicts_as_its_network_does(predictor: Predictor, images: np.ndarray) -> None:
    found = predictor(images)
    assert found.xy.shape == (1, 5, 1, 2, 2)
    network = predictor.networks[""]
    with torch.inference_mode():
        decoded = network.decode(network(normalise(torch.from_numpy(images))))
    np.testing.assert_array_equal(found.xy[0], decoded.xy.numpy())
    np.testing.assert_array_equal(found.confidence[0], decoded.confidence.numpy())
    assert np.ptp(found.xy, axis=1).max() > 0  # the images differ, and so do the answers


def test_the_size_of_a_batch_does_not_change_the_answers(predictor: Predictor, images: np.ndarray) -> None:
    whole = predictor(images)
    alone = [predictor(images[i : i + 1]) for i in range(5)]
    np.testing.assert_allclose(np.concatenate([one.xy for one in alone], axis=1), whole.xy, atol=1e-3)


def test_half_precision_says_nearly_the_same(predictor: Predictor, images: np.ndarray) -> None:
    rough = Predictor(predictor.networks, "cpu", "bf16")
    near = np.abs(rough(images).confidence - predictor(images).confidence)
    assert 0 < near.max() < 0.05


def test_members_answer_in_their_order(predictor: Predictor, images: np.ndarray) -> None:
    one = predictor.networks[""]

    class Mirror(PoseNetwork):
        def forward(self, images: torch.Tensor, camera: object = None, views: object = None) -> Outputs:
            return one(images.flip(-1))

        def decode(self, outputs: Outputs) -> Decoded:
            return one.decode(outputs)

    both = Predictor({"rng=0": one, "rng=1": Mirror()}, "cpu")
    np.testing.assert_allclose(both(images).xy[1], both(images[..., ::-1, :].copy()).xy[0], atol=1e-3)


def test_a_checkpoint_of_another_network_is_refused(make_model: Callable[..., Path]) -> None:
    model = open_model(make_model())
    path = next(model.folder.glob("**/last.ckpt"))
    torch.save({"state_dict": {"network.something": torch.zeros(3)}}, path)
    with pytest.raises(ModelError, match="does not hold the network"):
        load_predictor(model, "cpu")


def test_a_device_that_is_not_there_is_named_with_those_that_are() -> None:
    assert choose_device("cpu") == "cpu"
    with pytest.raises(ConfigError, match="no such device here; there are: cpu"):
        choose_device("cuda:77")
    with pytest.raises(ConfigError, match="--device gpu7"):
        choose_device("gpu7")


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp16"])
def test_a_gpu_says_what_the_cpu_says(
    model: Model, predictor: Predictor, images: np.ndarray, precision: str
) -> None:
    fast = load_predictor(model, "cuda", precision)
    near = np.abs(fast(images).confidence - predictor(images).confidence)
    assert near.max() < (1e-3 if precision == "fp32" else 0.05)
