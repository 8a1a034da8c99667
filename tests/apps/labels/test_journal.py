"""Two clients, lost answers, repeated and overtaken batches, against a model of one line of operations."""

import tempfile
from collections import defaultdict
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from apps.labels import Cell, LabelStore, Operation
from lightning_pose.core.project import create_project
from lightning_pose.core.skeletons import skeleton_from_names

CLIENTS = st.sampled_from(["a", "b"])
VIEWS, NAMES = ("left", "right"), ("nose",)
VALUES = st.sampled_from(
    [(None, None, "unlabeled"), (1.5, 2.0, "visible"), (3.0, 4.0, "occluded"), (5.0, 5.0, "absent")]
)
EDITS = st.tuples(st.sampled_from(VIEWS), st.sampled_from(NAMES), VALUES)
Key = tuple[str, str, str]


class Model:
    """What the store promises, in the plainest words: a list of what was applied to each cell."""

    def __init__(self, rev: int) -> None:
        self.applied: dict[Key, list[tuple[Operation, str, int]]] = defaultdict(list)
        self.answers: dict[str, str] = {}
        self.rev = rev

    def cell(self, key: Key) -> Cell:
        if not self.applied[key]:
            return Cell(None, None, "unlabeled", "imported", 0)
        operation, _, rev = self.applied[key][-1]
        return Cell(operation.x, operation.y, operation.state, operation.origin, rev)

    def apply(self, operation: Operation, client: str) -> str:
        if operation.id in self.answers:
            return "conflict" if self.answers[operation.id] == "conflict" else "duplicate"
        key = operation[1:4]
        self.rev += 1
        unseen = [entry for entry in self.applied[key] if entry[2] > operation.base]
        now = self.cell(key)
        if any(who == client and other.seq > operation.seq for other, who, _ in unseen):
            answer = "duplicate"
        elif operation[4:8] == now[:4] or all(who == client for _, who, _ in unseen):
            answer = "applied"
            self.applied[key].append((operation, client, self.rev))
        else:
            answer = "conflict"
        self.answers[operation.id] = answer
        return answer


