"""The typed schema of a training configuration: every key, its type and its default.

The names are those of Lightning Pose wherever it has one; what is ours in addition is marked `ours`. YAML
files say only what differs from here. Plain dataclasses: nothing here knows torch, hydra or omegaconf.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

Number = int | float


@dataclass
class ImageSize:
    """Network input size in pixels; null is chosen from the images (about 256 x 256 in area, same shape)."""

    height: int | None = None
    width: int | None = None


@dataclass
class DataConfig:
    """What is trained on."""

    data_dir: str | None = None
    csv_file: str | list[str] | None = None
    view_names: list[str] | None = None
    keypoint_names: list[str] | None = None
    num_keypoints: int | None = None
    image_resize_dims: ImageSize = field(default_factory=ImageSize)
    downsample_factor: int = 2
    skeleton: list[list[str]] | None = None  # ours: pairs of keypoint names that a line connects
    swaps: list[list[str]] | None = None  # ours: left/right pairs of keypoint names
    labels_outside_image: Literal["error", "ignore"] = "error"  # ours
    video_dir: str | None = None
    bbox_file: str | list[str] | None = None
    camera_params_file: str | None = None
    mirrored_column_matches: list[Any] | None = None
    columns_for_singleview_pca: list[int] | None = None
    header_rows: list[int] | None = None


@dataclass
class AugmentConfig:
    """How far a training image is moved and changed (ours); zero switches an ingredient off."""

    rotation: float = 25.0  # degrees, either way
    right_angles: list[int] = field(default_factory=lambda: [0])  # degrees, one drawn at random
    zoom: float = 0.25  # scale between 1 / (1 + zoom) and 1 + zoom
    shift: float = 0.1  # of the image's side, either way
    brightness: float = 0.25  # of the range of values, either way
    contrast: float = 0.3  # factor between 1 / (1 + contrast) and 1 + contrast
    colour: float = 0.1  # gain of each channel, either way
    blur: float = 0.2  # probability of a Gaussian blur, sigma up to 1.5 px
    noise: float = 0.04  # largest standard deviation, of the range of values
    erasing: float = 0.5  # probability of each of two erased rectangles
    erasing_size: float = 0.3  # largest side of such a rectangle, of the image's side
    world_scale: float = 0.2  # with imgaug_3d: size of the world, 1 - this to 1 + this
    world_shift: float = 0.25  # with imgaug_3d: of the labels' extent in the world, either way
    world_rotation: float = 0.0  # with imgaug_3d: degrees about the vertical, either way


@dataclass
class OptimizerParams:
    """Of the optimiser."""

    learning_rate: float = 2e-3
    weight_decay: float | None = None  # ours; null is the optimiser's own default


@dataclass
class MultiStepParams:
    """Learning rate times `gamma` at every milestone, after a linear warm-up."""

    warmup: float = 0.0  # ours: of all steps
    milestones: list[int] | None = None
    milestone_steps: list[int] | None = None
    gamma: float = 0.5


@dataclass
class OneCycleParams:
    """Linear warm-up, then a cosine down to nothing (ours)."""

    warmup: float = 0.1  # of all steps


@dataclass
class CosineParams:
    """Linear warm-up, then half a cosine down to a last factor (ours)."""

    warmup: float = 0.0  # of all steps
    final: float = 0.0  # factor of the learning rate at the end


@dataclass
class SchedulerParams:
    """Of the learning rate's course."""

    cosine: CosineParams = field(default_factory=CosineParams)
    multisteplr: MultiStepParams = field(default_factory=MultiStepParams)
    onecycle: OneCycleParams = field(default_factory=OneCycleParams)


@dataclass
class PatchMask:
    """How much of its images a multi-view transformer does not see, rising over the training."""

    init_epoch: int | None = None
    final_epoch: int | None = None
    init_step: int | None = None
    final_step: int | None = None
    init_ratio: float = 0.0
    final_ratio: float = 0.0
    whole_views: float = 0.0  # ours: probability that one whole view of an instant is masked, at the end


@dataclass
class UnlabeledConfig:
    """Stretches of unlabeled video that each step sees beside the labels (ours)."""

    clip_length: int = 16  # frames in a row, of all views together
    clips_per_batch: int = 1
    num_workers: int = 1  # processes that decode


