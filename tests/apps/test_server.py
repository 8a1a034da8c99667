"""The server as a process: answers at once, to this machine alone, says where it is, ends when told."""

import http.client
import json
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from apps.api.places import project_id
from apps.server import is_loopback, listen, open_as_it_is
from lightning_pose.core.errors import ConfigError
from tests.apps.api.conftest import WRITE, make_project

# Refuses to reach anything but this machine, and says so: read by Python before the server starts.
NO_NETWORK = """
import socket
def only_here(connect):
    def wrapped(self, place, *rest):
        if self.family != socket.AF_UNIX and not str(place[0]).startswith(("127.", "::1")):
            print("OUTSIDE", place, flush=True)
            raise OSError("no network here")
        return connect(self, place, *rest)
    return wrapped
socket.socket.connect = only_here(socket.socket.connect)
socket.socket.connect_ex = only_here(socket.socket.connect_ex)
"""


class Running:
    """A server that runs, what it printed, and where."""

    def __init__(self, process: subprocess.Popen, address: str) -> None:
        self.process = process
        self.address = address
        self.port = int(re.search(r":(\d+)/", address)[1])

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)

    def get(self, path: str, **headers: str) -> http.client.HTTPResponse:
        connection = self.connect()
        connection.request(
            "GET", path, headers={name.replace("_", "-"): text for name, text in headers.items()}
        )
        return connection.getresponse()


@contextmanager
def running(folder: Path, *options: str) -> Iterator[Running]:
    """Start the server on a folder, wait until it says that it is there, and end it afterwards."""
    (folder.parent / "spy").mkdir(exist_ok=True)
    (folder.parent / "spy" / "sitecustomize.py").write_text(NO_NETWORK)
    settings = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(folder.parent / "spy"), str(Path(__file__).parents[2])]),
        "XDG_CONFIG_HOME": str(folder.parent / "config"),
    }
    command = [sys.executable, "-m", "apps.server", str(folder), "--port", "0", "--no-browser", *options]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=settings
    )
    try:
        line = process.stdout.readline()
        assert "http://" in line, line + process.stdout.read()
        yield Running(process, line.split()[2])
    finally:
        process.kill()
        process.wait(timeout=30)


@pytest.fixture(scope="module")
def served_folder(tmp_path_factory) -> Path:
    """The small labeled project."""
    return make_project(tmp_path_factory.mktemp("served") / "mice")


@pytest.fixture(scope="module")
def server(served_folder) -> Iterator[Running]:
    """One server on it, for the tests that only ask."""
    with running(served_folder) as found:
        found.home = f"/api/projects/{project_id(served_folder)}"
        found.get(found.home).read()
        yield found


def test_small_calls_on_a_kept_connection_do_not_wait(server):
    connection, taken = server.connect(), []
    for _ in range(60):
        start = time.perf_counter()
        connection.request("GET", server.home)
        connection.getresponse().read()
        taken.append(time.perf_counter() - start)
    assert statistics.median(taken) < 0.010  # with Nagle's algorithm it is 0.044


def test_pages_and_routes_are_on_one_port(server):
    assert b"<title>Streamlit</title>" in server.get("/").read()
    assert server.get("/_stcore/health").read() == b"ok"
    assert server.get("/canvas/" + server.home.rsplit("/", 1)[1]).status == 200


def test_an_address_below_api_that_is_none_is_no_page(server):
    answer = server.get("/api/nothing")
    assert answer.status == 404
    assert answer.getheader("content-type") == "application/json"


@pytest.mark.parametrize(
    "path", ["/", "/_stcore/health", "/_stcore/stream", "/media/x", "/static/x", "/api/x"]
)
def test_the_guard_stands_before_streamlit_too(server, path):
    assert server.get(path, Host="evil.example").status == 421
    assert server.get(path, Origin="http://evil.example").status == 403


def test_it_listens_to_this_machine_alone(server):
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    listening = [line.split()[1] for line in lines if line.split()[3] == "0A"]
    assert [place for place in listening if place.endswith(f":{server.port:04X}")] == [
        f"0100007F:{server.port:04X}"
    ]


