"""Answers: JSON whatever happens, sentences instead of tracebacks, and no route without its guard."""

import json

import pytest
from starlette.routing import Route

from apps.api.answers import say
from apps.api.desk import Desk
from apps.api.places import project_id
from apps.server import routes
from tests.apps.api.conftest import WRITE


def test_what_is_missing_is_null():
    content = {"a": [1.0, float("nan"), float("inf")], "b": (2, "ü", None, True)}
    assert json.loads(say(content).body) == {"a": [1.0, None, None], "b": [2, "ü", None, True]}


def test_a_fault_of_ours_is_a_sentence_and_no_traceback(browser, monkeypatch):
    def broken(*_):
        raise RuntimeError("/secret/path exploded")

    monkeypatch.setattr("apps.labels.LabelStore.cells", broken)
    answer = browser.raw(f"/frames/{browser.frame_ids[0]}")
    assert answer.status_code == 500
    assert "RuntimeError" in answer.json()["error"]
    assert "secret" not in answer.text


def test_a_fault_of_the_files_says_what_to_mend(open_browser, labeled):
    (labeled / "project.yaml").write_text("keypoint_names: {")
    answer = open_browser(labeled).raw("")
    assert answer.status_code == 409
    assert "project.yaml" in answer.json()["error"]


@pytest.mark.parametrize("way", ["PUT", "PATCH", "DELETE"])
def test_a_route_that_is_asked_the_wrong_way_is_none(browser, way):
    answer = browser.client.request(way, browser.home + "/frames", headers=WRITE, content=b"{}")
    assert answer.status_code == 404
    assert answer.json()["error"]


def every_route(folder) -> list[tuple[str, str]]:
    """Return way and address of every route of our own, filled with names that are there or not."""
    names = {
        "pid": project_id(folder),
        "fid": "x",
        "view": "top",
        "session": "s",
        "source": "x",
        "name": "x",
        "job": "x",
        "path": "index.js",
        "rest": "x",
    }
    found = []
    for route in routes(Desk(folder)):
        assert isinstance(route, Route)
        address = route.path.replace(":path", "").format(**names)
        found += [(way, address) for way in sorted(route.methods or {"GET"})]
    return found


def test_every_route_refuses_other_sites_other_names_and_changes_without_the_mark(browser, labeled):
    every = every_route(labeled)
    assert len({address for _, address in every}) > 12
    for way, address in every:
        ask = browser.client.request
        assert ask(way, address, headers={"Host": "evil.example"}).status_code == 421, address
        assert ask(way, address, headers={"Origin": "http://evil.example", **WRITE}).status_code == 403, (
            address
        )
        if way not in ("GET", "HEAD"):
            assert ask(way, address, content=b"{}").status_code == 403, address


STRANGE = ["<img src=x onerror=alert(1)>", "../../etc", "a'; DROP TABLE cells; --", "\u202e", "x" * 200]


@pytest.mark.parametrize("name", STRANGE)
def test_strange_names_in_a_request_are_data(browser, name):
    operation = {
        "id": name, "frame": name, "view": name, "keypoint": name, "x": 1, "y": 1, "state": "visible",
        "origin": "manual", "base": 0,
    }  # fmt: skip
    body = {"client": name, "who": name, "operations": [operation]}
    [result] = browser.post("/labels", body)["results"]
    assert result["status"] == "refused"
    assert browser.raw("/history", params={"frame": name, "view": name, "keypoint": name}).status_code == 404
    assert browser.get("/frames")["labeled"] == [12, 12, 0]
