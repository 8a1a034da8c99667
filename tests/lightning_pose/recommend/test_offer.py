"""What a form about a training is told of a project."""

import pytest

from lightning_pose.config.architectures import BACKBONES
from lightning_pose.config.compatibility import LOSSES, MODEL_TYPES
from lightning_pose.recommend.facts import Facts
from lightning_pose.recommend.machine import Gpu, Machine
from lightning_pose.recommend.offer import MODELS, WHAT, offer
from lightning_pose.recommend.rules import recommend


def facts_of(views: tuple[str, ...], *, calibrated: bool, videos: bool) -> Facts:
    instants = {"a": 12, "b": 12}
    return Facts(
        folder=None,  # type: ignore[arg-type]
        view_names=views,
        label_files=tuple(f"CollectedData_{view}.csv" for view in views or ("",)),
        keypoint_names=("nose", "tail"),
        swaps=(),
        edges=(),
        instants=instants,
        sizes={view: ((64, 48),) for view in views or ("",)},
        missing={"nose": 0.0, "tail": 0.0},
        occluded=None,
        extent=0.5,
        videos=("a",) if videos else (),
        calibrated=tuple(instants) if calibrated else (),
        notes=(),
    )


def faults(section: list[dict]) -> set[str]:
    return {entry["name"] for entry in section if entry["fault"]}


GEOMETRIC = {"supervised_reprojection_heatmap_mse", "supervised_pairwise_projections", "view_consistency"}
ON_VIDEO = {name for name, needs in LOSSES.items() if needs.video}


@pytest.mark.parametrize(
    ("views", "calibrated", "videos", "impossible"),
    [
        (("left", "right"), True, True, set()),
        (("left", "right"), True, False, ON_VIDEO),
        (("left", "right"), False, True, GEOMETRIC),
        ((), False, True, GEOMETRIC | {"pca_multiview"}),
    ],
)
def test_a_loss_that_a_project_cannot_have_says_why(views, calibrated, videos, impossible):
    facts = facts_of(views, calibrated=calibrated, videos=videos)
    found = offer(facts, Machine(2, 8.0), [], [])
    assert faults(found["losses"]) == impossible
    assert faults(found["model_types"]) == (set() if views else {"heatmap_multiview_transformer"})


def test_everything_that_there_is_has_its_words():
    assert set(WHAT) == set(LOSSES) and set(MODELS) == set(MODEL_TYPES)


def test_the_recommended_values_are_among_what_is_offered():
    facts = facts_of(("left", "right"), calibrated=True, videos=True)
    machine = Machine(2, 8.0, (Gpu("x", 80),))
    choices = recommend(facts, machine, lambda name: False)
    found = offer(facts, machine, choices, ["labels"])
    values = {choice["key"]: choice["value"] for choice in found["choices"] if choice["active"]}
    backbones = {entry["name"]: entry for entry in found["backbones"]}
    chosen = backbones[values["model.backbone"]]
    assert set(backbones) == set(BACKBONES)
    assert values["data.image_resize_dims"]["height"] % chosen["multiple"] == 0
    assert values["model.model_type"] in {entry["name"] for entry in found["model_types"]}
    assert all(choice["reason"] for choice in found["choices"])
    assert found["gpus"] == [{"name": "x", "memory_gib": 80}]
