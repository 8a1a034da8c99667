"""What is done a while after an edit, and who is here."""

import time

import pytest

from apps.api.upkeep import Afterwards, Presence
from lightning_pose.core.errors import DataError


def wait_until(condition, seconds: float = 5.0) -> None:
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit, "it did not happen"
        time.sleep(0.01)


def test_a_burst_of_edits_is_followed_by_one_action():
    done = []
    after = Afterwards(lambda: done.append(time.monotonic()), quiet=0.2, longest=5)
    for _ in range(5):
        after.again()
        time.sleep(0.02)
        last = time.monotonic()
    wait_until(lambda: done)
    time.sleep(0.3)
    assert len(done) == 1
    assert done[0] - last > 0.1


def test_edits_without_a_pause_do_not_put_it_off_for_ever():
    done = []
    after = Afterwards(lambda: done.append(1), quiet=0.2, longest=0.5)
    limit = time.monotonic() + 3
    while not done and time.monotonic() < limit:
        after.again()
        time.sleep(0.02)
    assert done


def test_now_means_now_and_not_once_more_later():
    done = []
    after = Afterwards(lambda: done.append(1), quiet=0.1)
    after.again()
    after.now()
    time.sleep(0.3)
    assert done == [1]


@pytest.mark.parametrize("error", [DataError("the disk is full"), OSError("the disk is full")])
def test_a_fault_is_kept_until_it_works_again(error):
    faults = [error]

    def action():
        if faults:
            raise faults.pop()

    after = Afterwards(action)
    after.now()
    assert after.trouble == "the disk is full"
    after.now()
    assert after.trouble == ""


def test_a_fault_of_our_own_is_said_too(caplog):
    after = Afterwards(lambda: {}["gone"])
    after.now()
    assert after.trouble == "The app failed (KeyError); its terminal says where."
    assert "KeyError" in caplog.text


def test_those_who_are_silent_are_gone():
    here = Presence(seconds=0.1)
    here.here({"client": "a", "frame": "1"})
    assert here.everybody() == [{"client": "a", "frame": "1"}]
    time.sleep(0.15)
    assert here.everybody() == []


def test_a_flood_of_names_pushes_out_the_oldest():
    here = Presence(most=3)
    for name in "abcd":
        here.here({"client": name})
    assert [one["client"] for one in here.everybody()] == ["b", "c", "d"]