@dataclass
class TrainingConfig:
    """How it is trained."""

    imgaug: str | dict[str, Any] = "dlc"
    imgaug_3d: bool = False
    imgaug_hflip: bool = False
    augment: AugmentConfig = field(default_factory=AugmentConfig)  # ours
    train_batch_size: int | None = (
        None  # instants, each with all its views; null: 16 for one view, 8 for more
    )
    val_batch_size: int = 32
    test_batch_size: int = 32
    split: Literal["auto", "session", "block", "random", "stratified"] = "auto"  # ours
    split_file: str | None = None  # ours: a CSV with the columns frame and set
    val_frames: str | int | list[int] | None = None  # ours: frame numbers, "55-69,80"
    test_frames: str | int | list[int] | None = (
        None  # ours: neither trained on nor used to choose a checkpoint
    )
    train_prob: float = 0.9
    val_prob: float = 0.1
    train_frames: Number = 1
    min_epochs: int | None = None
    max_epochs: int | None = None
    min_steps: int | None = None
    max_steps: int | None = None
    unfreezing_epoch: int | None = None
    unfreezing_step: int | None = None
    unfreezing: Literal["at_once", "gradual"] = "at_once"  # ours: gradual goes stage by stage, the last first
    optimizer: Literal["Adam", "AdamW"] = "AdamW"
    optimizer_params: OptimizerParams = field(default_factory=OptimizerParams)
    lr_scheduler: Literal["onecycle", "cosine", "multisteplr"] = "onecycle"
    lr_scheduler_params: SchedulerParams = field(default_factory=SchedulerParams)
    gradient_clip: float | None = None  # ours: largest norm of the gradient
    ema_decay: float | None = None  # ours: validate and keep a running mean of the weights, 0.99 to 0.9999
    keypoint_weights: dict[str, float] = field(default_factory=dict)  # ours: 1 for those not named
    reproject_labels: bool = False  # ours: a point labeled in two views becomes a target in the others
    reproject_weight: float = 0.5  # ours: how much such a target counts
    view_dropout: float = 0.0  # ours: probability that a view is left out of a step
    unlabeled: UnlabeledConfig = field(default_factory=UnlabeledConfig)  # ours
    checkpoint_metric: Literal["pixel_error", "median_pixel_error", "loss"] = "pixel_error"  # ours
    accumulate_grad_batches: int = 1
    limit_train_batches: Number | None = None
    uniform_heatmaps_for_nan_keypoints: bool = False
    check_val_every_n_epoch: int = 5
    val_check_interval: Number | None = None
    log_every_n_steps: int = 10
    ckpt_every_n_epochs: int | None = None
    last_ckpt_every_seconds: float = 20.0  # ours: how much work an interrupt may cost
    early_stopping: bool = False
    early_stop_patience: int = 3
    rng_seed_data_pt: int = 0
    rng_seed_model_pt: int = 0
    accelerator: Literal["auto", "cpu", "cuda", "gpu", "mps"] = "auto"  # ours
    precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto"  # ours
    cache_gib: float = 4.0  # ours: decoded images kept in memory
    num_gpus: int | None = None
    num_devices: int = 1  # ours: processes that train together, also on a CPU
    num_workers: int | None = None
    profiler: str | None = None
    patch_mask: PatchMask | None = None


@dataclass
class ModelConfig:
    """What is trained."""

    model_type: str = "heatmap"
    backbone: str = "resnet18"
    backbone_weights: str | None = None  # ours: none, a file or folder, or a hub name
    backbone_pretrained: bool | None = None
    backbone_checkpoint: str | None = None
    head: str = "heatmap_fpn"  # ours; heatmap_cnn is Lightning Pose's
    head_width: int = 128  # ours: channels inside heatmap_fpn
    fusion_layers: int = 2  # ours: transformer layers over the views' features, where the backbone has none
    camera_tokens: bool = False  # ours: tell a multi-view transformer where its cameras are
    heatmap_loss_type: str = "ce"
    losses_to_use: list[str] | None = None
    model_name: str = "pose"
    checkpoint: str | None = None
    lightning_pose_version: str | None = None


@dataclass
class LossConfig:
    """Weight 1 / (2 exp(log_weight)) and options of one loss."""

    log_weight: float | None = None
    components_to_keep: Number | None = None
    epsilon: Number | list[float] | None = None
    empirical_epsilon_percentile: float | None = None
    empirical_epsilon_multiplier: float | None = None
    centering_method: Literal["mean", "median"] | None = None
    prob_threshold: float | None = None


@dataclass
class AnnealConfig:
    """How the weight of the 3D and unlabeled losses rises: from `init_val` by `increase_factor` an epoch."""

    attr_name: str = "total_unsupervised_importance"
    init_val: float = 0.0
    increase_factor: float = 0.01
    final_val: float = 1.0
    freeze_until_epoch: int = 0


@dataclass
class CallbacksConfig:
    """What changes while it trains."""

    anneal_weight: AnnealConfig | None = None


@dataclass
class EvalConfig:
    """What is done after training."""

    predict_vids_after_training: bool = False
    test_videos_directory: str | None = None
    save_vids_after_training: bool = False
    colormap: str = "cool"
    confidence_thresh_for_vid: float = 0.9


@dataclass
class Config:
    """One training, complete."""

    data: DataConfig = field(default_factory=DataConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    losses: dict[str, LossConfig] = field(default_factory=dict)
    eval: EvalConfig = field(default_factory=EvalConfig)
    callbacks: CallbacksConfig = field(default_factory=CallbacksConfig)
    dali: dict[str, Any] = field(default_factory=dict)
    hydra: dict[str, Any] = field(default_factory=dict)
    creation_datetime: str | None = None


# `imgaug` presets of Lightning Pose, as what they change of `training.augment`.
OFF = {
    "rotation": 0.0, "zoom": 0.0, "shift": 0.0, "brightness": 0.0, "contrast": 0.0, "colour": 0.0,
    "blur": 0.0, "noise": 0.0, "erasing": 0.0, "world_scale": 0.0, "world_shift": 0.0, "world_rotation": 0.0,
}  # fmt: skip
PRESETS: dict[str, dict[str, Any]] = {
    "none": OFF,
    "default": OFF,
    "dlc": {},
    "dlc-lr": {"right_angles": [0, 180]},
    "dlc-top-down": {"right_angles": [0, 90, 180, 270]},
    "dlc-mv": {"rotation": 0.0, "zoom": 0.0, "shift": 0.0},
}
