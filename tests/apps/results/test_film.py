"""The time of every frame, against the reader of packets and against what a browser shows and says."""

import http.server
import os
import shutil
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, sync_playwright

from apps.results.boxes import indexed_times
from apps.results.film import constant_rate, frame_times, look_at
from lightning_pose.core.errors import DataError, VideoError
from lightning_pose.core.packet_table import read_packet_table
from lightning_pose.core.video_writer import VideoWriter
from tests.lightning_pose.core.conftest import BAR, BITS, write_barcodes

COUNT = 30
UNEVEN = np.cumsum(np.random.default_rng(1).integers(60, 260, COUNT)).tolist()
LATE = [1500 + 100 * n for n in range(COUNT)]
FILMS = {
    "plain.mp4": {}, "no_b_frames.mp4": {"bf": "0"}, "uneven.mp4": {"stamps": UNEVEN},
    "late.mp4": {"stamps": LATE}, "fragments.mp4": {"movflags": "frag_keyframe+empty_moov"},
    "signed.mp4": {"movflags": "negative_cts_offsets"}, "behind.mp4": {"movflags": "-faststart"},
    "plain.mov": {}, "plain.mkv": {}, "uneven.mkv": {"stamps": UNEVEN}, "late.mkv": {"stamps": LATE},
    "vp9.webm": {"codec": "libvpx-vp9"}, "vp9.mp4": {"codec": "libvpx-vp9"},
}  # fmt: skip
INDEXED = {name for name in FILMS if name.endswith((".mp4", ".mov"))} - {"fragments.mp4"}

SEEK = """async ([address, times, bits, bar]) => {
  const video = document.createElement('video');
  video.muted = true;
  video.preload = 'auto';
  const opened = new Promise((resolve, reject) => {
    video.onloadeddata = resolve;
    video.onerror = () => reject(new Error(video.error.message));
  });
  video.src = address;
  await opened;
  const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight).getContext('2d');
  const found = [];
  for (const time of times) {
    const shown = new Promise((resolve) => video.requestVideoFrameCallback((_, said) => resolve(said)));
    video.currentTime = time;
    const said = (await shown).mediaTime;
    canvas.drawImage(video, 0, 0);
    const { data } = canvas.getImageData(0, 10, bits * bar, 1);
    let number = 0;
    for (let bit = 0; bit < bits; bit++) if (data[4 * (bit * bar + bar / 2)] > 125) number |= 1 << bit;
    found.push([number, said]);
  }
  return found;
}"""