def test_told_to_end_it_lets_listeners_go_and_has_written_the_labels(tmp_path):
    folder = make_project(tmp_path / "mice")
    home = f"/api/projects/{project_id(folder)}"
    with running(folder) as found:
        found.get("/").read()
        frame = json.loads(found.get(f"{home}/frames").read())["id"][2]
        listener = found.get(f"{home}/events?since=0")
        assert b"retry" in listener.readline()
        operation = {
            "id": "1", "frame": frame, "view": "top", "keypoint": "nose", "x": 77.25, "y": 5, "base": 0,
            "state": "visible", "origin": "manual",
        }  # fmt: skip
        connection = found.connect()
        body = json.dumps({"client": "c", "who": "Ada", "operations": [operation]})
        connection.request("POST", f"{home}/labels", body, WRITE)
        assert connection.getresponse().status == 200
        start = time.monotonic()
        found.process.send_signal(signal.SIGINT)
        said = found.process.communicate(timeout=30)[0]
        assert time.monotonic() - start < 2.5  # without waiting for the listener
        assert "OUTSIDE" not in said
        assert "Traceback" not in said
        assert "77.25" in (folder / "CollectedData_top.csv").read_text()


def test_ranges_of_a_huge_video_pass_through_without_being_kept(server, served_folder):
    video = served_folder / "videos" / "mouse1_top.mp4"
    with video.open("wb") as sparse:
        sparse.truncate(2**31 + 1000)  # takes no room
        sparse.seek(2**31)
        sparse.write(b"the end of it")
    try:
        path = server.home + "/videos/mouse1/top"
        before = resident(server.process.pid)
        answer = server.get(path, Range=f"bytes={2**31}-{2**31 + 12}")
        assert (answer.status, answer.read()) == (206, b"the end of it")
        assert server.get(path, Range="bytes=-4").read() == bytes(4)
        assert server.get(path, Range=f"bytes={2**31 + 1000}-").status == 416
        start = server.get(path, Range="bytes=0-200000000")
        assert start.status == 206
        while start.read(2**20):
            pass
        assert resident(server.process.pid) - before < 50 * 2**20
    finally:
        video.unlink()


def test_it_ends_quietly_while_a_film_is_on_its_way(tmp_path):
    folder = make_project(tmp_path / "mice")
    (folder / "videos").mkdir(exist_ok=True)
    with (folder / "videos" / "mouse1_top.mp4").open("wb") as sparse:
        sparse.truncate(2**28)
    with running(folder) as found:
        answer = found.get(f"/api/projects/{project_id(folder)}/videos/mouse1/top", Range="bytes=0-200000000")
        assert answer.status == 206  # and nobody takes it in
        found.process.send_signal(signal.SIGINT)
        said = found.process.communicate(timeout=30)[0]
        assert "Traceback" not in said
        assert "graceful" not in said


def resident(pid: int) -> int:
    """Return the memory of a process in bytes."""
    [line] = [line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if "VmRSS" in line]
    return 1024 * int(line.split()[1])


def test_a_page_that_fails_says_so_and_shows_no_traceback():
    def page() -> None:
        from apps.server import show_page_fault

        assert show_page_fault(KeyError("secret"))

    [message] = AppTest.from_function(page, default_timeout=30).run().error
    assert "KeyError" in message.value
    assert "secret" not in message.value


def test_open_to_a_network_it_asks_for_the_token_that_it_shows(tmp_path):
    with running(make_project(tmp_path / "mice"), "--host", "0.0.0.0") as found:
        token = re.search(r"\?token=(\S+)", found.address)[1]
        assert len(token) >= 24
        for path in ("/", "/_stcore/health", "/api/x", "/static/x"):
            assert found.get(path).status == 401
        assert found.get("/api/x", X_Litpose_Token=token).status == 404
        assert found.get(f"/?token={token}").status == 303


def test_a_project_of_deeplabcut_is_opened_as_it_is_and_it_says_what_it_added(tmp_path, capsys):
    (tmp_path / "config.yaml").write_text("scorer: Ada\nbodyparts: [nose, tail]\n")
    open_as_it_is(tmp_path)
    assert str(tmp_path / "project.yaml") in capsys.readouterr().out
    open_as_it_is(tmp_path)
    assert capsys.readouterr().out == ""


def test_a_port_that_is_taken_and_an_address_that_is_none_are_messages():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(ConfigError, match="is taken"):
            listen("127.0.0.1", other.getsockname()[1])
    with pytest.raises(ConfigError, match=r"no address of this machine|cannot be served"):
        listen("192.0.2.1", 0)


@pytest.mark.parametrize(
    ("host", "here"),
    [("127.0.0.1", True), ("127.1.2.3", True), ("::1", True), ("localhost", True), ("0.0.0.0", False),
     ("::", False), ("192.168.1.7", False), ("mouse-pc", False), ("", False)],
)  # fmt: skip
def test_only_loopback_is_this_machine(host, here):
    assert is_loopback(host) == here
