"""Pictures: the images that were labeled, byte for byte, and the frames around them; videos with ranges."""

import mimetypes
import re
import threading
from collections import OrderedDict
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import UInt8
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from apps.api.answers import ABSENT, BAD, Call, RequestError, endpoint
from apps.api.desk import Desk, Served
from apps.api.places import file_version, image_path, inside
from lightning_pose.core.errors import DataError
from lightning_pose.core.naming import image_at
from lightning_pose.core.project import VIDEO_SUFFIXES
from lightning_pose.core.video import VideoReader
from lightning_pose.projects.sessions import proxy_file

CONTEXT = 5  # frames on either side that can be looked at
READERS = 12  # open videos: one of each view, for the context of frames
QUALITY = 90
PLAIN = ("image/png", "image/jpeg", "image/bmp")  # every browser shows these as they are
OPEN_END = re.compile(r"bytes=(\d+)-")
PORTION = 2**20  # bytes of a film at a time
WIDEST = 4096  # px, of a smaller copy


def routes(desk: Desk) -> list[Route]:
    """Return the routes of images and videos."""
    home = "/api/projects/{pid}"
    readers = Readers()

    def picture(served: Served, call: Call) -> Response:
        return image(served, call, readers)

    images, videos = f"{home}/frames/{{fid}}/image/", f"{home}/videos/{{session:path}}/"
    return [
        Route(address, endpoint(desk, work), methods=["GET"])
        for base, work in ((images, picture), (videos, video))
        for address in (base, base + "{view}")  # a single view has no name
    ]


class Readers:
    """The videos read last, kept open: a long video's index takes longer to read than its frame."""

    def __init__(self) -> None:
        """Begin with none."""
        self._lock = threading.Lock()
        self._open: OrderedDict[tuple[Path, int], VideoReader] = OrderedDict()

    def frame(self, path: Path, number: int) -> UInt8[np.ndarray, "H W 3"]:
        """Return one frame (blue first) of a video, one at a time.

        Raises:
            RequestError: when the video has no such frame.
            VideoError: when it cannot be read.
        """
        key = (path, path.stat().st_mtime_ns)
        with self._lock:
            reader = self._open.get(key)
            if reader is None:
                reader = self._open[key] = VideoReader(path, rgb=False)
            self._open.move_to_end(key)
            while len(self._open) > READERS:
                self._open.popitem(last=False)[1].close()
            if not 0 <= number < len(reader):
                raise RequestError(
                    ABSENT, f"{path.name} has {len(reader)} frames, so there is no frame {number}."
                )
            return reader[number]


def image(served: Served, call: Call, readers: Readers) -> Response:
    """Answer the image of a view, or the frame so many frames later; smaller and as JPEG where asked.

    `X-Size` says how large (px) the image is that a copy was made of.
    """
    fid, view = call.path["fid"], served.check_view(call.view())
    offset, width = call.integer("offset", 0), call.integer("width", 0)
    name = _image_name(served, fid, view)
    if offset == 0:
        path, number = image_path(served.folder, name), None
    else:
        path, number = _neighbour(served, fid, view, offset)
    tag = f'"{file_version(path)}{"" if number is None else f"-{number}"}"'
    headers = {"ETag": tag, "Cache-Control": _caching(call, tag)}
    if tag in call.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    kind = mimetypes.guess_type(path.name)[0]
    if number is None and kind in PLAIN and not width and call.query.get("format") is None:
        return Response(path.read_bytes(), media_type=kind, headers=headers)
    pixels = _pixels(path) if number is None else readers.frame(path, number)
    headers["X-Size"] = f"{pixels.shape[1]}x{pixels.shape[0]}"
    lossless = number is None and not width and call.query.get("format") is None
    content, kind = _encoded(_narrowed(pixels, width), lossless)
    return Response(content, media_type=kind, headers=headers)


def video(served: Served, call: Call) -> Response:
    """Answer a video, or the range of it that the browser asks for: its copy for browsers if there is one."""
    session, view = call.path["session"], served.check_view(call.view())
    path = playable_path(served, session, view)
    if path is None:
        raise RequestError(ABSENT, f"There is no video of session {session!r}, view {view!r}.")
    whole = FileResponse(
        path,
        media_type=mimetypes.guess_type(path.name)[0] or "video/mp4",
        headers={"Cache-Control": "no-store"},  # Chromium's cache would ask for all the rest at once
        stat_result=path.stat(),
    )
    begun = OPEN_END.fullmatch(call.headers.get("range", ""))
    states = (whole.headers["etag"], whole.headers["last-modified"])  # either names what was begun with
    is_same = call.headers.get("if-range", states[0]) in states
    return _portion(whole, int(begun[1])) if begun and is_same else whole


