"""All that is made of one session, each part only where it lacks: keypoints, world points, labeled videos."""

import math
from collections.abc import Sequence
from pathlib import Path

from lightning_pose.core.calibration import Rig
from lightning_pose.core.sessions import Session
from lightning_pose.predict.engine import Engine
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

    @property
    def predicts(self) -> bool:
        """Whether the networks are needed."""
        return self._lacks(pixel_files(self._layout, self.session, self._members))

    def run(self) -> Outcome:
        """Make what lacks.

        Raises:
            PoseError: when something cannot be made; what was made before stays.
            HaltedError: when it is no longer wanted.
        """
        options = self._engine.options
        predicts = self.predicts
        lifts = self.rig is not None and (predicts or self._lacks(world_files(self._layout, self.session)))
        pictures = picture_files(self._layout, self.session, has_mosaic(self.session))
        draws = not options.skip_viz and (predicts or self._lacks(pictures))
        tally = self._predict() if predicts else Tally(0, 0.0, math.nan, {})
        error_px = self._lift() if lifts else math.nan
        if draws:
            self._draw()
        reports = not options.skip_viz and (predicts or self._lacks([self._layout.report(self.session)]))
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
            return predict_pixels(
                self.session, self.rig, self._engine, self._layout, stale=self._derived(),
                on_images=advance, say=self._say,
            )  # fmt: skip

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
            return write_world(
                self._layout, self.session, self._members, self.rig, self._engine.model.names,
                on_frames=advance,
            )  # fmt: skip

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
        return [*world_files(layout, session), *pictures, layout.report(session), *records]

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
        newer = self._newer()
        if newer:
            notes.append(f"older than {', '.join(newer)}: --overwrite predicts anew")
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
