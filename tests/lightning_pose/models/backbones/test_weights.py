from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from transformers import ConvNextConfig
from transformers.models.convnext.modeling_convnext import ConvNextModel
from transformers.models.sam2.configuration_sam2 import Sam2HieraDetConfig, Sam2VisionConfig
from transformers.models.sam2.modeling_sam2 import Sam2VisionModel
from transformers.utils import cached_file

from lightning_pose.config.architectures import BACKBONES
from lightning_pose.core.errors import ModelError
from lightning_pose.models.backbones import Backbone, build, load_weights

from .conftest import SMALL


class TorchvisionBlock(nn.Module):
    """torchvision's BasicBlock, written from its paper and its names of tensors."""

    def __init__(self, width_in: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(width_in, width, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample = None
        if stride > 1 or width_in != width:
            self.downsample = nn.Sequential(
                nn.Conv2d(width_in, width, 1, stride, bias=False), nn.BatchNorm2d(width)
            )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(x)))))
        return torch.relu(y + (x if self.downsample is None else self.downsample(x)))


class TorchvisionResNet18(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64)
        widths = [64, 64, 128, 256, 512]
        for stage in range(1, 5):
            stride = 1 if stage == 1 else 2
            first = TorchvisionBlock(widths[stage - 1], widths[stage], stride)
            layer = nn.Sequential(first, TorchvisionBlock(widths[stage], widths[stage], 1))
            setattr(self, f"layer{stage}", layer)
        self.fc = nn.Linear(512, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = nn.functional.max_pool2d(torch.relu(self.bn1(self.conv1(x))), 3, 2, 1)
        for stage in range(1, 5):
            x = getattr(self, f"layer{stage}")(x)
        return x


def full(name: str) -> Backbone:
    """Return a backbone in evaluation mode."""
    return build(BACKBONES[name]).eval()


def shaken(module: nn.Module) -> nn.Module:
    """Return a module with weights that are all different, none zero or one."""
    for tensor in module.state_dict().values():
        if tensor.is_floating_point():
            nn.init.uniform_(tensor, 0.1, 0.2)
    return module.eval()


@pytest.mark.parametrize("prefix", ["", "backbone.", "state_dict.module."])
def test_torchvision_weights_give_torchvisions_features(tmp_path: Path, prefix):
    other = TorchvisionResNet18().eval()
    for module in other.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.running_mean)
            nn.init.uniform_(module.running_var, 0.5, 2)
            nn.init.normal_(module.bias)
    path = tmp_path / "weights.pth"
    torch.save({prefix + key: value for key, value in other.state_dict().items()}, path)
    backbone = full("resnet18")
    load_weights(backbone, str(path), "resnet18")
    x = torch.randn(1, 3, 64, 64)
    torch.testing.assert_close(backbone(x)[-1], other(x))


def test_weights_of_transformers_come_from_a_file_or_its_folder(small, tmp_path: Path):
    source, one, two = (full("resnet50") for _ in range(3))
    state = {
        f"resnet.{key if key.startswith('embedder') else 'encoder.' + key}": value.clone()
        for key, value in source.state_dict().items()
    }
    save_file(state, tmp_path / "model.safetensors")
    load_weights(one, str(tmp_path), "resnet50")
    load_weights(two, str(tmp_path / "model.safetensors"), "resnet50")
    for key, value in source.state_dict().items():
        assert torch.equal(one.state_dict()[key], value)
        assert torch.equal(two.state_dict()[key], value)


def test_convnext_computes_what_transformers_does(small, tmp_path: Path):
    config = ConvNextConfig(depths=[1, 2, 1, 1], hidden_sizes=[8, 16, 24, 32], layer_scale_init_value=0.5)
    model = ConvNextModel(config).eval()
    model.save_pretrained(tmp_path)
    backbone, images = full("convnext_tiny"), torch.randn(1, 3, 64, 96)
    load_weights(backbone, str(tmp_path), "convnext_tiny")
    with torch.inference_mode():
        expected = model(images, output_hidden_states=True).last_hidden_state
        torch.testing.assert_close(backbone(images)[-1], expected)


def sam2() -> Sam2VisionModel:
    """Return the small image encoder of transformers with its neck."""
    trunk = Sam2HieraDetConfig(
        hidden_size=8,
        blocks_per_stage=[1, 2, 2, 1],
        embed_dim_per_stage=[8, 16, 32, 64],
        global_attention_blocks=[4],
    )
    model = Sam2VisionModel(Sam2VisionConfig(backbone_config=trunk, backbone_channel_list=[64, 32, 16, 8]))
    assert isinstance(shaken(model), Sam2VisionModel)
    return model


def metas_name(key: str) -> str:
    """Return what Meta's own checkpoints call a tensor of the trunk."""
    for ours, theirs in {
        "backbone.": "image_encoder.trunk.",
        "projection": "proj",
        "layer_norm": "norm",
        "proj_in": "layers.0",
        "proj_out": "layers.1",
    }.items():
        key = key.replace(ours, theirs)
    return key


