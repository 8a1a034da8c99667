"""The rules: what they give for projects and machines of known kind, and that every key exists."""

import dataclasses
from pathlib import Path

import pytest

from lightning_pose.config.bind import bind
from lightning_pose.config.schema import Config
from lightning_pose.recommend.facts import Facts
from lightning_pose.recommend.machine import Gpu, Machine
from lightning_pose.recommend.rules import Choice, image_size, recommend, training_length

CPU = Machine(2, 8.0)
GPU = Machine(16, 128.0, (Gpu("Card", 24.0),))


def facts(**changes) -> Facts:
    """Return a project of one view, 100 labels of 512 x 512 images."""
    plain = Facts(
        folder=Path("project"), view_names=(), label_files=("CollectedData.csv",),
        keypoint_names=("nose", "paw_left", "paw_right"), swaps=(("paw_left", "paw_right"),), edges=(),
        instants={"s0": 100}, sizes={"": ((512, 512),)},
        missing={"nose": 0.0, "paw_left": 0.0, "paw_right": 0.0}, occluded=None, extent=0.5,
        videos=("s0",), calibrated=(), notes=(),
    )  # fmt: skip
    return plain._replace(**changes)


def four_views(**changes) -> Facts:
    """Return a calibrated project of four views."""
    views = ("a", "b", "c", "d")
    files = tuple(f"CollectedData_{view}.csv" for view in views)
    sizes = {view: ((512, 512),) for view in views}
    return facts(
        **{"view_names": views, "label_files": files, "sizes": sizes, "calibrated": ("s0",), **changes}
    )


def without_weights(name: str | None) -> bool:
    return False


def values(choices: list[Choice], active: bool = True) -> dict:
    return {choice.key: choice.value for choice in choices if choice.active is active}


@pytest.mark.parametrize("machine", [CPU, GPU], ids=["cpu", "gpu"])
@pytest.mark.parametrize("project", [facts(), four_views()], ids=["one view", "four views"])
def test_every_key_is_one_of_the_schema_with_a_value_of_its_type(project, machine):
    for pretrained in (True, False):
        for choice in recommend(project, machine, lambda name, at_hand=pretrained: at_hand):
            data = choice.value
            for part in reversed(choice.key.split(".")):
                data = {part: data}
            assert bind(Config, data).faults == [], choice
            assert choice.reason


def test_no_key_is_given_twice():
    for active in (True, False):
        keys = [choice.key for choice in recommend(four_views(), GPU) if choice.active is active]
        assert len(keys) == len(set(keys))


def test_a_cpu_trains_a_small_network_from_scratch_with_our_head_and_loss():
    chosen = values(recommend(facts(), CPU, without_weights))
    assert (chosen["model.backbone"], chosen["model.backbone_weights"]) == ("resnet18", "none")
    assert (chosen["model.head"], chosen["model.heatmap_loss_type"]) == ("heatmap_fpn", "ce")
    assert (chosen["training.optimizer"], chosen["training.lr_scheduler"]) == ("AdamW", "onecycle")


def test_a_gpu_and_weights_at_hand_allow_a_larger_network():
    assert values(recommend(facts(), GPU, without_weights))["model.backbone"] == "resnet34"
    chosen = values(recommend(facts(), GPU, lambda name: name == "microsoft/resnet-50"))
    assert (chosen["model.backbone"], chosen["model.backbone_weights"]) == ("resnet50", "pretrained")
    assert 0 < chosen["training.unfreezing_step"] < chosen["training.max_steps"]


@pytest.mark.parametrize("machine", [CPU, GPU], ids=["cpu", "gpu"])
def test_more_labels_never_mean_fewer_steps_and_there_are_bounds(machine):
    lengths = [training_length(facts(instants={"s": n}), machine)[0] for n in (2, 50, 100, 500, 5000, 10**6)]
    assert lengths == sorted(lengths)
    assert lengths[0] == 1200 and lengths[-1] in (6000, 20000)


def test_more_views_mean_fewer_instants_in_a_step():
    assert [training_length(facts(view_names=("v",) * n), CPU)[1] for n in (0, 2, 4, 6)] == [16, 8, 4, 4]


@pytest.mark.parametrize("size", [(1280, 1024), (512, 512), (540, 960), (3000, 500)])
def test_the_network_sees_the_shape_of_the_images_at_the_area_of_256_squared(size):
    height, width, _ = image_size(facts(sizes={"": (size,)}), CPU)
    assert height % 32 == width % 32 == 0
    assert width / height == pytest.approx(size[0] / size[1], rel=0.25)
    assert height * width == pytest.approx(256**2, rel=0.2)


def test_images_are_never_enlarged_beyond_rounding():
    assert image_size(facts(sizes={"": ((128, 96),)}), CPU)[:2] == (96, 128)


def test_a_small_animal_gets_more_pixels_where_a_gpu_carries_them():
    small = facts(extent=0.1, sizes={"": ((1024, 1024),)})
    assert image_size(small, GPU)[:2] == (384, 384)
    assert image_size(small, CPU)[:2] == (256, 256)
    assert "10%" in image_size(small, CPU)[2]


def test_mirroring_is_spoken_of_only_where_there_are_sides():
    choice = next(c for c in recommend(four_views(), CPU) if c.key == "training.imgaug_hflip")
    assert choice.value is False and "all views" in choice.reason and "paw_left - paw_right" in choice.reason
    assert "training.imgaug_hflip" not in values(recommend(facts(swaps=()), CPU))


def test_geometry_is_suggested_only_where_every_session_is_calibrated():
    keys = {"training.reproject_labels", "training.imgaug_3d"}
    assert keys <= values(recommend(four_views(), CPU), active=False).keys()
    half = four_views(instants={"s0": 5, "s1": 5}, calibrated=("s0",))
    assert not keys & values(recommend(half, CPU), active=False).keys()
    assert not keys & values(recommend(facts(calibrated=("s0",)), CPU), active=False).keys()


def test_losses_on_videos_are_suggested_where_there_are_videos_and_never_switched_on():
    with_videos = recommend(facts(), CPU)
    assert values(with_videos, active=False)["model.losses_to_use"] == ["temporal", "pca_singleview"]
    assert not {key for key in values(with_videos) if key.startswith(("losses", "model.losses"))}
    cameras = values(recommend(four_views(), CPU), active=False)
    assert cameras["model.losses_to_use"] == ["temporal", "view_consistency"]
    assert cameras["losses.view_consistency.log_weight"] == 1.0
    uncalibrated = values(recommend(four_views(calibrated=()), CPU), active=False)
    assert uncalibrated["model.losses_to_use"] == ["temporal"]
    assert "model.losses_to_use" not in values(recommend(facts(videos=()), CPU), active=False)


def test_a_keypoint_that_is_rarely_labeled_is_named():
    rare = facts(missing={"nose": 0.0, "paw_left": 0.8, "paw_right": 1.0})
    assert values(recommend(rare, CPU), active=False)["training.keypoint_weights"] == {"paw_left": 2.0}


def test_the_cache_grows_only_where_images_need_it_and_memory_has_room():
    many = four_views(instants={"s0": 20000})
    assert values(recommend(many, GPU))["training.cache_gib"] > 14
    assert "training.cache_gib" not in values(recommend(many, CPU))
    assert "training.cache_gib" not in values(recommend(four_views(), GPU))


def test_suggestions_and_choices_cover_only_known_sections():
    sections = {field.name for field in dataclasses.fields(Config)}
    assert {choice.key.split(".")[0] for choice in recommend(four_views(), GPU)} <= sections
