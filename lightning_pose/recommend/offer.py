"""What a form about a training asks: every choice with what is recommended, what else there is, and why not.

Plain data, for programs that show it to people and do not load what trains.
"""

from typing import Any

from lightning_pose.config.architectures import BACKBONES
from lightning_pose.config.compatibility import LOSSES, MODEL_TYPES, MULTIVIEW
from lightning_pose.recommend.facts import Facts
from lightning_pose.recommend.machine import Machine, has_weights
from lightning_pose.recommend.rules import Choice

MODELS = {
    "heatmap": "every view by itself, with the same weights",
    "heatmap_multiview_transformer": "all views of an instant at once: what one hides is found by the others",
    "heatmap_mhcrnn": "five frames at once: motion tells what one frame hides",
    "regression": "coordinates without heatmaps: no confidences of places, and less exact",
}
WHAT = {
    "temporal": "no jumps from one frame to the next",
    "temporal_heatmap_mse": "heatmaps that change little from one frame to the next",
    "temporal_heatmap_kl": "the same, compared as distributions",
    "pca_singleview": "only postures like the labeled ones",
    "pca_multiview": "views that agree with each other as in the labels, without a calibration",
    "view_consistency": "views that agree with each other, by the calibration",
    "supervised_reprojection_heatmap_mse": "points that the views make together must fall onto the labels",
    "supervised_pairwise_projections": "points that two views make must be where others put them",
}


def offer(facts: Facts, machine: Machine, choices: list[Choice], found: list[str]) -> dict[str, Any]:
    """Return everything that a form needs to know.

    Args:
        facts: of the project.
        machine: that will train.
        choices: what is recommended.
        found: what was looked at, in lines.
    """
    return {
        "found": found,
        "notes": list(facts.notes),
        "instants": facts.instants,
        "views": list(facts.view_names),
        "calibrated": facts.is_calibrated,
        "videos": list(facts.videos),
        "gpus": [{"name": gpu.name, "memory_gib": gpu.memory_gib} for gpu in machine.gpus],
        "cores": machine.cores,
        "choices": [choice._asdict() for choice in choices],
        "backbones": [_backbone(name) for name in BACKBONES],
        "model_types": [_model(name, facts) for name in MODEL_TYPES],
        "losses": [_loss(name, facts) for name in LOSSES],
    }


def _backbone(name: str) -> dict[str, Any]:
    """Return a backbone, what its images are multiples of, and where its weights would come from."""
    architecture = BACKBONES[name]
    return {
        "name": name,
        "multiple": architecture.multiple,
        "several_views": architecture.has_tokens,
        "hub_name": architecture.hub_name,
        "at_hand": has_weights(architecture.hub_name),
    }


def _model(name: str, facts: Facts) -> dict[str, str]:
    """Return a type of model, and why this project cannot have it."""
    fault = "needs two views or more" if name == MULTIVIEW and facts.n_views < 2 else ""
    return {"name": name, "what": MODELS[name], "fault": fault}


def _loss(name: str, facts: Facts) -> dict[str, Any]:
    """Return a loss beside that of the model, and why this project cannot have it."""
    needs, lacking = LOSSES[name], []
    if needs.views > facts.n_views or (name == "pca_multiview" and facts.n_views < 2):
        lacking.append("two views or more")
    elif needs.calibration and not facts.is_calibrated:
        lacking.append("a calibration of every labeled session")
    if needs.video and not facts.videos:
        lacking.append("a session with a video of every view")
    fault = f"needs {' and '.join(lacking)}" if lacking else ""
    return {"name": name, "what": WHAT[name], "video": needs.video, "fault": fault}
