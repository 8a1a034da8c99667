import pytest
import torch

from lightning_pose.build.network import _Undrawn, build_network, filled_network, start_from
from lightning_pose.core.errors import ModelError


def test_a_checkpoint_of_other_keypoints_gives_its_backbone(config, tmp_path):
    source, target = build_network(config()), config()
    source.temperature.fill_(3.0)
    target.data.keypoint_names = ["a", "b"]
    target.training.rng_seed_model_pt = 5
    torch.save(
        {"state_dict": {f"network.{k}": v for k, v in source.state_dict().items()}}, tmp_path / "last.ckpt"
    )
    network = build_network(target)
    own_logits = network.head.logits.weight.clone()
    with pytest.warns(UserWarning, match=r"other keypoints.* random at first are head\.logits"):
        start_from(network, tmp_path)
    for one, two in zip(network.backbone.parameters(), source.backbone.parameters(), strict=True):
        assert torch.equal(one, two)
    assert torch.equal(network.head.logits.weight, own_logits)
    assert network.temperature == 1  # that of other weights
    other = config()
    other.model.backbone = "resnet34"
    with pytest.raises(ModelError, match="another backbone"):
        start_from(build_network(other), tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelError, match=r"neither .*best.ckpt nor last.ckpt"):
        start_from(network, tmp_path / "empty")


def test_weights_depend_on_the_seed_alone_and_the_global_generator_is_left_as_it_was(config):
    state = torch.random.get_rng_state()
    one, two, other = (build_network(config(rng_seed_model_pt=seed)) for seed in (0, 0, 1))
    assert torch.equal(state, torch.random.get_rng_state())
    first = [next(iter(network.parameters())) for network in (one, two, other)]
    assert torch.equal(first[0], first[1])
    assert not torch.equal(first[0], first[2])


SLOW = [pytest.param(name, marks=pytest.mark.slow) for name in ("convnext_tiny", "vits_dinov3", "vitt_sam2")]


@pytest.mark.parametrize("backbone", ["resnet18", "resnet50", "vitt", *SLOW])
def test_a_network_is_filled_from_a_checkpoint_without_drawing_weights(config, backbone):
    made = config()
    made.model.backbone = backbone
    source = build_network(made).eval()
    for value in source.state_dict().values():
        value.uniform_(0.01, 0.02) if value.is_floating_point() else value.fill_(7)
    state, images = torch.random.get_rng_state(), torch.rand(1, 2, 3, 64, 64)
    torch.random.set_rng_state(state)
    filled = filled_network(made, source.state_dict()).eval()
    assert torch.equal(torch.random.get_rng_state(), state)
    torch.testing.assert_close(filled.state_dict(), source.state_dict(), rtol=0, atol=0)
    torch.testing.assert_close(filled(images)["logits"], source(images)["logits"], rtol=0, atol=0)
    with pytest.raises(RuntimeError, match=r"Missing key.*backbone"):
        filled_network(made, {"temperature": torch.ones(())})


@pytest.mark.parametrize("head", ["heatmap_fpn", "heatmap_cnn"])
def test_gradients_reach_every_weight(config, head):
    made = config()
    made.model.head = head
    network = build_network(made)
    network(torch.randn(1, 2, 3, 64, 64))["logits"].square().sum().backward()
    assert all(p.grad is not None and p.grad.any() for p in network.parameters())


def test_a_layer_that_draws_until_all_lies_within_limits_is_made_at_once_without_drawing():
    weights = torch.full((4,), 9.0)
    with _Undrawn():
        torch.Tensor.normal_(weights)
    assert weights.tolist() == [0.0] * 4
