import copy

import numpy as np
import pytest
import torch
from torch import nn

from lightning_pose.tasks.averaging import WeightAverage


def set_to(network: nn.Module, value: float) -> None:
    for tensor in network.state_dict().values():
        tensor.fill_(value)


def test_the_mean_is_the_weighted_sum_of_all_weights_that_were():
    """m_N = sum_n w_n (1 - d_n) prod_{k > n} d_k, and the first weights with what is left."""
    network, average, decay = nn.Linear(2, 2), WeightAverage(0.6), 0.6
    weights = [3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0, 5.0, 3.0]
    for weight in weights:
        set_to(network, weight)
        average.update(network)
    d = np.minimum(decay, (1 + np.arange(10)) / (10 + np.arange(10)))
    shares = (1 - d) * np.append(np.cumprod(d[::-1])[::-1][1:], 1)
    expected = shares @ weights + np.prod(d) * weights[0]
    assert average.mean["weight"][0, 0].item() == pytest.approx(expected, rel=1e-6)


def test_constant_weights_have_themselves_as_mean_and_counts_are_copied():
    network, average = nn.BatchNorm1d(3), WeightAverage(0.99)
    network.running_mean.fill_(2.0)
    for n in range(5):
        network.num_batches_tracked.fill_(n)
        average.update(network)
    assert torch.equal(average.mean["running_mean"], torch.full((3,), 2.0))
    assert average.mean["num_batches_tracked"] == 4


def test_a_network_has_the_mean_for_a_while_and_its_own_weights_again_even_after_an_error():
    network, average = nn.Linear(2, 2), WeightAverage(0.5)
    for weight in (0.0, 8.0):
        set_to(network, weight)
        average.update(network)
    with pytest.raises(ValueError, match="inside"), average.applied(network):
        assert 0 < network.weight.mean() < 8
        raise ValueError("inside")
    assert (network.weight == 8).all()


def test_a_resumed_mean_goes_on_as_if_nothing_had_been():
    network, straight, first = nn.Linear(2, 2), WeightAverage(0.9), WeightAverage(0.9)
    for step in range(6):
        set_to(network, float(step))
        straight.update(network)
        first.update(network)
        if step == 2:
            second = WeightAverage(0.9)
            second.load_state_dict(copy.deepcopy(first.state_dict()))
            first = second
    assert torch.equal(straight.mean["weight"], first.mean["weight"])
