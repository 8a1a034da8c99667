from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from lightning_pose.core.errors import ModelError
from lightning_pose.models.backbones import ARCHITECTURES, ResNetBackbone, load_weights


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


@pytest.mark.parametrize("name", ["resnet18", "resnet34", "resnet50"])
def test_stride_and_channels_are_as_stated_and_every_weight_gets_a_gradient(name):
    backbone = ResNetBackbone(name)
    pyramid = backbone(torch.randn(2, 3, 64, 96))
    for features, channels, stride in zip(pyramid, backbone.channels, backbone.strides, strict=True):
        assert features.shape == (2, channels, 64 // stride, 96 // stride)
    pyramid[-1].square().sum().backward()
    assert all(p.grad is not None and p.grad.any() for p in backbone.parameters())


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
    backbone = ResNetBackbone("resnet18").eval()
    load_weights(backbone, str(path), "resnet18")
    x = torch.randn(1, 3, 64, 64)
    torch.testing.assert_close(backbone(x)[-1], other(x))


def test_weights_of_transformers_come_from_a_file_or_its_folder(tmp_path: Path):
    source, one, two = (ResNetBackbone("resnet18") for _ in range(3))
    state = {
        f"resnet.{key if key.startswith('embedder') else 'encoder.' + key}": value.clone()
        for key, value in source.state_dict().items()
    }
    save_file(state, tmp_path / "model.safetensors")
    load_weights(one, str(tmp_path), "resnet18")
    load_weights(two, str(tmp_path / "model.safetensors"), "resnet18")
    for key, value in source.state_dict().items():
        assert torch.equal(one.state_dict()[key], value)
        assert torch.equal(two.state_dict()[key], value)


def test_weights_of_another_architecture_are_refused(tmp_path: Path):
    torch.save(ResNetBackbone("resnet18").state_dict(), tmp_path / "small.pt")
    with pytest.raises(ModelError, match=r"not weights of resnet34"):
        load_weights(ResNetBackbone("resnet34"), str(tmp_path / "small.pt"), "resnet34")


def test_a_file_that_would_run_code_is_refused(tmp_path: Path):
    torch.save({"a": ARCHITECTURES["resnet18"], "f": print}, tmp_path / "evil.ckpt")
    with pytest.raises(ModelError, match="read safely"):
        load_weights(ResNetBackbone("resnet18"), str(tmp_path / "evil.ckpt"), "resnet18")


def test_weights_that_cannot_be_had_say_how_to_get_them(monkeypatch: pytest.MonkeyPatch):
    def offline(name: str) -> None:
        raise OSError("no connection")

    monkeypatch.setattr("lightning_pose.models.backbones.ResNetModel.from_pretrained", offline)
    with pytest.raises(ModelError, match=r"(?s)hf download microsoft/resnet-18.*local-dir.*=none"):
        load_weights(ResNetBackbone("resnet18"), "pretrained", "resnet18")
