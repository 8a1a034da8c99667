"""The released Lightning Pose in side-by-side runs: trained on a CPU, without pretrained weights."""

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from lightning_pose.core.files import write_text
from lightning_pose.core.tables import read_labels


class Recipe(NamedTuple):
    """What both programs are given alike.

    Attributes:
        backbone: from random weights.
        height, width: of the network's input, px; the peer wants multiples of 128.
        steps: of the optimiser.
        batch: images per step.
        seed: of weights and order, and of the peer's choice of validation frames.
        workers: processes that load images for the peer.
        validate_every: epochs; 5 is the default of both.
    """

    backbone: str
    height: int
    width: int
    steps: int
    batch: int
    seed: int = 0
    workers: int = 1
    validate_every: int = 5


def write_peer_config(path: Path, project: Path, csv_file: str, recipe: Recipe) -> None:
    """Write the peer's configuration: its defaults, scaled from 300 epochs to the steps, but for the loss."""
    names = read_labels(project / csv_file).names
    schedule = {
        key: round(recipe.steps * epochs / 300)
        for key, epochs in {"unfreeze": 20, "first": 150, "second": 200, "third": 250}.items()
    }
    text = CONFIG.format(
        project=project.resolve(),
        csv_file=csv_file,
        names=list(names),
        count=len(names),
        **recipe._asdict(),
        **schedule,
    )
    write_text(path, text)


def train_peer(litpose: Path, config: Path, out: Path) -> None:
    """Train; after that the peer predicts its label file and `<stem>_test.csv` beside it."""
    run(str(litpose), "train", str(config), "--output_dir", str(out))


def run(*command: str) -> None:
    """Run a command; stop when it fails."""
    print("$", *command, flush=True)
    subprocess.run(command, check=True, env=environment(command[0]))


def environment(program: str) -> dict[str, str]:
    """Return the variables for a program; the peer must not find our package, which has the same name."""
    ours = program == sys.executable
    return {name: value for name, value in os.environ.items() if ours or name != "PYTHONPATH"}


def publish(page: Path, name: str, table: str, program: str | None = None) -> None:
    """Put a table into its place in a page of the documentation; the program may have another name."""
    begin = f"<!-- {name}: written by benchmarks/{program or name}.py --docs docs -->"
    end = f"<!-- end of {name} -->"
    before, rest = page.read_text(encoding="utf-8").split(begin, 1)
    write_text(page, f"{before}{begin}\n{table}\n{end}{rest.split(end, 1)[1]}")


CONFIG = """data:
  image_resize_dims: {{height: {height}, width: {width}}}
  data_dir: {project}
  video_dir: {project}/videos
  csv_file: {csv_file}
  downsample_factor: 2
  num_keypoints: {count}
  keypoint_names: {names}
  mirrored_column_matches: null
  columns_for_singleview_pca: null
training:
  imgaug: dlc
  train_batch_size: {batch}
  val_batch_size: 32
  test_batch_size: 32
  train_prob: 0.95
  val_prob: 0.05
  train_frames: 1
  num_gpus: 1
  num_workers: {workers}
  early_stopping: false
  early_stop_patience: 3
  unfreezing_step: {unfreeze}
  min_steps: {steps}
  max_steps: {steps}
  ckpt_every_n_epochs: null
  log_every_n_steps: 10
  check_val_every_n_epoch: {validate_every}
  rng_seed_data_pt: {seed}
  rng_seed_model_pt: {seed}
  optimizer: Adam
  optimizer_params: {{learning_rate: 1.0e-3}}
  lr_scheduler: multisteplr
  lr_scheduler_params:
    multisteplr: {{milestone_steps: [{first}, {second}, {third}], gamma: 0.5}}
  uniform_heatmaps_for_nan_keypoints: true
model:
  losses_to_use: []
  backbone: {backbone}
  backbone_pretrained: false
  model_type: heatmap
  head: heatmap_cnn
  heatmap_loss_type: js
  model_name: test
  checkpoint: null
dali:
  general: {{seed: 123456}}
  base: {{train: {{sequence_length: 32}}, predict: {{sequence_length: 96}}}}
  context: {{train: {{batch_size: 16}}, predict: {{sequence_length: 96}}}}
losses: {{}}
eval:
  predict_vids_after_training: false
  save_vids_after_training: false
  test_videos_directory: {project}/videos
  colormap: cool
  confidence_thresh_for_vid: 0.90
callbacks:
  anneal_weight:
    attr_name: total_unsupervised_importance
    init_val: 0.0
    increase_factor: 0.01
    final_val: 1.0
    freeze_until_epoch: 0
"""
