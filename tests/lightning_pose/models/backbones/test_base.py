import torch

from lightning_pose.models.backbones import Tokens


def test_joined_sequences_keep_the_order_of_their_images():
    special, patches = torch.arange(8.0).reshape(4, 2, 1), torch.arange(24.0).reshape(4, 6, 1)
    joined = Tokens(special, patches, (2, 3)).join(2)
    assert joined.n_images == 2
    torch.testing.assert_close(joined.patches[1, :, 0], torch.arange(12.0, 24.0))
    torch.testing.assert_close(joined.special[0, :, 0], torch.arange(4.0))
