"""`litpose app`: what it serves, where, and what it refuses."""

import importlib.util
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from lightning_pose.cli.app import server_command
from lightning_pose.cli.main import main


def test_the_folder_and_the_address_reach_the_server(tmp_path):
    command = server_command(tmp_path, port=8600, host="127.0.0.1", browser=False)
    assert command[1:3] == ["-m", "apps.server"]
    assert command[3:] == ["--port", "8600", "--host", "127.0.0.1", "--no-browser", str(tmp_path)]


def test_without_a_folder_the_current_one_is_served_if_it_is_a_project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert server_command(None, port=8600, host="127.0.0.1", browser=True)[-1] == "127.0.0.1"
    (tmp_path / "CollectedData_top.csv").write_text("")
    assert server_command(None, port=8600, host="127.0.0.1", browser=True)[-1] == str(tmp_path)


def test_a_folder_that_is_not_there_is_a_message(tmp_path, capsys):
    assert main(["app", str(tmp_path / "gone")]) == 2
    assert "is not a folder" in capsys.readouterr().err


def test_without_streamlit_the_extra_is_named(tmp_path, monkeypatch, capsys):
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "streamlit" else real(name))
    assert main(["app", str(tmp_path)]) == 2
    assert "lightning-pose-3d[app]" in capsys.readouterr().err


def test_it_serves_on_the_port_it_was_given_until_it_is_stopped(tmp_path):
    (tmp_path / "project.yaml").write_text("keypoint_names: [nose]\n")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "lightning_pose.cli.main", "app", str(tmp_path)]
    command += ["--port", str(port), "--no-browser"]
    server = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=Path(__file__).parent
    )
    try:
        assert answer(f"http://127.0.0.1:{port}/_stcore/health", within=60) == "ok"
    finally:
        server.terminate()
        server.wait(timeout=30)
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_a_port_that_is_taken_is_a_message(tmp_path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        command = [sys.executable, "-m", "lightning_pose.cli.main", "app", str(tmp_path), "--no-browser"]
        done = subprocess.run([*command, "--port", str(port)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "is taken" in done.stderr
    assert f"--port {port + 1}" in done.stderr


def answer(url: str, within: float) -> str:
    """Return what an address answers, once it does."""
    limit = time.monotonic() + within
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5) as response:
                return response.read().decode()
        except OSError:
            if time.monotonic() > limit:
                pytest.fail(f"{url} does not answer")
            time.sleep(0.2)
