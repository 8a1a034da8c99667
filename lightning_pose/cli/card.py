"""`litpose card`: one page about a model, as training writes it at its end."""

import argparse
from pathlib import Path

HELP = "write the card of a model that has none: keypoints, data, accuracy, settings"
EXAMPLES = """examples:
  litpose card models/mouse        models/mouse/model_card.md and model_card.json
  litpose card models/ensemble     one for the ensemble
"""


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `litpose card`."""
    parser.epilog = EXAMPLES
    parser.add_argument("model_dir", type=Path, metavar="MODEL_DIR", help="a trained model, or an ensemble")


def run(args: argparse.Namespace) -> int:
    """Write the card; return 0."""
    from lightning_pose.card import write_card

    print(write_card(args.model_dir))
    return 0
