import pytest

from lightning_pose.config.architectures import BACKBONES


@pytest.mark.parametrize(("name", "architecture"), BACKBONES.items())
def test_the_heads_of_every_stage_divide_its_channels(name, architecture):
    if architecture.heads:
        per_head = {
            width / (architecture.heads * 2**stage) for stage, width in enumerate(architecture.widths)
        }
        assert per_head in ({64}, {96}, {56})  # ViT, SAM 2, SAM 2 B+


@pytest.mark.parametrize(("name", "architecture"), BACKBONES.items())
def test_there_is_a_stage_for_every_map_and_a_way_to_weights(name, architecture):
    assert len(architecture.depths) == len(architecture.widths) == len(architecture.strides)
    assert architecture.multiple == max(architecture.strides)
    assert (architecture.hub_name is not None) + bool(architecture.origin) == (name != "vitt")


def test_those_of_openmmlab_are_a_resnet50():
    others = [held for held in BACKBONES.values() if held.origin]
    assert len(others) == 6
    assert {held._replace(origin="") for held in others} == {BACKBONES["resnet50"]._replace(hub_name=None)}


def test_names_of_lightning_pose_are_there():
    named = {f"resnet{depth}" for depth in (18, 34, 50, 101, 152)}
    named |= {f"resnet50_{data}" for data in ("animal_apose", "animal_ap10k", "human_jhmdb", "human_hand")}
    named |= {"resnet50_human_res_rle", "resnet50_human_top_res", "vitb_imagenet"}
    named |= {f"vit{size}_dino{version}" for size in "sb" for version in ("", "v2", "v3")}
    named |= {f"vit{size}_sam2" for size in "tsb"}
    assert named <= BACKBONES.keys()
