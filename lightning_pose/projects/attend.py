"""The process of a job: waits for its turn at the device, runs the program, writes down how it ended."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from lightning_pose.core.files import write_text
from lightning_pose.projects import queue

LOOK_EVERY = 1.0  # seconds between looks while it waits
INTERRUPTED, ABSENT = 130, 127  # exit status after Ctrl-C, and of a program that is not there


class Attendant:
    """Attends to one program; a Ctrl-C goes to that, which ends by itself or is killed after a while."""

    def __init__(self, log: Path, device: str, grace: float) -> None:
        """Describe the job, and be ready to be asked to stop.

        Args:
            log: of the job, which is locked; its other files are beside it.
            device: that it waits for; empty for none.
            grace: seconds from being asked to stop until being killed.
        """
        self.log, self.device, self.grace = log, device, grace
        self.asked = threading.Event()
        signal.signal(signal.SIGINT, lambda *_: self._stop())  # the program gets the signal too

    def attend(self, command: Sequence[str]) -> int:
        """Return the program's exit status, which is in the file by then."""
        lock = self._wait() if self.device else -1
        if lock is None:
            print("Stopped before its turn came.", flush=True)
            return self._end(INTERRUPTED)
        if self.device:
            self.log.with_suffix(".began").touch()
        try:
            # the program keeps the device also if this process is killed
            program = subprocess.Popen(command, pass_fds=() if lock < 0 else (lock,))
        except OSError as error:
            print(f"{command[0]}: {error}", flush=True)
            return self._end(ABSENT)
        if self.asked.is_set():  # meanwhile, so it may have come too late for the signal
            program.send_signal(signal.SIGINT)
        return self._end(program.wait())

    def _wait(self) -> int | None:
        """Return the lock of the device once it is this job's turn; None when it is asked to stop before."""
        ticket = queue.ticket_path(self.device, self.log)
        while not self.asked.is_set():
            lock = queue.take_turn(ticket)
            if lock is not None:
                return lock
            self.asked.wait(timeout=LOOK_EVERY)
        return None

    def _stop(self) -> None:
        """Begin to count the time that the program has left."""
        if not self.asked.is_set():
            self.asked.set()
            timer = threading.Timer(self.grace, self._kill)
            timer.daemon = True
            timer.start()

    def _kill(self) -> None:
        print(f"It has not ended {self.grace:g} s after it was asked to, and is killed.", flush=True)
        self._end(-signal.SIGKILL)
        os.killpg(0, signal.SIGKILL)

    def _end(self, code: int) -> int:
        if self.device:
            with contextlib.suppress(OSError):
                queue.ticket_path(self.device, self.log).unlink(missing_ok=True)
        write_text(self.log.with_suffix(".exit"), f"{code}\n")
        return code


def main(words: Sequence[str]) -> int:
    """Attend to a program: log, device, grace, and the command."""
    log, device, grace, *command = words
    return Attendant(Path(log), device, float(grace)).attend(command)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
