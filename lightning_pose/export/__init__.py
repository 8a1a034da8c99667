"""A trained network as one file that other programs run: bytes of images in, keypoints out."""
