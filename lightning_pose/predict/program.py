"""The program: model and inputs in, files out; what is there already is kept, what fails is named."""

import errno
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import closing
from pathlib import Path

from rich.console import Console

from lightning_pose.core.errors import CalibrationError, ConfigError, PoseError
from lightning_pose.core.sessions import Session, find_rig
from lightning_pose.core.terminal import print_error
from lightning_pose.predict.engine import Engine
from lightning_pose.predict.identity import (
    ANEW,
    UNKNOWN,
    differences,
    identify_labels,
    read_identity,
    write_identity,
)
from lightning_pose.predict.inputs import Failure, Inputs, LabelSet, Tolerance, find_inputs
from lightning_pose.predict.job import SessionJob
from lightning_pose.predict.model import Model, open_model
from lightning_pose.predict.options import Options
from lightning_pose.predict.outputs import Layout, label_files
from lightning_pose.predict.progress import Board
from lightning_pose.predict.summary import Outcome, Summary

RESUME = "What was finished is kept: the same command goes on from there."


def predict(
    model_dir: Path | str,
    inputs: Iterable[Path | str],
    options: Options | None = None,
    console: Console | None = None,
) -> Summary:
    """Predict videos and labeled frames, and write what `outputs.Layout` names.

    What cannot be predicted is named in the summary; everything else is done.

    Args:
        model_dir: a model or an ensemble.
        inputs: videos, label files, folders of videos, project folders (for their labels).
        options: how.
        console: where progress is shown.

    Raises:
        ModelError: when the folder is no model, or its weights do not fit.
        ConfigError: when an override, an option or the device cannot be used.
        DataError: when an input leads to nothing that can be predicted.
        KeyboardInterrupt: after Ctrl-C; the message says how to go on.
    """
    console = console or Console(stderr=True)
    options = options or Options()
    model = open_model(model_dir, options.overrides)
    if options.eks and len(model.members) < 2:
        raise ConfigError(
            f"--eks smooths what several networks say: {model_dir} is a single one, no ensemble"
        )
    tolerance = Tolerance(options.allow_unequal, options.allow_missing_views or not model.has_joint_views)
    found = find_inputs(inputs, model.views, tolerance, options.sessions)
    program = _Program(model, options, Board(console, options.progress_file))
    try:
        return program.run(found)
    except KeyboardInterrupt as interrupt:
        raise KeyboardInterrupt(RESUME) from interrupt


class _Program:
    """One call of `predict`."""

    def __init__(self, model: Model, options: Options, board: Board) -> None:
        self.model, self.options, self.board = model, options, board
        self.layout = Layout(options.out_dir or model.folder, model.is_ensemble)
        self.engine = Engine(model, options, board.busy)
        self.summary = Summary()

    def run(self, found: Inputs) -> Summary:
        """Do everything that can be done, and name the rest; what is wrong with the inputs comes first."""
        with self.board, closing(self.engine):
            for failure in found.failures:
                self._fail(failure)
            jobs = [job for session in found.sessions if (job := self._job(session)) is not None]
            self._run(jobs)
            self._smooth(jobs)
            for labels in found.label_sets:
                self._label_set(labels)
        self.summary.seconds = self.engine.profile.seconds()
        return self.summary

    def _job(self, session: Session) -> SessionJob | None:
        """Return what is to be done of a session, with its cameras; None where these cannot be its own."""
        name = session.name or "session"
        try:
            found = find_rig(session, self.options.calibration, self.model.data_dir)
        except CalibrationError as error:
            self._fail(Failure(name, str(error)))
            return None
        if found.rig is None and found.looked:
            places = ", ".join(str(place) for place in found.looked)
            self.board.say(f"{name}: no calibration, so no 3D (looked in {places})")
        return SessionJob(session, found.rig, self.engine, self.layout, self.board)

    def _run(self, jobs: Sequence[SessionJob]) -> None:
        """Do the sessions, as many at a time as pays off."""
        waiting = [job for job in jobs if job.predicts]
        self.board.expect(sum(job.session.n_images for job in waiting), len(waiting))
        if waiting:
            if not waiting[0].partial.is_file():
                self.engine.begin(waiting[0].session)
            self.engine.load()  # what is wrong with the model is so for all sessions, and ends the program
        with ThreadPoolExecutor(self.engine.in_flight if waiting else 1, "session") as pool:
            futures = [pool.submit(self._attempt, job.name, job.run, job.partial) for job in jobs]
            try:
                for future in as_completed(futures):
                    future.result()
            except BaseException:  # Ctrl-C too: the threads stop at their next frames
                self.board.halt.set()
                pool.shutdown(wait=True, cancel_futures=True)
                raise

    def _smooth(self, jobs: Sequence[SessionJob]) -> None:
        """Smooth the sessions that could be predicted, where that is asked for."""
        done = {outcome.name for outcome in self.summary.outcomes if outcome.state != "failed"}
        for job in jobs if self.options.eks else ():
            if job.name in done:
                self._attempt(f"{job.name}, smoothed", job.smooth)

    def _label_set(self, labels: LabelSet) -> None:
        """Predict the images of a label set, unless that has been done."""
        files = label_files(self.layout, labels, list(self.model.members))
        record = self.layout.label_identity(next(iter(labels.files.values())))
        identity, former = identify_labels(labels, self.model, self.options), read_identity(record)
        changed = "" if former is None else differences(former, identity)
        if not self.options.overwrite and not changed and all(path.is_file() for path in files):
            note = UNKNOWN if former is None else ""
            self._note(Outcome(labels.name, "kept", note=note))
            return
        from lightning_pose.predict.labels import predict_label_set

        if changed and not self.options.overwrite:
            self.board.say(f"{labels.name}: {ANEW.format(changed)}")
        self.engine.load()
        record.unlink(missing_ok=True)

        def done() -> Outcome:
            outcome = predict_label_set(labels, self.engine, self.layout, self.board)
            write_identity(record, identity)
            return outcome

        self._attempt(labels.name, done)

    def _attempt(self, name: str, action: Callable[[], Outcome], partial: Path | None = None) -> None:
        """Do one session or label set, and note what became of it; a fault of it is not one of the others."""
        try:
            self._note(action())
        except (PoseError, OSError) as error:
            if isinstance(error, OSError) and error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            kept = "" if partial is None or not partial.is_file() else f". {RESUME}"
            self._fail(Failure(name, f"{str(error).rstrip('.')}{kept}"))

    def _note(self, outcome: Outcome) -> None:
        """Note what became of something, and say so."""
        self.summary.outcomes.append(outcome)
        self.board.say(outcome.line())

    def _fail(self, failure: Failure) -> None:
        """Name what cannot be predicted."""
        self.summary.fail(failure)
        print_error(f"error: {failure.what}: {failure.reason}")
