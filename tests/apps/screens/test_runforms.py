"""Words of the forms; what they start is tested on the page."""

import argparse
from pathlib import Path

from apps.screens.runforms import called, chains_of, counted
from eks.verbs import multicam
from lightning_pose.core.skeletons import skeleton_from_names
from lightning_pose.projects.status import Model


def test_the_lines_of_a_skeleton_are_bones_that_eks_reads():
    skeleton = skeleton_from_names(("nose", "neck", "tail"), [("nose", "neck"), ("neck", "tail")])
    parser = argparse.ArgumentParser()
    multicam.register(parser)
    read = parser.parse_args(["--skeleton", chains_of(skeleton)]).skeleton
    assert {tuple(chain) for chain in read} == {("nose", "neck"), ("neck", "tail")}


def test_ensembles_say_how_many_they_are():
    model = Model(Path("m"), "models/m", ("",), None, None)
    assert called(model) == "models/m"
    assert called(model._replace(members=("rng=0", "rng=1"))) == "models/m · 2 networks"
    assert [counted(number) for number in (0, 1, 2)] == ["0 sessions", "1 session", "2 sessions"]