class Browsers(RuleBasedStateMachine):
    """Two browsers on one store, over a network that loses, repeats and reorders."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        create_project(self.folder.name, VIEWS, skeleton_from_names(NAMES, []))
        self.open()
        rows = [{view: f"labeled-data/s_{view}/img{n}.png" for view in VIEWS} for n in range(1)]
        self.frames = self.store.add_frames(rows)
        self.model = Model(self.store.rev)
        self.seen: dict[str, dict[Key, int]] = {"a": {}, "b": {}}
        self.outbox: dict[str, list[Operation]] = {"a": [], "b": []}
        self.sent: list[tuple[str, list[Operation]]] = []
        self.count = 0

    def open(self) -> None:
        self.store = LabelStore.open(self.folder.name)
        self.store._link.execute("PRAGMA synchronous = OFF")

    def teardown(self) -> None:
        keys = [(f, v, k) for f in self.frames for v in VIEWS for k in NAMES]
        for frame, view, keypoint in keys:
            history = self.store.history(frame, view, keypoint)
            own = {i for i in self.model.answers if any(entry.id == i for entry in history)}
            assert [e.id for e in history if e.status == "applied"] == [
                operation.id for operation, _, _ in self.model.applied[frame, view, keypoint]
            ]
            assert {e.id for e in history} == own
        recorded = {e.id for key in keys for e in self.store.history(*key)}
        assert recorded == self.model.answers.keys()  # nothing that was answered is missing
        self.store.close()
        self.folder.cleanup()

    @rule(client=CLIENTS, edits=st.lists(EDITS, min_size=1, max_size=3), data=st.data())
    def work(self, client, edits, data):
        for view, name, value in edits:
            self.count += 1
            key = (self.frames[0], view, name)
            base = self.seen[client].get(key, 0)
            self.outbox[client].append(
                Operation(f"{client}{self.count}", *key, *value, "manual", base, self.count)
            )
        some = data.draw(st.integers(0, len(self.outbox[client])), label="not sent yet")
        late = data.draw(st.booleans(), label="the last ones first")
        batch = self.outbox[client][some:] if late else self.outbox[client][: len(self.outbox[client]) - some]
        self.deliver(client, batch, data.draw(st.booleans(), label="answered"))
        self.sent.append((client, batch))

    @precondition(lambda self: self.sent)
    @rule(data=st.data(), answered=st.booleans())
    def repeat(self, data, answered):
        client, batch = data.draw(st.sampled_from(self.sent[-3:]))
        self.deliver(client, [*batch, *batch[:1]], answered)

    def deliver(self, client: str, batch: list[Operation], answered: bool) -> None:
        results = self.store.apply(batch, who=client, client=client)
        expected = []
        for operation in batch:
            status = self.model.apply(operation, client)
            expected.append((operation.id, status, self.model.cell(operation[1:4])))
        assert [tuple(result[:3]) for result in results] == expected
        if answered:
            done = {result.id for result in results}
            self.outbox[client] = [operation for operation in self.outbox[client] if operation.id not in done]
            for operation, result in zip(batch, results, strict=True):
                self.seen[client][operation[1:4]] = result.cell.rev

    @rule(what=st.sampled_from(["a", "b", "restart", "export"]))
    def meanwhile(self, what):
        if what == "restart":
            self.store.close()
            self.open()
        elif what == "export":
            self.store.materialise()
        else:  # a client looks at what is there
            for change in self.store.changes(0):
                self.seen[what][change[2:5]] = change.cell.rev

    @invariant()
    def the_store_is_as_the_model_says(self):
        for frame in self.frames:
            for view, cells in self.store.cells(frame).items():
                for name, cell in cells.items():
                    assert cell == self.model.cell((frame, view, name))
        table = self.store.frames()
        labeled = [
            sum(self.model.cell((frame, v, k)).state != "unlabeled" for v in VIEWS for k in NAMES)
            for frame in self.frames
        ]
        assert table.n_labeled == labeled


Browsers.TestCase.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
TestBrowsers = Browsers.TestCase


def test_the_journal_says_who_undid_what(store, change):
    first = change(0, "cam1", "nose", 1.0, 1.0)
    store.apply([first], who="anna", client="a")
    store.apply([change(0, "cam1", "nose", undoes=first.id, base=1)], who="anna", client="a")
    assert [entry.undoes for entry in store.history(first.frame, "cam1", "nose")] == ["", first.id]


def test_the_database_can_be_read_by_people(store, change):
    store.apply([change(2, "cam1", "nose", 1.0, 1.5, state="occluded")], who="anna", client="a")
    query = "SELECT session, number, view, keypoint, x, y, state, origin FROM labels WHERE rev = 1"
    assert store._link.execute(query).fetchall() == [
        ("s1", 20, "cam1", "nose", 1.0, 1.5, "occluded", "manual")
    ]
    assert Path(store.project.folder, ".litpose", "labels.db").is_file()


def test_labels_are_whose_they_are_as_they_stand(store, change):
    store.apply(
        [change(0, "cam1", "nose", 1.0, 1.0), change(2, "cam1", "nose", 1.0, 1.0)], who="Ada", client="a"
    )
    store.apply(
        [change(0, "cam1", "tail", 2.0, 2.0), change(2, "cam1", "nose", 3.0, 3.0, base=store.rev)],
        who="Ben",
        client="b",
    )
    store.apply(
        [change(3, "cam1", "nose", 4.0, 4.0, origin="prediction"), change(1, "cam1", "nose")],
        who="Eva",
        client="e",
    )
    assert store.labelers() == {"Ada": 1, "Ben": 2}
    store.apply([change(2, "cam1", "nose", base=store.rev)], who="Eva", client="e")
    assert store.labelers() == {"Ada": 1, "Ben": 1}