def from_meta(model: nn.Module, folder: Path) -> Path:
    """Save a model as Meta publishes it; return the file."""
    state = {metas_name(key): value for key, value in model.state_dict().items()}
    torch.save({"model": state}, folder / "sam2.pt")
    return folder / "sam2.pt"


def from_transformers(model: nn.Module, folder: Path) -> Path:
    """Save a model as transformers does; return the folder."""
    model.save_pretrained(folder)
    return folder


@pytest.mark.parametrize("save", [from_transformers, from_meta])
def test_hiera_computes_what_the_trunk_of_sam2_does(small, tmp_path: Path, save: Callable):
    model, images = sam2(), torch.randn(1, 3, 96, 160)
    backbone = full("vitt_sam2")
    load_weights(backbone, str(save(model, tmp_path)), "vitt_sam2")
    with torch.inference_mode():
        expected = model.backbone(images).intermediate_hidden_states
        for found, features in zip(backbone(images), expected, strict=True):
            torch.testing.assert_close(found, features.permute(0, 3, 1, 2))


def test_a_checkpoint_of_ours_gives_its_backbone(small, transformer, tmp_path: Path):
    source, backbone = shaken(full(transformer)), full(transformer)
    state = {f"network.backbone.{key}": value for key, value in source.state_dict().items()}
    torch.save({"state_dict": state | {"network.head.weight": torch.ones(3)}}, tmp_path / "last.ckpt")
    load_weights(backbone, str(tmp_path / "last.ckpt"), transformer)
    for key, value in source.state_dict().items():
        assert torch.equal(backbone.state_dict()[key], value)


@pytest.mark.parametrize(
    ("held", "wanted"), [("resnet18", "resnet34"), ("vits_dino", "vits_dinov3"), ("vits_dinov2", "vitt")]
)
def test_weights_of_another_architecture_are_refused(tmp_path: Path, held, wanted):
    torch.save(full(held).state_dict(), tmp_path / "other.pt")
    with pytest.raises(ModelError, match=rf"not weights of {wanted}: \d+ faults"):
        load_weights(full(wanted), str(tmp_path / "other.pt"), wanted)


def test_a_file_that_would_run_code_is_refused(small, tmp_path: Path):
    torch.save({"a": BACKBONES["resnet18"], "f": print}, tmp_path / "evil.ckpt")
    with pytest.raises(ModelError, match="read safely"):
        load_weights(full("resnet18"), str(tmp_path / "evil.ckpt"), "resnet18")


def test_a_folder_without_weights_says_which_file_it_lacks(small, tmp_path: Path):
    with pytest.raises(ModelError, match=r"expected model\.safetensors or pytorch_model\.bin in this folder"):
        load_weights(full("resnet18"), str(tmp_path), "resnet18")


def no_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every reach for the hub fail."""

    def offline(name: str, file: str, **options: object) -> None:
        raise OSError("no connection")

    monkeypatch.setattr("transformers.utils.cached_file", offline)


@pytest.mark.parametrize("name", [name for name, held in BACKBONES.items() if held.hub_name])
def test_weights_that_cannot_be_had_say_how_to_get_them(monkeypatch: pytest.MonkeyPatch, name):
    no_hub(monkeypatch)
    message = rf"hf download {BACKBONES[name].hub_name}`.*local-dir.*=none"
    with pytest.raises(ModelError, match=message) as caught:
        load_weights(build(SMALL["vitt"]), "pretrained", name)
    assert ("hf auth login" in str(caught.value)) == ("dinov3" in name)


@pytest.mark.parametrize(
    ("name", "why"), [("resnet50_animal_ap10k", "OpenMMLab's .* AP-10K"), ("vitt", "nobody has published")]
)
def test_weights_that_no_hub_has_say_where_they_come_from(name, why):
    with pytest.raises(ModelError, match=rf"model\.backbone_weights: {why}"):
        load_weights(build(SMALL["vitt"]), "pretrained", name)


def test_weights_on_the_hub_come_from_its_cache(small, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    source, backbone = full("vits_dino"), full("vits_dino")
    model = tmp_path / "models--facebook--dino-vits16"
    (model / "snapshots" / "c0ffee").mkdir(parents=True)
    (model / "refs").mkdir()
    (model / "refs" / "main").write_text("c0ffee")
    torch.save(source.state_dict(), model / "snapshots" / "c0ffee" / "pytorch_model.bin")
    offline = partial(cached_file, cache_dir=str(tmp_path), local_files_only=True)
    monkeypatch.setattr("transformers.utils.cached_file", offline)
    load_weights(backbone, "pretrained", "vits_dino")
    assert torch.equal(backbone.cls_token, source.cls_token)
