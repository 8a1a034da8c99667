"""A real network of random weights: what it says through a model folder is what it says by itself."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from lightning_pose.build.machine import cpu_has_bf16
from lightning_pose.build.network import build_network
from lightning_pose.core.camera import Camera, make_camera
from lightning_pose.core.errors import ConfigError, ModelError
from lightning_pose.data.batch import Outputs
from lightning_pose.data.heatmaps import Decoded
from lightning_pose.data.images import normalise
from lightning_pose.losses.pca import pca_singleview
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
    return load_predictor(model, "cpu", "fp32")


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


def test_the_default_precision_is_what_the_processor_has(
    model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert load_predictor(model, "cpu").dtype is (torch.bfloat16 if cpu_has_bf16() else torch.float32)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": False, "amx_bf16": False})
    assert load_predictor(model, "cpu").dtype is torch.float32


@pytest.mark.parametrize("context", [0, 2])
def test_what_does_not_fit_into_memory_is_halved_until_it_does(context: int) -> None:
    asked: list[int] = []

    class Small(PoseNetwork):
        """Says how light its middle frame is; has room for three instants."""

        def forward(self, images: torch.Tensor, camera: object = None, views: object = None) -> Outputs:
            asked.append(len(images))
            if len(images) > 3:
                raise torch.OutOfMemoryError("no room")
            light = images[:, :, self.context] if self.context else images
            return Outputs(xy=light.mean(dim=(-3, -2, -1))[..., None, None].expand(-1, -1, 1, 2))

        def decode(self, outputs: Outputs) -> Decoded:
            return Decoded(outputs["xy"], torch.ones(outputs["xy"].shape[:-1]))

    network = Small()
    network.context = context
    predictor = Predictor({"": network}, "cpu")
    images = np.arange(11 + 2 * context, dtype=np.uint8)[:, None, None, None, None] + np.zeros(
        (1, 8, 8, 3), np.uint8
    )
    with pytest.warns(UserWarning, match="6 images at a time do not fit .* going on with 3"):
        found = predictor.sequence(images)
    expected = normalise(torch.from_numpy(images)).mean(dim=(-3, -2, -1))[context : context + 11]
    np.testing.assert_allclose(found.xy[0, :, :, 0, 0], expected, rtol=1e-6)
    assert asked == [11, 6, 3, 3, 3, 2] and predictor.batch_size == 3
    asked.clear()
    predictor.sequence(images)
    assert max(asked) == 3  # what did not fit is not tried again


def test_an_instant_that_does_not_fit_alone_is_refused_with_advice() -> None:
    class Full(PoseNetwork):
        def forward(self, images: torch.Tensor, camera: object = None, views: object = None) -> Outputs:
            raise torch.OutOfMemoryError("no room")

    with pytest.raises(ConfigError, match=r"one frame of 2 views does not fit .* --device cpu"):
        Predictor({"": Full()}, "cpu").sequence(np.zeros((1, 2, 8, 8, 3), np.uint8))


def test_members_answer_in_their_order(predictor: Predictor, images: np.ndarray) -> None:
    one = predictor.networks[""]

    class Mirror(PoseNetwork):
        def forward(self, images: torch.Tensor, camera: object = None, views: object = None) -> Outputs:
            return one(images.flip(-1))

        def decode(self, outputs: Outputs) -> Decoded:
            return one.decode(outputs)

    both = Predictor({"rng=0": one, "rng=1": Mirror()}, "cpu")
    np.testing.assert_allclose(both(images).xy[1], both(images[..., ::-1, :].copy()).xy[0], atol=1e-3)


def test_the_temperature_of_a_checkpoint_counts_and_is_one_where_there_is_none(
    make_model: Callable[..., Path], images: np.ndarray
) -> None:
    model = open_model(make_model())
    path = next(model.folder.glob("**/last.ckpt"))
    network = build_network(ModelDir(model.folder).config)
    state = {f"network.{key}": value for key, value in network.state_dict().items()}
    found = {}
    for temperature in (None, 1.0, 0.2):
        state.pop("network.temperature", None)
        if temperature is not None:
            state["network.temperature"] = torch.tensor(temperature)
        torch.save({"state_dict": state}, path)
        found[temperature] = load_predictor(model, "cpu")(images[:1])
    np.testing.assert_array_equal(found[None].confidence, found[1.0].confidence)
    np.testing.assert_array_equal(found[0.2].xy, found[1.0].xy)
    assert (found[0.2].confidence > found[1.0].confidence).any()


class Told(PoseNetwork):
    """Says where its cameras are, and what its frames are: the mean light of each."""

    n_keypoints, stride = 1, 4

    def __init__(self, context: int) -> None:
        super().__init__()
        self.context = context
        self.asked: list[tuple[int, ...]] = []

    def forward(self, images: torch.Tensor, camera: object = None, views: object = None) -> Outputs:
        self.asked.append(tuple(images.shape))
        assert isinstance(camera, Camera)
        frame = images[:, :, self.context] if self.context else images
        light = frame.mean(dim=(-3, -2, -1))[..., None]
        return Outputs(xy=torch.stack([light, camera.translation[..., :1].float()], dim=-1), confidence=light)

    def decode(self, outputs: Outputs) -> Decoded:
        return Decoded(outputs["xy"], outputs["confidence"])


def some_cameras(shape: tuple[int, ...]) -> Camera:
    one = make_camera(np.eye(3), np.zeros(5), np.eye(3), np.zeros(3))
    camera = Camera(*(np.broadcast_to(field, (*shape, *field.shape)).copy() for field in one))
    camera.translation[..., 0] = np.arange(np.prod(shape)).reshape(shape)
    return camera


def test_members_see_the_frames_and_the_cameras_that_they_ask_for() -> None:
    """One looks at five frames, one at three, one at the middle one alone; all speak of the same frames."""
    members = {str(context): Told(context) for context in (2, 1, 0)}
    predictor = Predictor(members, "cpu")
    film = np.random.default_rng(0).integers(0, 255, (9, 2, 8, 8, 3), np.uint8)
    found = predictor.sequence(film, some_cameras((2,)))
    assert [member.asked[-1][:3] for member in members.values()] == [(5, 2, 5), (5, 2, 3), (5, 2, 3)]
    assert members["0"].asked[-1] == (5, 2, 3, 8, 8)
    np.testing.assert_allclose(found.xy[1:], np.broadcast_to(found.xy[:1], (2, *found.xy.shape[1:])))
    np.testing.assert_allclose(found.xy[0, :, :, 0, 1], np.broadcast_to([0, 1], (5, 2)))
    windows = np.stack([film[t : t + 5] for t in range(5)]).swapaxes(1, 2)
    alone = predictor(windows, some_cameras((5, 2)))
    np.testing.assert_allclose(alone.xy[..., 0], found.xy[..., 0], atol=1e-6)
    np.testing.assert_allclose(alone.xy[0, :, :, 0, 1], np.arange(10).reshape(5, 2))


@pytest.mark.parametrize(("device", "expected"), [("mps", "cpu"), ("meta", "meta")])
def test_cameras_keep_their_double_precision_where_a_device_has_none(device: str, expected: str) -> None:
    camera = Predictor({"0": Told(0)}, device)._on_device(some_cameras((2,)))
    assert camera is not None
    assert camera.matrix.dtype == torch.float64
    assert camera.matrix.device.type == expected


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


def test_a_checkpoints_subspace_of_poses_measures_predictions_frame_by_frame(
    make_model: Callable[..., Path],
) -> None:
    labels = torch.rand(30, 1, 2, 2, generator=torch.Generator().manual_seed(0)).double() * 40
    subspace = pca_singleview(labels, ("red", "green"), components=2)
    model = open_model(make_model())
    network = build_network(ModelDir(model.folder).config)
    state = {f"network.{key}": value for key, value in network.state_dict().items()}
    state |= {f"fitted.pca_singleview.{key}": value for key, value in subspace.state_dict().items()}
    torch.save({"state_dict": state}, next(model.folder.glob("**/last.ckpt")))
    xy = np.random.default_rng(1).uniform(0, 60, (1, 7, 2, 2))
    found = load_predictor(model, "cpu").pose_errors("", xy)
    expected = subspace.errors(torch.from_numpy(xy.swapaxes(0, 1)))[:, 0]
    assert list(found) == ["pca_singleview"]
    np.testing.assert_allclose(found["pca_singleview"][0], expected)
