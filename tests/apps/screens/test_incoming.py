"""What another program changed, in words."""

from apps.labels import CellDifference, Difference
from apps.screens.incoming import counts_of, describe, row_of


def test_counts_are_words():
    cell = CellDifference("f", "top", "nose", (1, 2, 2), (1, 2, 2), (3, 4, 2), False)
    assert counts_of(Difference({}, [cell], [], [], [])) == "1 label."
    both = Difference({}, [cell, cell], [{"top": "a.png"}], ["f", "g"], [])
    assert counts_of(both) == "2 labels, 1 further frame, 2 removed frames."
    assert counts_of(Difference({}, [], [], [], ["a fault"])) == ""


def test_a_label_says_its_place_and_state():
    assert describe((1.25, 2, 2)) == "1.2, 2.0"
    assert describe((1.25, 2, 1)) == "1.2, 2.0 (occluded)"
    assert describe((None, None, 0)) == "not labeled"


def test_a_line_tells_the_three_values_apart():
    cell = CellDifference("f", "top", "nose", (1, 2, 2), (5, 6, 2), (None, None, 0), True)
    assert row_of(cell) == {
        "view": "top", "keypoint": "nose", "before": "1.0, 2.0", "here": "5.0, 6.0",
        "in the file": "not labeled", "both changed": "yes",
    }  # fmt: skip
