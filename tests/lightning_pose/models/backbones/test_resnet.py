"""Our ResNet against that of transformers."""

import subprocess
import sys

import pytest
import torch
from transformers import ResNetConfig
from transformers.models.resnet.modeling_resnet import ResNetModel

from lightning_pose.config.architectures import Architecture
from lightning_pose.models.backbones.resnet import STEM, ResNet

# what takes as long to import as torch
PROBE = """
import sys
from lightning_pose.models.backbones import build_backbone
build_backbone("resnet18", (64, 64))
print([name for name in ("transformers", "pytorch_lightning", "pandas", "scipy") if name in sys.modules])
"""


@pytest.fixture(params=["resnet18", "resnet50"])
def architecture(request: pytest.FixtureRequest, small: dict[str, Architecture]) -> Architecture:
    """One of basic blocks and one of bottlenecks."""
    return small[request.param]


def theirs(architecture: Architecture) -> ResNetModel:
    """Return the model of transformers, random."""
    kind = "basic" if architecture.widths[0] == STEM else "bottleneck"
    config = ResNetConfig(
        embedding_size=STEM,
        layer_type=kind,
        depths=list(architecture.depths),
        hidden_sizes=list(architecture.widths),
    )
    return ResNetModel(config)


@pytest.mark.parametrize("training", [True, False])
def test_it_computes_what_transformers_does_gradients_too(architecture, training):
    torch.manual_seed(0)
    reference, own = theirs(architecture).train(training), ResNet(architecture).train(training)
    own.load_state_dict({key.removeprefix("encoder."): v for key, v in reference.state_dict().items()})
    images = torch.randn(2, 3, 64, 96)
    expected = reference(images, output_hidden_states=True).hidden_states[1:]
    maps = own(images)
    assert len(maps) == 4
    for found, wanted in zip(maps, expected, strict=True):
        torch.testing.assert_close(found, wanted)
    maps[-1].square().mean().backward()
    expected[-1].square().mean().backward()
    gradients = dict(reference.named_parameters())
    for name, parameter in own.named_parameters():
        wanted = gradients[name if name.startswith("embedder") else f"encoder.{name}"].grad
        torch.testing.assert_close(parameter.grad, wanted, rtol=1e-3, atol=1e-6)
    statistics = {key.removeprefix("encoder."): v for key, v in reference.state_dict().items()}
    torch.testing.assert_close(dict(own.state_dict()), statistics)


def test_weights_are_drawn_as_widely_as_those_of_transformers(architecture):
    reference = {
        key.removeprefix("encoder."): value for key, value in theirs(architecture).state_dict().items()
    }
    for name, value in ResNet(architecture).state_dict().items():
        if value.ndim == 4:
            assert value.std().item() == pytest.approx(reference[name].std().item(), rel=0.1)
            assert abs(value.mean().item()) < 0.1 * value.std().item()
        else:
            torch.testing.assert_close(value, reference[name])


def test_a_resnet_is_built_without_transformers():
    done = subprocess.run([sys.executable, "-c", PROBE], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
