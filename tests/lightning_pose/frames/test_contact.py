"""The contact sheet shows the frames that it names."""

import cv2
import numpy as np
import pytest

from lightning_pose.core.errors import DataError
from lightning_pose.core.sessions import check_session
from lightning_pose.frames.contact import GAP, HEAD, WIDTH, write_contact_sheet

from .conftest import level_of


@pytest.mark.parametrize("views", [("left", "right"), ()])
def test_every_cell_shows_its_frame(filmed, tmp_path, views):
    project = filmed(views)
    session = check_session("s1", project.videos()["s1"], project.views)
    frames = [5, 20, 35, 50]
    write_contact_sheet(tmp_path / "sheet.jpg", session, frames)
    sheet = cv2.imread(str(tmp_path / "sheet.jpg"))
    assert sheet is not None
    height, across = WIDTH * 48 // 64, 1 if views else 4
    assert sheet.shape[1] == (len(views) or 4) * (WIDTH + GAP) + GAP
    for place, frame in enumerate(frames):
        line, part = divmod(place, across)
        for column in range(len(views) or 1):
            x, y = GAP + (column + part) * (WIDTH + GAP), GAP + line * (HEAD + height + GAP) + HEAD
            stripe = sheet[y + 5 : y + 35, x + 5 : x + WIDTH - 5]
            np.testing.assert_allclose(stripe.mean(), level_of(frame), atol=1.5)


def test_nothing_to_show_is_said(filmed, tmp_path):
    project = filmed()
    session = check_session("s1", project.videos()["s1"], project.views)
    with pytest.raises(DataError, match="no frame was chosen"):
        write_contact_sheet(tmp_path / "sheet.jpg", session, [])
    with pytest.raises(DataError, match="expected the name of a JPEG"):
        write_contact_sheet(tmp_path / "sheet.gif", session, [3])
