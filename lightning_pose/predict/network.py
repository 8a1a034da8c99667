"""Images in, pixels and confidences of all members out."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float, UInt8

from lightning_pose.build.machine import cpu_has_bf16
from lightning_pose.core.camera import Camera
from lightning_pose.core.errors import ConfigError
from lightning_pose.data.batch import Outputs
from lightning_pose.data.images import normalise
from lightning_pose.losses.pca import PCALoss
from lightning_pose.model_dir import load_trained
from lightning_pose.models.base import PoseNetwork
from lightning_pose.predict.model import Model
from lightning_pose.predict.tracks import Found

Precision = Literal["auto", "fp32", "bf16", "fp16"]
DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
BATCH, BATCH_GPU = 8, 128  # images at a time: what a processor's cache holds, and what keeps a GPU busy


class Predictor:
    """All members of a model on one device; a batch of images is moved there once.

    Attributes:
        workers: calls that may run side by side to good effect. On a GPU one's images travel while another's
            are looked at; on a processor every core does a batch of its own, so that none waits for another
            which something else has stopped, such as a decoder.
        sessions: worth predicting at a time: on a GPU one is looked at while another is written, on a
            processor one keeps all cores busy.
        batch_size: images at a time that are a good choice, or that have turned out to fit into memory.
    """

    def __init__(
        self,
        networks: Mapping[str, PoseNetwork],
        device: str,
        precision: Precision = "fp32",
        subspaces: Mapping[str, Mapping[str, PCALoss]] | None = None,
    ) -> None:
        """Take networks that are on the device already.

        Args:
            networks: by member.
            device: as torch names it.
            precision: of the forward pass; weights stay in float32.
            subspaces: of poses that members were trained with, by member and name.
        """
        self.networks, self.subspaces = networks, subspaces or {}
        self.device = torch.device(device)
        self.dtype = DTYPES[choose_precision(precision, device)]
        self.workers = {"cuda": 2, "cpu": torch.get_num_threads()}.get(self.device.type, 1)
        self.sessions = 2 if self.device.type == "cuda" else 1
        self.batch_size = BATCH_GPU if self.device.type == "cuda" else BATCH
        self._most: int | None = None  # instants that fitted into memory after more of them had not

    @property
    def context(self) -> int:
        """Frames before and after an image that a member looks at too; the most of all members."""
        return max(network.context for network in self.networks.values())

    def __call__(self, images: UInt8[np.ndarray, "B V *F H W 3"], camera: Camera | None = None) -> Found:
        """Predict RGB images of the network's size with every member.

        Args:
            images: of B instants, with `context` frames on either side of each, where there is a context.
            camera: of these images, fields (B, V, ...), for members that are told where cameras are.
        """

        def ask(network: PoseNetwork, inputs: torch.Tensor) -> Outputs:
            if not self.context:
                return network(inputs, seen)
            inputs = inputs[:, :, self.context - network.context : self.context + network.context + 1]
            return network(inputs if network.context else inputs[:, :, 0], seen)

        seen = self._on_device(camera)
        return self._found(images, ask)

    def sequence(
        self,
        images: UInt8[np.ndarray, "S V H W 3"],
        camera: Camera | None = None,
        views: Sequence[int] | None = None,
    ) -> Found:
        """Predict consecutive frames of a film, all but the first and the last `context`.

        Where the memory does not hold them all at once, half of them are tried, and so on; it says so once,
        and later calls begin with what fitted. On a processor the calling thread computes alone from now on.

        Args:
            images: RGB, of the network's size.
            camera: of the views' images, fields (V, ...).
            views: which of the model's views these are; None is all of them in order.

        Raises:
            ConfigError: when not even one instant fits.
        """
        if self.device.type == "cpu" and self.workers > 1:
            torch.set_num_threads(1)  # of the thread that calls
        n_instants, parts, start = len(images) - 2 * self.context, [], 0
        while start < n_instants:
            count = min(self._most or n_instants, n_instants - start)
            try:
                part = images[start : start + count + 2 * self.context]
                parts.append(self._sequence(part, camera, views))
            except torch.OutOfMemoryError as error:
                if count == 1:
                    raise ConfigError(
                        f"one frame of {images.shape[1]} views does not fit into the memory of "
                        f"{self.device}: --device cpu needs none of it, and other programs may be using it"
                    ) from error
                self._most = -(-count // 2)
                self.batch_size = self._most * images.shape[1]
                torch.cuda.empty_cache()
                warnings.warn(
                    f"{count * images.shape[1]} images at a time do not fit into the memory of "
                    f"{self.device}: going on with {self.batch_size}", stacklevel=2,
                )  # fmt: skip
                continue
            start += count
        return Found(*(np.concatenate(arrays, axis=1) for arrays in zip(*parts, strict=True)))

    def _sequence(
        self,
        images: UInt8[np.ndarray, "S V H W 3"],
        camera: Camera | None,
        views: Sequence[int] | None,
    ) -> Found:
        """Predict consecutive frames at once."""
        n_instants = len(images) - 2 * self.context

        def ask(network: PoseNetwork, inputs: torch.Tensor) -> Outputs:
            spare = self.context - network.context
            return network.sequence(inputs[spare : len(inputs) - spare], seen, views)

        seen = self._on_device(camera)
        if seen is not None:
            seen = Camera(*(field.expand(n_instants, *field.shape) for field in seen))
        return self._found(images, ask)

    @torch.inference_mode()
    def _found(
        self, images: UInt8[np.ndarray, "..."], ask: Callable[[PoseNetwork, torch.Tensor], Outputs]
    ) -> Found:
        """Ask every member for normalised images."""
        inputs = normalise(torch.from_numpy(images).to(self.device))
        mixed = self.dtype is not torch.float32
        xy, confidence = [], []
        for network in self.networks.values():
            with torch.autocast(self.device.type, dtype=self.dtype, enabled=mixed):
                outputs = ask(network, inputs)
            decoded = network.decode(outputs)
            xy.append(decoded.xy)
            confidence.append(decoded.confidence)
        return Found(torch.stack(xy).float().cpu().numpy(), torch.stack(confidence).float().cpu().numpy())

    def pose_errors(self, member: str, xy: Float[np.ndarray, "V T K 2"]) -> dict[str, np.ndarray]:
        """Return how far poses are from the subspaces that a member was trained with (V T K, px), by name."""
        poses = torch.from_numpy(xy.swapaxes(0, 1).astype(np.float64))
        subspaces = self.subspaces.get(member, {})
        return {name: s.errors(poses).swapaxes(0, 1).numpy() for name, s in subspaces.items()}

    def _on_device(self, camera: Camera | None) -> Camera | None:
        """Return cameras as tensors of double precision, which Apple's GPU has none of: they stay outside."""
        if camera is None:
            return None
        device = torch.device("cpu") if self.device.type == "mps" else self.device
        return Camera(*(torch.as_tensor(field, device=device) for field in camera))


