"""Multi-camera pose estimation: label, train, predict; importing this package costs nothing."""
