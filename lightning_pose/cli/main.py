"""`litpose`: train, predict, and everything around them; see `lightning_pose.core.shell`."""

import sys

from lightning_pose.core.shell import Shell

SHELL = Shell(
    name="litpose",
    verbs={
        "demo": "lightning_pose.cli.demo",
        "synth": "lightning_pose.cli.synth",
        "create": "lightning_pose.cli.create",
        "add": "lightning_pose.cli.add",
        "check": "lightning_pose.cli.check",
        "status": "lightning_pose.cli.status",
        "recommend": "lightning_pose.cli.recommend",
        "train": "lightning_pose.cli.train",
        "predict": "lightning_pose.cli.predict",
        "smooth": "lightning_pose.cli.smooth",
        "draw": "lightning_pose.cli.draw",
        "report": "lightning_pose.cli.report",
        "extract": "lightning_pose.cli.extract",
        "pseudolabel": "lightning_pose.cli.pseudolabel",
        "export": "lightning_pose.cli.export",
        "card": "lightning_pose.cli.card",
        "create_bbox": "lightning_pose.cli.create_bbox",
        "smooth_bbox": "lightning_pose.cli.smooth_bbox",
        "crop": "lightning_pose.cli.crop",
        "remap": "lightning_pose.cli.remap",
        "app": "lightning_pose.cli.app",
    },
    description="From synchronised videos to smooth 3D trajectories with honest uncertainty.",
    examples="""\
  litpose demo                                     all of it on a rendered animal, in minutes
  litpose train config.yaml --seeds 0 1 2          train an ensemble
  litpose predict models/mouse videos/             2D in every view, 3D where calibrated
  eks multicam --help                              smooth an ensemble's predictions in 3D
  litpose app demo                                 look at the results in the browser""",
)
main = SHELL.main

if __name__ == "__main__":
    sys.exit(main())
