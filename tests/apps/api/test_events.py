"""Events: what others did, once, in order, whatever was missed."""

import asyncio
import json
import time
from collections.abc import AsyncIterator

import pytest

from apps.api import events
from apps.api.desk import Served
from apps.labels import LabelStore, Operation
from tests.apps.api.conftest import make_project


@pytest.fixture
def served(labeled):
    found = Served(labeled)
    yield found
    found.close()


def edit(store: LabelStore, frame: str, name: str, x: float, base: int = 0) -> int:
    operation = Operation(name, frame, "top", "nose", x, 2.0, "visible", "manual", base)
    return store.apply([operation], who="Ben", client="another")[0].cell.rev


async def heard(stream: AsyncIterator[str], name: str, within: float = 5.0) -> dict | list:
    """Return the content of the next event of a kind."""

    async def wait() -> dict | list:
        async for event in stream:
            if f"event: {name}\n" in event:
                return json.loads(event.split("data: ", 1)[1])
        pytest.fail("the events ended")

    return await asyncio.wait_for(wait(), within)


def test_an_edit_of_another_arrives_with_its_value(served):
    frame = served.frames()[0].id[2]

    async def listen():
        stream = events.told(served, served.store.rev)
        asyncio.get_running_loop().call_later(0.05, edit, served.store, frame, "a", 12.5)
        return await heard(stream, "labels")

    told = asyncio.run(listen())
    assert told["rev"] == served.store.rev
    [cell] = told["cells"]
    assert (cell["frame"], cell["view"], cell["keypoint"]) == (frame, "top", "nose")
    assert cell["cell"] == [12.5, 2.0, "visible", "manual", told["rev"]]
    assert (cell["who"], cell["client"]) == ("Ben", "another")


def test_what_was_missed_is_told_first_and_only_the_last_value_of_a_cell(served):
    frame = served.frames()[0].id[2]
    first = edit(served.store, frame, "a", 1.0)
    edit(served.store, frame, "b", 2.0, first)
    told = asyncio.run(heard(events.told(served, 0), "labels"))
    assert [cell["cell"][0] for cell in told["cells"]] == [2.0]


def test_nothing_is_told_twice(served):
    frame = served.frames()[0].id[2]
    rev = edit(served.store, frame, "a", 1.0)

    async def listen():
        stream = events.told(served, 0)
        await heard(stream, "labels")
        edit(served.store, frame, "b", 2.0, rev)
        return await heard(stream, "labels")

    assert [cell["cell"][0] for cell in asyncio.run(listen())["cells"]] == [2.0]


def test_an_edit_through_the_routes_is_told_at_once(served, monkeypatch):
    monkeypatch.setattr(events, "POLL", 30.0)
    frame = served.frames()[0].id[2]

    async def listen():
        stream = events.told(served, served.store.rev)
        await heard(stream, "presence")
        waiting = asyncio.ensure_future(heard(stream, "labels"))
        await asyncio.sleep(0.05)
        edit(served.store, frame, "a", 1.0)
        start = time.monotonic()
        served.edited()
        await waiting
        return time.monotonic() - start

    assert asyncio.run(listen()) < 2


def test_who_is_here_is_told_when_it_changes(served):
    one = {"client": "c", "who": "Ada", "color": "#ff0000", "frame": "f"}

    async def listen():
        stream = events.told(served, served.store.rev)
        assert await heard(stream, "presence") == []
        served.presence.here(one)
        served.bell.ring()
        return await heard(stream, "presence")

    assert asyncio.run(listen()) == [one]


def test_label_files_that_another_program_changed_are_told(served, labeled):
    table = labeled / "CollectedData_top.csv"

    async def listen():
        stream = events.told(served, served.store.rev)
        await heard(stream, "presence")
        text = table.read_text().splitlines()
        row = text[-1].split(",")
        text[-1] = ",".join([row[0], "5.0", "6.0", *row[3:]])
        table.write_text("\n".join(text) + "\n")
        return await heard(stream, "files", within=10)

    told = asyncio.run(listen())
    assert told["views"] == ["top"]
    assert told["cells"] == 1


def test_listeners_are_let_go_when_the_server_ends(served):
    async def listen():
        stream = events.told(served, served.store.rev)
        await heard(stream, "presence")
        asyncio.get_running_loop().call_later(0.05, served.end)
        return [event async for event in stream]

    assert asyncio.run(asyncio.wait_for(listen(), 5)) == []


def test_many_cells_come_in_several_events(served, monkeypatch):
    monkeypatch.setattr(events, "AT_ONCE", 2)
    table, _ = served.frames()
    names = ("nose", "tail", "ear_left")
    operations = [
        Operation(name, table.id[2], "top", name, 1.0, 2.0, "visible", "manual", 0) for name in names
    ]
    served.store.apply(operations, who="Ben", client="another")

    async def listen():
        stream = events.told(served, 0)
        return await heard(stream, "labels"), await heard(stream, "labels")

    first, last = asyncio.run(listen())
    assert [cell["keypoint"] for cell in first["cells"] + last["cells"]] == list(names)
    assert first["rev"] < last["rev"] == served.store.rev


def test_presence_is_taken_note_of_by_a_request(browser):
    one = {"client": "c", "who": "Ada", "color": "#ff0000", "frame": "f"}
    assert browser.post("/presence", one) == {"present": 1}
    assert browser.post("/presence", {**one, "frame": "g"}) == {"present": 1}
    assert browser.post("/presence", {**one, "who": None}, status=400)["error"]


@pytest.mark.parametrize("since", ["x", "-1", "1.5", "٣"])
def test_a_revision_that_is_none_is_refused(browser, since):
    assert browser.raw(f"/events?since={since}").status_code == 400


def test_two_processes_on_one_project_see_each_others_edits(tmp_path):
    folder = make_project(tmp_path / "mice")
    writer, reader = Served(folder), None
    try:
        reader = LabelStore.open(folder, read_only=True)
        frame = writer.frames()[0].id[2]
        edit(writer.store, frame, "a", 3.0)
        [change] = reader.changes(0)
        assert change.cell.x == 3.0
    finally:
        writer.close()
        if reader is not None:
            reader.close()


def test_flags_notes_labels_and_the_queue_of_frames_are_told(served):
    one, two, three = served.frames()[0].id
    start = served.store.rev
    served.store.annotate(one, note="tail hidden", who="Ben")
    served.store.queue.add({three: "why"}, source="", who="Ben")
    edit(served.store, three, "a", 1.0)

    async def listen():
        return await heard(events.told(served, start), "frames")

    told = asyncio.run(listen())
    assert told["listed"] is False
    found = {frame["id"]: frame for frame in told["frames"]}
    assert found.keys() == {one, three} and two not in found
    assert found[one] == {
        "id": one, "labeled": 12, "flagged": False, "note": "tail hidden", "worst": found[one]["worst"],
        "queued": False,
    }  # fmt: skip
    assert (found[three]["queued"], found[three]["labeled"]) == (True, 1)


def test_frames_that_came_have_the_table_read_again(served):
    start = served.store.rev
    served.store.add_frames([{view: f"labeled-data/mouse1_{view}/img00000099.png" for view in served.views}])
    assert asyncio.run(heard(events.told(served, start), "frames")) == {"listed": True, "frames": []}
