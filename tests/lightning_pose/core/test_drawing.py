"""What is drawn is measured in the pixels: where it lies, and how opaque it is."""

import numpy as np
import pytest

from lightning_pose.core.drawing import (
    LEVEL_95,
    default_radius,
    draw_skeleton,
    draw_text,
    fixed,
    mosaic,
    mosaic_tile,
)
from lightning_pose.core.skeletons import Skeleton

DOT = Skeleton(("a",), colors=("#ff0000",))
LINE = Skeleton(("a", "b"), ((0, 1),), colors=("#ff0000", "#ff0000"))


def ground(height: int = 80, width: int = 100, grey: int = 100) -> np.ndarray:
    return np.full((height, width, 3), grey, np.uint8)


def centroid(weights: np.ndarray) -> np.ndarray:
    y, x = np.mgrid[: weights.shape[0], : weights.shape[1]]
    return np.array([(x * weights).sum(), (y * weights).sum()]) / weights.sum()


@pytest.mark.parametrize("place", [(40.0, 30.0), (41.25, 30.5), (40.5, 29.75)])
def test_a_dot_lies_where_the_point_is_to_a_fraction_of_a_pixel(place: tuple[float, float]) -> None:
    drawn = draw_skeleton(ground(), np.array([place]), DOT, radius=4.0)
    red = drawn[..., 0].astype(float) - 100
    np.testing.assert_allclose(centroid(red), place, atol=0.08)
    assert red.sum() / 155 == pytest.approx(np.pi * 4**2, rel=0.08)


@pytest.mark.parametrize("confidence", [1.0, 0.5, 0.1])
def test_confidence_is_opacity(confidence: float) -> None:
    frame = ground(grey=100)
    drawn = draw_skeleton(frame, np.array([[40.0, 30.0]]), DOT, np.array([confidence]), radius=5.0)
    expected = 100 + confidence * (np.array([255, 0, 0]) - 100)
    np.testing.assert_allclose(drawn[30, 40], expected, atol=1)
    assert (frame == 100).all()  # the frame given is left as it was


def test_a_line_is_as_opaque_as_its_fainter_end() -> None:
    points, confidence = np.array([[10.0, 40.0], [90.0, 40.0]]), np.array([0.4, 0.8])
    drawn = draw_skeleton(ground(), points, LINE, confidence, radius=5.0)
    np.testing.assert_allclose(drawn[40, 50], 100 + 0.4 * (np.array([255, 0, 0]) - 100), atol=1)


@pytest.mark.parametrize("gone", [[np.nan, 30.0], [-500.0, 30.0], [1e12, 5.0], [np.inf, 0.0]])
def test_missing_points_and_points_far_outside_draw_nothing(gone: list[float]) -> None:
    drawn = draw_skeleton(ground(), np.array([gone]), DOT)
    assert (drawn == 100).all()
    both = draw_skeleton(ground(), np.array([gone, [50.0, 40.0]]), LINE, np.array([1.0, np.nan]))
    assert (both == 100).all()


def test_a_point_at_the_edge_is_cut_off_by_the_frame() -> None:
    drawn = draw_skeleton(ground(), np.array([[99.0, -1.0]]), DOT, radius=4.0)
    assert drawn[0, 99, 0] == 255
    assert (drawn[10:, :90] == 100).all()


def test_text_is_bright_on_dark_and_leaves_the_rest() -> None:
    drawn = draw_text(ground(200, 300), "cam1  7/300")
    assert drawn[:40, :200].max() == 255
    assert drawn[0, 0, 0] == 33
    assert (drawn[60:] == 100).all() and (drawn[:, 250:] == 100).all()


def test_a_mosaic_keeps_proportions_and_centres_each_view_in_its_tile() -> None:
    wide, tall = ground(20, 40, grey=50), ground(40, 20, grey=200)
    whole = mosaic([wide, tall, wide], (40, 40), columns=2)
    assert whole.shape == (80, 80, 3)
    assert (whole[10:30, :40] == 50).all() and (whole[:10, :40] == 0).all()
    assert (whole[:40, 50:70] == 200).all() and (whole[:40, 40:50] == 0).all()
    assert (whole[50:70, :40] == 50).all() and (whole[40:, 40:] == 0).all()


def test_tiles_are_even_and_no_mosaic_is_wider_than_a_screen() -> None:
    assert mosaic_tile(np.array([[101, 75], [90, 81]]), columns=2) == (102, 82)
    assert mosaic_tile(np.array([[1280, 1024]]), columns=3) == (640, 512)


def test_an_ellipse_holds_95_percent_of_normal_errors(rng: np.random.Generator) -> None:
    deviation, center = np.array([30.0, 12.0]), np.array([149.5, 100.25])
    drawn = draw_skeleton(ground(200, 300, 0), center[None], DOT, radius=2.0, deviation=deviation[None])[
        ..., 0
    ]
    y, x = np.nonzero(drawn > 30)  # half of what fills it: without the soft edge
    spans = np.array([np.ptp(x) + 1, np.ptp(y) + 1])
    np.testing.assert_allclose(spans, 2 * LEVEL_95 * deviation + 1, atol=3)
    np.testing.assert_allclose([x.mean(), y.mean()], center, atol=0.3)
    errors = np.rint(center + rng.normal(size=(20_000, 2)) * deviation).astype(int)
    assert (drawn[errors[:, 1], errors[:, 0]] > 0).mean() == pytest.approx(0.95, abs=0.01)
    unknown = draw_skeleton(ground(), np.array([[40.0, 30.0]]), DOT, deviation=np.full((1, 2), np.nan))
    np.testing.assert_array_equal(unknown, draw_skeleton(ground(), np.array([[40.0, 30.0]]), DOT))


def test_a_trail_fades_with_age_and_has_gaps_where_the_point_was_missing() -> None:
    x = np.arange(10.0, 90.0, 10)
    trail = np.stack([x, np.full(8, 40.0)], axis=-1)[:, None]
    trail[3] = np.nan
    drawn = draw_skeleton(ground(), np.array([[90.0, 40.0]]), DOT, radius=5.0, trail=trail)
    red = drawn[40, :, 0].astype(int)
    assert 100 < red[15] < red[25] < red[55] < red[65] < red[75]
    assert (red[34:46] == 100).all()
    assert drawn[40, 90, 0] == 255
    hidden = draw_skeleton(ground(), np.array([[np.nan, 40.0]]), DOT, trail=trail)
    assert hidden[40, 75, 0] > 100 and hidden[40, 85, 0] == 100


def test_drawing_in_place_changes_the_frame_itself() -> None:
    frame = ground()
    assert draw_skeleton(frame, np.array([[40.0, 30.0]]), DOT, copy=False) is frame
    assert draw_text(frame, "3", copy=False) is frame
    assert (frame[30, 40] == [255, 0, 0]).all() and frame[0, 0, 0] == 33


def test_points_grow_with_the_frame() -> None:
    assert default_radius((100, 100)) == 2
    assert default_radius((1000, 2000)) == 8
    assert fixed(np.array([[1.0, 2.5]])) == [[16, 40]]
