"""All that is made of one session, where it lacks or is of something else: keypoints, 3D, labeled videos."""

import math
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from lightning_pose.core.calibration import Rig
from lightning_pose.core.sessions import Session
from lightning_pose.predict.engine import Engine
from lightning_pose.predict.identity import (
    ANEW,
    UNKNOWN,
    Identity,
    differences,
    digest_rig,
    identify,
    read_identity,
    write_identity,
)
from lightning_pose.predict.outputs import Layout, picture_files, pixel_files, world_files
from lightning_pose.predict.pages import write_page
from lightning_pose.predict.pictures import draw_session, has_mosaic
from lightning_pose.predict.pixels import Tally, predict_pixels
from lightning_pose.predict.progress import Board
from lightning_pose.predict.smooth import smooth_session, smoother_records
from lightning_pose.predict.summary import Outcome

REPORT_READS = 2  # times that a report reads every frame


class SessionJob:
    """One session of a call.

    Attributes:
        session: what to predict.
        rig: its cameras, where they are calibrated.
    """

    def __init__(
        self, session: Session, rig: Rig | None, engine: Engine, layout: Layout, board: Board
    ) -> None:
        self.session, self.rig = session, rig
        self._engine, self._layout, self._board = engine, layout, board
        self._members = list(engine.model.members)

    @property
    def name(self) -> str:
        """How the session is called in messages."""
        return self.session.name or "session"

    @property
    def partial(self) -> Path:
        """The file of what has been predicted of it while it is not finished."""
        return self._layout.partial(self.session)

    @cached_property
    def predicts(self) -> bool:
        """Whether the networks are needed."""
        return self._lacks(pixel_files(self._layout, self.session, self._members)) or bool(self._changed)

    @cached_property
    def _identity(self) -> Identity:
        """All that predictions of it would depend on now."""
        return identify(self.session, self.rig, self._engine.model, self._engine.options)

    @cached_property
    def _record(self) -> Identity | None:
        """What the predictions that are there were made from; None where nothing says it."""
        return read_identity(self._layout.identity(self.session))

    @cached_property
    def _changed(self) -> str:
        """In words what the predictions that are there were made from other than what is given now."""
        return (
            "" if self._record is None else differences(self._record.get("predictions", {}), self._identity)
        )

    def run(self) -> Outcome:
        """Make what lacks.

        Raises:
            PoseError: when something cannot be made; what was made before stays.
            HaltedError: when it is no longer wanted.
        """
        options = self._engine.options
        predicts = self.predicts
        if self._changed and not options.overwrite:
            self._say(ANEW.format(self._changed))
        lifts = self.rig is not None and (predicts or self._lifts_anew())
        pictures = picture_files(self._layout, self.session, has_mosaic(self.session))
        draws = not options.skip_viz and (predicts or self._lacks(pictures))
        tally = self._predict() if predicts else Tally(0, 0.0, math.nan, {})
        error_px = self._lift() if lifts else math.nan
        if draws:
            self._draw()
        made = predicts or lifts
        reports = not options.skip_viz and (made or self._lacks([self._layout.report(self.session)]))
        if reports and not options.eks:  # with it, what was smoothed belongs into the report
            self._report()
        return Outcome(
            self.name,
            "predicted" if predicts or lifts or draws or reports else "kept",
            images=tally.images,
            rate=tally.images / tally.seconds if tally.seconds and tally.images else math.nan,
            confidence=tally.confidence,
            error_px=error_px,
            missing=sum(tally.missing.values()),
            note="; ".join(self._notes(tally)),
        )

    def smooth(self) -> Outcome:
        """Smooth the members' predictions, unless smoothed ones are there that are of these.

        Raises:
            PoseError: when the smoother fails.
        """
        name = f"{self.name}, smoothed"
        with self._board.busy(name), self._engine.profile.during("smoothing"):
            done = smooth_session(self._layout, self.session, self.rig, self._members)
        if not self._engine.options.skip_viz and (done or self._lacks([self._layout.report(self.session)])):
            self._report()
        return Outcome(name, "smoothed" if done else "kept")

    def _predict(self) -> Tally:
        """Run the networks over the videos."""
        with (
            self._board.counted(self.name, self.session.n_images) as advance,
            self._engine.profile.during("frames"),
        ):
            tally = predict_pixels(
                self.session, self.rig, self._engine, self._layout, identity=self._identity,
                stale=self._derived(), on_images=advance, say=self._say,
            )  # fmt: skip
        self._write_record(None)
        return tally

    def _lift(self) -> float:
        """Triangulate; return the mean reprojection error (px)."""
        from lightning_pose.predict.world import (
            write_world,
        )  # scipy, which the first frame should not wait for

        assert self.rig is not None
        what = f"{self.name}: 3D"
        with (
            self._board.counted(what, self.session.n_frames, main=False) as advance,
            self._engine.profile.during("3D"),
        ):
            error_px = write_world(
                self._layout, self.session, self._members, self.rig, self._engine.model.names,
                on_frames=advance,
            )  # fmt: skip
        if self._record is not None:
            self._write_record(digest_rig(self.rig))
        return error_px

    def _lifts_anew(self) -> bool:
        """Return whether world points lack, or are of other cameras."""
        if self._lacks(world_files(self._layout, self.session)):
            return True
        known = None if self._record is None else self._record.get("world")
        if known is None or known == digest_rig(self.rig):
            return False
        self._say("its 3D was made from another calibration: triangulated anew")
        return True

    def _write_record(self, world: str | None) -> None:
        """Write what predictions and world points were made from."""
        self._record = {"predictions": self._identity, "world": world}
        write_identity(self._layout.identity(self.session), self._record)

    def _draw(self) -> None:
        """Write the labeled videos."""
        what = f"{self.name}: labeled videos"
        with (
            self._board.counted(what, self.session.n_images, main=False) as advance,
            self._engine.profile.during("pictures"),
        ):
            draw_session(
                self._layout, self.session, self._members, self._engine.model.skeleton, on_images=advance
            )

    def _report(self) -> None:
        """Write the page about the session."""
        what = f"{self.name}: report"
        with (
            self._board.counted(what, REPORT_READS * self.session.n_frames, main=False) as advance,
            self._engine.profile.during("reports"),
        ):
            skeleton = self._engine.model.skeleton
            write_page(self._layout, self.session, self.rig, skeleton, self._members, on_frames=advance)

    def _derived(self) -> list[Path]:
        """Return what is made of predictions, so that none of it is left of former ones."""
        layout, session = self._layout, self.session
        pictures = picture_files(layout, session, has_mosaic=True)
        records = smoother_records(layout, session)
        record = layout.identity(session)
        return [record, *world_files(layout, session), *pictures, layout.report(session), *records]

    def _notes(self, tally: Tally) -> list[str]:
        """Return what is not as it should be."""
        infos = self.session.infos
        notes = []
        absent = [view for view in self._engine.model.views if view not in infos]
        if absent:
            notes.append(f"without view {', '.join(absent)}")
        if len({info.n_frames for info in infos.values()}) > 1:
            notes.append(f"frames: {', '.join(f'{view} {info.n_frames}' for view, info in infos.items())}")
        for view, count in tally.missing.items():
            if count:
                where = f"{view} lacks" if view else "lacks"
                notes.append(f"{where} {count} of {infos[view].n_frames} frames")
        if self._record is None:
            newer = self._newer()
            older = f", and they are older than {', '.join(newer)}" if newer else ""
            notes.append(f"{UNKNOWN}{older}: --overwrite predicts anew")
        return notes

    def _newer(self) -> list[str]:
        """Return the videos and checkpoints written after the predictions, which may be of others."""
        files = pixel_files(self._layout, self.session, self._members)
        made = min(path.stat().st_mtime for path in files)
        checkpoints = [member.checkpoint() for member in self._engine.model.members.values()]
        sources = [*self.session.videos.values(), *checkpoints]
        return [path.name for path in sources if path.stat().st_mtime > made]

    def _say(self, text: str) -> None:
        self._board.say(f"{self.name}: {text}")

    def _lacks(self, files: Sequence[Path]) -> bool:
        """Return whether any of the files has to be made."""
        return self._engine.options.overwrite or not all(path.is_file() for path in files)
