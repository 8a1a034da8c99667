"""`eks`: the smoother, with a verb for each kind of recording; see `lightning_pose.core.shell`."""

import sys

from lightning_pose.core.shell import Shell

SHELL = Shell(
    name="eks",
    verbs={
        "singlecam": "eks.verbs.singlecam",
        "multicam": "eks.verbs.multicam",
        "mirrored-multicam": "eks.verbs.mirrored_multicam",
        "ibl-pupil": "eks.verbs.ibl_pupil",
        "ibl-paw": "eks.verbs.ibl_paw",
    },
    description="Ensemble Kalman smoother: one smooth trajectory with variances out of many predictions.",
    examples="""\
  eks multicam --input-dir preds --calibration calibration.toml --save-dir smoothed
  eks multicam --input-dir preds --camera-names top side --save-dir smoothed
  eks singlecam --input-dir preds --save-dir smoothed""",
)
main = SHELL.main

if __name__ == "__main__":
    sys.exit(main())