def _portion(whole: FileResponse, start: int) -> Response:
    """Answer the beginning of "all from here on", which a browser follows up when it needs more.

    A film that is played takes in no more than it needs next, and would hold its connection as long as it is
    open. A browser has six of them: six long films would leave none for anything else.
    """
    size = int(whole.headers["content-length"])
    if start >= size:
        return whole  # which knows how to refuse it
    with Path(whole.path).open("rb") as file:
        file.seek(start)
        content = file.read(PORTION)
    kept = {name: whole.headers[name] for name in ("accept-ranges", "cache-control", "etag", "last-modified")}
    place = {"Content-Range": f"bytes {start}-{start + len(content) - 1}/{size}"}
    return Response(content, status_code=206, media_type=whole.media_type, headers={**kept, **place})


def playable_path(served: Served, session: str, view: str) -> Path | None:
    """Return what a browser is given of a video: its copy for browsers if there is one; None without a video.

    Raises:
        RequestError: when it leads out of the project.
    """
    path = video_path(served, session, view)
    if path is not None and (proxy := proxy_file(served.folder, path)).is_file():  # the same frames
        return inside(served.folder, proxy.relative_to(served.folder).as_posix())
    return path


def video_path(served: Served, session: str, view: str) -> Path | None:
    """Return the video of a session and view, inside the project; None where there is none.

    Raises:
        RequestError: when it leads out of the project.
    """
    found = served.videos().get(session, {}).get(view)
    if found is None or found.suffix.lower() not in VIDEO_SUFFIXES:
        return None
    return inside(served.folder, found.relative_to(served.project.folder).as_posix())


def context_offsets(served: Served, fid: str, view: str) -> list[int]:
    """Return which frames around a labeled one can be shown: those on disk, and those in the video."""
    session, index = served.place(fid)
    name = served.store.images(fid)[view]
    if index < 0:
        return []
    around = [offset for offset in range(-CONTEXT, CONTEXT + 1) if offset and index + offset >= 0]
    if _has_video(served, session, view):
        return around
    return [offset for offset in around if _on_disk(served, name, offset)]


def _image_name(served: Served, fid: str, view: str) -> str:
    served.place(fid)
    images = served.store.images(fid)
    if view not in images:
        raise RequestError(ABSENT, f"This frame has no image of view {view!r}.")
    return images[view]


def _neighbour(served: Served, fid: str, view: str, offset: int) -> tuple[Path, int | None]:
    """Return the image of a frame around a labeled one, or the video and the frame's number in it."""
    if abs(offset) > CONTEXT:
        raise RequestError(BAD, f"offset: expected -{CONTEXT} to {CONTEXT}, got {offset}")
    session, index = served.place(fid)
    name = _image_name(served, fid, view)
    if index >= 0 and _on_disk(served, name, offset):
        other = image_at(name, offset)
        assert other is not None
        return image_path(served.folder, other), None
    path = video_path(served, session, view)
    if index < 0 or path is None:
        raise RequestError(ABSENT, f"The frame {offset:+d} from here is neither on disk nor in a video.")
    return path, index + offset


def _on_disk(served: Served, name: str, offset: int) -> bool:
    try:
        other = image_at(name, offset)
        return other is not None and bool(image_path(served.folder, other))
    except (RequestError, DataError):
        return False


def _has_video(served: Served, session: str, view: str) -> bool:
    try:
        return video_path(served, session, view) is not None
    except RequestError:
        return False


def _caching(call: Call, tag: str) -> str:
    """Return how long a browser may keep a picture: for ever, if its address changes when the file does."""
    if call.query.get("v") and call.query["v"] in tag:
        return "private, max-age=31536000, immutable"
    return "private, no-cache"


def _pixels(path: Path) -> UInt8[np.ndarray, "H W 3"]:
    data = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
    if data is None:
        raise RequestError(ABSENT, f"{path.name} is not an image that can be read.")
    return np.asarray(data, dtype=np.uint8)


def _narrowed(pixels: UInt8[np.ndarray, "H W 3"], width: int) -> UInt8[np.ndarray, "h w 3"]:
    """Return an image resized to a width (px); the same where it is 0 or not smaller."""
    if not 0 < width < min(pixels.shape[1], WIDEST):
        return pixels
    height = max(1, round(pixels.shape[0] * width / pixels.shape[1]))
    return np.asarray(cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _encoded(pixels: UInt8[np.ndarray, "H W 3"], lossless: bool) -> tuple[bytes, str]:
    if lossless:
        return cv2.imencode(".png", pixels)[1].tobytes(), "image/png"
    return cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes(), "image/jpeg"