@pytest.fixture(scope="module")
def films(tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("films")
    return {name: write_barcodes(folder / name, COUNT, **kinds) for name, kinds in FILMS.items()}


@pytest.mark.parametrize("name", FILMS)
def test_times_are_those_of_the_packets(films, name):
    table = read_packet_table(films[name])
    expected = table.pts * float(table.time_base)
    np.testing.assert_allclose(frame_times(films[name]), expected, atol=1e-12)
    assert (indexed_times(films[name]) is not None) == (name in INDEXED)
    assert look_at(films[name]).frames == COUNT


@pytest.mark.parametrize("share", [0.3, 0.9, 0.999])
def test_of_a_film_that_stops_half_way_the_packets_tell(films, tmp_path, share):
    whole = films["plain.mp4"].read_bytes()
    part = tmp_path / "part.mp4"
    part.write_bytes(whole[: int(share * len(whole))])
    assert indexed_times(part) is None


def test_frames_that_an_edit_list_cuts_away_are_left_to_the_packets(films, tmp_path):
    data = films["no_b_frames.mp4"].read_bytes()
    place = data.index(b"elst") + 4
    begin = place + 12  # behind version, count and duration
    for change in (4 * 512, -2):  # begins at a later frame; is empty and nothing else
        edited = data[:begin] + change.to_bytes(4, "big", signed=True) + data[begin + 4 :]
        path = tmp_path / f"{change}.mp4"
        path.write_bytes(edited)
        assert indexed_times(path) is None


@pytest.mark.parametrize("seed", range(40))
def test_an_index_that_was_damaged_gives_times_in_order_or_none(films, tmp_path, seed):
    rng = np.random.default_rng(seed)
    data = bytearray(films["plain.mp4"].read_bytes())
    for place in rng.integers(0, 1500, 6):
        data[place] = rng.integers(256)
    path = tmp_path / "damaged.mp4"
    path.write_bytes(data)
    times = indexed_times(path)
    assert times is None or (np.diff(times) >= 0).all()


def test_a_constant_rate_is_told_from_others(films):
    for name in FILMS:
        steady = not name.startswith(("uneven", "late", "fragments")) and not name.endswith((".mkv", ".webm"))
        assert constant_rate(frame_times(films[name]), look_at(films[name]).fps) == steady, name


def test_a_film_that_is_turned_is_described_as_it_is_shown(tmp_path):
    path = write_barcodes(tmp_path / "turned.mp4", 3, rotation=90)
    film = look_at(path)
    assert (film.width, film.height) == (96, BITS * BAR)


def test_what_browsers_do_not_play_is_said(tmp_path):
    assert not look_at(write_barcodes(tmp_path / "old.avi", 3, codec="mpeg4")).playable
    assert not look_at(write_barcodes(tmp_path / "deep.mp4", 3, pix_fmt="yuv444p")).playable
    with VideoWriter(tmp_path / "ours.mp4", 64, 48, fps=25) as writer:
        writer.write(np.zeros((48, 64, 3), np.uint8))
    assert look_at(tmp_path / "ours.mp4") == (64, 48, 1, 25, True)


def test_what_is_no_film_is_a_sentence(tmp_path):
    (tmp_path / "text.mp4").write_text("not a film")
    with pytest.raises(VideoError, match=r"text\.mp4"):
        look_at(tmp_path / "text.mp4")
    with pytest.raises(DataError, match="moved"):
        look_at(tmp_path / "gone.mp4")


class Files(http.server.SimpleHTTPRequestHandler):
    """Serves a folder with ranges, which browsers want before they seek."""

    def do_GET(self) -> None:
        data = (Path(self.directory) / self.path.strip("/")).read_bytes() if self.path != "/" else b"<html>"
        start, _, stop = self.headers.get("Range", "bytes=0-").removeprefix("bytes=").partition("-")
        part = data[int(start) : int(stop) + 1 if stop else len(data)]
        self.send_response(206 if "Range" in self.headers else 200)
        self.send_header("Content-Type", self.guess_type(self.path) if self.path != "/" else "text/html")
        self.send_header("Content-Range", f"bytes {start}-{int(start) + len(part) - 1}/{len(data)}")
        self.send_header("Content-Length", str(len(part)))
        self.end_headers()
        self.wfile.write(part)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def page(films) -> Iterator[Page]:
    """A browser's page beside the films."""
    path = shutil.which("chromium")
    if path is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("no chromium")
    folder = films["plain.mp4"].parent
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Files, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path=path, args=["--headless", "--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{server.server_port}/")
        yield page
        browser.close()
    server.shutdown()


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("name", FILMS)
def test_a_browser_asked_for_the_middle_of_a_frame_shows_it_and_says_its_time(page, films, name):
    times = frame_times(films[name])
    middles = times + np.diff(times, append=2 * times[-1] - times[-2]) / 2
    order = np.random.default_rng(0).permutation(COUNT)[:12].tolist()
    found = page.evaluate(SEEK, [f"/{name}", [float(middles[n]) for n in order], BITS, BAR])
    shown = [number for number, _ in found]
    np.testing.assert_allclose([said for _, said in found], times[shown], atol=2e-6)
    if name != "fragments.mp4":  # Chromium may seek to the frame behind, and says so
        assert shown == order
