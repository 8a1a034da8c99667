"""The model to predict with: one network, or all members of an ensemble, which must fit together."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from lightning_pose.config.bind import bind
from lightning_pose.config.schema import Config
from lightning_pose.core.errors import ConfigError, ModelError, raise_collected
from lightning_pose.core.skeletons import Skeleton, skeleton_from_names
from lightning_pose.model_dir import CONFIG_FILE, ModelDir, is_ensemble_dir, members


class Model(NamedTuple):
    """What all members agree on, and their folders."""

    folder: Path
    members: dict[str, ModelDir]  # by name; one empty name where the folder is a single model
    config: Config  # of the first member, with the overrides
    is_ensemble: bool

    @property
    def views(self) -> tuple[str, ...]:
        """Views in order; one empty name for a single view."""
        return tuple(self.config.data.view_names or [""])

    @property
    def names(self) -> tuple[str, ...]:
        """Keypoints in order."""
        return tuple(self.config.data.keypoint_names or [])

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the network's images (px)."""
        size = self.config.data.image_resize_dims
        assert size.height is not None and size.width is not None  # `open_model` looked
        return size.height, size.width

    @property
    def needs_cameras(self) -> bool:
        """Whether a member is told where cameras are."""
        return any(member.config.model.camera_tokens for member in self.members.values())

    @property
    def has_joint_views(self) -> bool:
        """Whether what a member says of one view depends on the others."""
        kinds = {member.config.model.model_type for member in self.members.values()}
        return "heatmap_multiview_transformer" in kinds

    @property
    def data_dir(self) -> Path | None:
        """The project that it was trained on, which need not be there any more."""
        data_dir = self.config.data.data_dir
        return None if data_dir is None else Path(data_dir)

    @property
    def skeleton(self) -> Skeleton:
        """Lines and sides of the keypoints, for pictures."""
        data = self.config.data
        return skeleton_from_names(self.names, data.skeleton or [], data.swaps)


def open_model(folder: Path | str, overrides: Sequence[str] = ()) -> Model:
    """Open a model or ensemble folder, and check that its members can predict together; no weights are read.

    Args:
        folder: what `litpose train` wrote.
        overrides: changes of the saved configuration, `key=value`.

    Raises:
        ModelError: when the folder is no model, or its members differ in views, keypoints or image size.
        ConfigError: when an override cannot be used.
    """
    folder = Path(folder)
    found = members(folder)
    configs = {name: _read(member, overrides) for name, member in found.items()}
    first_name, first = next(iter(configs.items()))
    faults = []
    if not first.data.keypoint_names:
        faults.append("data.keypoint_names is not in the configuration")
    if first.data.image_resize_dims.height is None or first.data.image_resize_dims.width is None:
        faults.append("data.image_resize_dims is not in the configuration")
    for name, config in configs.items():
        for key in ("view_names", "keypoint_names", "image_resize_dims"):
            ours, theirs = getattr(first.data, key), getattr(config.data, key)
            if ours != theirs:
                faults.append(f"data.{key} differs between {first_name} ({ours}) and {name} ({theirs})")
    if faults:
        raise_collected(ModelError, f"{folder} cannot predict", faults)
    for member in found.values():
        member.checkpoint()  # a member without weights is better known now than after the others have loaded
    return Model(folder, found, first, is_ensemble_dir(folder))


def _read(member: ModelDir, overrides: Sequence[str]) -> Config:
    """Return a member's configuration with the overrides.

    Raises:
        ModelError: when the configuration cannot be read.
        ConfigError: when an override cannot be used.
    """
    if not overrides:
        return member.config
    path = member.path / CONFIG_FILE
    other = [override for override in overrides if override.lstrip("+~").startswith("model.")]
    if other:
        raise ConfigError(
            f"{path} with the overrides: {', '.join(other)}: the network is the one that was trained, and "
            "cannot be another. --overrides are for data, such as data.data_dir"
        )
    from lightning_pose.config.compose import compose_file  # half a second, only for overrides

    bound = bind(Config, compose_file(path, overrides))
    if bound.faults:
        raise_collected(ConfigError, f"{path} with the overrides", bound.faults)
    return bound.record
