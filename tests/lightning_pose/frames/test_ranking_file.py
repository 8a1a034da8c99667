"""A ranking on disk is the ranking that was made, until what it was made from changes."""

import dataclasses
import os

import pytest

from lightning_pose.core.errors import DataError
from lightning_pose.core.skeletons import Skeleton
from lightning_pose.frames import ranking_file
from lightning_pose.frames.files import find_files
from lightning_pose.frames.ranking import judge, pick
from lightning_pose.frames.ranking_file import identify, rank_session, read_ranking
from lightning_pose.synthetic.animal import SKELETON
from lightning_pose.synthetic.ensemble import NoiseModel

from .conftest import SESSION


@pytest.fixture(scope="module")
def predicted(record):
    """Return a recorded session with the errors of real ensembles, and its files."""
    recorded = record(noise=NoiseModel())
    return recorded, find_files(recorded.folder, recorded.truth.rig.names)[SESSION]


def test_picks_from_the_disk_are_those_of_the_ranking_itself(predicted):
    recorded, files = predicted
    saved = rank_session(files, SKELETON, rig=recorded.truth.rig)
    again = read_ranking(files.ranking)
    assert again is not None and again == saved
    for count, labeled in ((5, ()), (24, (30, 200))):
        fresh = judge(recorded.evidence, count, exclude=labeled)
        assert pick(again.candidates, count, exclude=labeled) == fresh.difficult
    assert max(saved.strip) == pytest.approx(float(fresh.scores.max()), abs=0.01)
    assert {"confidence", "jump", "reprojection", "spread", "bone"} <= set(saved.signals)


def test_tables_are_read_again_only_after_a_change(predicted, monkeypatch):
    recorded, files = predicted
    rig = recorded.truth.rig
    rank_session(files, SKELETON, rig=rig)
    read = []

    def counting(*args, **options):
        read.append(1)
        return judge(*args, **options)

    monkeypatch.setattr(ranking_file, "judge", counting)
    rank_session(files, SKELETON, rig=rig)
    assert not read
    path = next(iter(files.predictions.values()))[0]
    os.utime(path, ns=(1, 1))
    rank_session(files, SKELETON, rig=rig)
    rank_session(files, Skeleton(SKELETON.names), rig=rig)
    rank_session(files, Skeleton(SKELETON.names))
    assert len(read) == 3
    files.ranking.write_text("{")  # cut off: made anew
    rank_session(files, Skeleton(SKELETON.names))
    assert len(read) == 4


def test_what_it_is_made_from_does_not_depend_on_where_the_model_lies(predicted, tmp_path):
    recorded, files = predicted
    before = identify(files, SKELETON, recorded.truth.rig)
    link = tmp_path / "elsewhere"
    recorded.folder.rename(link)
    try:
        moved = find_files(link, recorded.truth.rig.names)[SESSION]
        assert identify(moved, SKELETON, recorded.truth.rig) == before
    finally:
        link.rename(recorded.folder)


def test_too_few_candidates_are_no_ranking_for_many_frames(predicted):
    recorded, files = predicted
    saved = rank_session(files, SKELETON, rig=recorded.truth.rig)
    assert saved.whole and saved.suffices(10**6)
    cut = saved._replace(whole=False, candidates=saved.candidates[:3])
    assert not cut.suffices(1)


def test_a_folder_that_cannot_be_written_is_named(predicted, tmp_path):
    _, files = predicted
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="the ranking cannot be written"):
        rank_session(dataclasses.replace(files, reports=tmp_path / "file" / "reports"), SKELETON)
