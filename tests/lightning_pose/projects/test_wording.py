"""Names and pairs as they are typed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightning_pose.core.errors import DataError
from lightning_pose.projects.wording import names_in, pairs_in

NAME = st.text("abcdefg_0123", min_size=1, max_size=6)


@pytest.mark.parametrize("text", ["nose, ear left,tail", "nose\near left\n\ntail\n", "nose;ear left ; tail,"])
def test_names_stand_on_lines_or_between_commas(text):
    assert names_in(text) == ("nose", "ear left", "tail")


def test_nothing_typed_is_no_name():
    assert names_in(" \n , ") == () and pairs_in("", ("a", "b")) == []


@given(st.lists(NAME, min_size=2, unique=True), st.data(), st.sampled_from(["-", " - ", " ", "- "]))
def test_pairs_that_are_written_are_read(names, data, between):
    place = st.integers(0, len(names) - 1)
    chosen = data.draw(st.lists(st.tuples(place, place).filter(lambda pair: pair[0] != pair[1])))
    pairs = [(names[a], names[b]) for a, b in chosen]
    assert pairs_in("\n".join(between.join(pair) for pair in pairs), names) == pairs


def test_the_known_names_decide_where_a_line_is_cut():
    names = ("mid-back", "tail-base", "ear left")
    assert pairs_in("mid-back-tail-base\near left - mid-back", names) == [
        ("mid-back", "tail-base"),
        ("ear left", "mid-back"),
    ]


@pytest.mark.parametrize("line", ["nose", "nose - toes", "nose - nose", "nose tail ear", "- tail"])
def test_a_line_that_is_no_pair_is_named(line):
    with pytest.raises(DataError, match="expected two of the keypoints") as caught:
        pairs_in(f"nose - tail\n{line}", ("nose", "tail", "ear"))
    assert f"'{line}'" in str(caught.value)


def test_a_line_that_can_be_cut_in_two_ways_is_not_guessed():
    with pytest.raises(DataError):
        pairs_in("a-b-c", ("a", "b-c", "a-b", "c"))
