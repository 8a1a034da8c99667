"""Bars are as long as their numbers, and names out of files stay names."""

import re

from apps.screens.bars import bars_html


def test_the_longest_bar_fills_the_track_and_the_others_are_their_share():
    html = bars_html({"nose": 40, "tail": 10, "paw": 0}, ["tail"])
    assert re.findall(r"width:([\d.]+)%", html) == ["100.0", "25.0", "0.0"]
    assert html.count("fill few") == 1


def test_without_any_label_there_is_no_division():
    assert "width:0.0%" in bars_html({"nose": 0})
    assert bars_html({}).count("track") == 0


def test_a_name_that_is_markup_is_shown_letter_for_letter():
    html = bars_html({'<img src=x onerror="alert(1)">': 1})
    assert "<img" not in html
    assert "&lt;img" in html
    assert 'onerror="' not in html