def load_predictor(
    model: Model, device: str = "auto", precision: Precision = "auto", *, compiled: bool = False
) -> Predictor:
    """Load the weights of all members.

    Args:
        model: the folder.
        device: as torch names it, or `auto`.
        precision: of the forward pass; `auto` is bfloat16 where the device multiplies it in hardware.
        compiled: let torch compile the networks, which takes a minute at first and is faster afterwards.

    Raises:
        ConfigError: when the device is not there.
        ModelError: when a checkpoint is not that of its model.
    """
    chosen = choose_device(device)
    trained = {name: load_trained(member, chosen) for name, member in model.members.items()}
    networks = {name: member.network for name, member in trained.items()}
    subspaces = {name: member.subspaces for name, member in trained.items()}
    for network in networks.values() if compiled else ():
        network.compile()
    return Predictor(networks, chosen, precision, subspaces)


def choose_precision(precision: Precision, device: str) -> Precision:
    """Return the precision to use: for `auto` bfloat16 where the device multiplies it in hardware."""
    if precision != "auto":
        return precision
    kind = torch.device(device).type
    fast = torch.cuda.is_bf16_supported(including_emulation=False) if kind == "cuda" else cpu_has_bf16()
    return "bf16" if fast and kind != "mps" else "fp32"


def choose_device(device: str) -> str:
    """Return the device to use: the best there is for `auto`, otherwise the one named.

    Raises:
        ConfigError: when it is not there.
    """
    if device == "auto":
        if torch.cuda.is_available():
            return "cuda"
        return "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError, ValueError) as error:  # torch has no error of its own for this
        there = ["cpu", *(f"cuda:{index}" for index in range(torch.cuda.device_count()))]
        there += ["mps"] if torch.backends.mps.is_available() else []
        raise ConfigError(
            f"--device {device}: there is no such device here; there are: {', '.join(there)}"
        ) from error
    return device
