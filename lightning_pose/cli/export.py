"""`litpose export`: a trained network as a file that runs without this program."""

import argparse
from pathlib import Path

HELP = "write a trained network as a file that onnxruntime or torch run without this program"
EXAMPLES = """examples:
  litpose export models/mouse                         models/mouse/exports_onnx/<checkpoint>_fp32.onnx
  litpose export models/ensemble --precision fp16     every member, in half precision
  litpose export models/mouse --runtime torch_export  a program of torch.export
  litpose predict models/mouse videos/ --runtime onnx     predicts with what was exported

RGB bytes at the network's size go in, keypoints in pixels of that image and calibrated confidences come out.
What is written is run first, and has to say what the network says.
"""


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `litpose export`."""
    parser.epilog = EXAMPLES
    parser.add_argument("model_dir", type=Path, metavar="MODEL_DIR", help="a trained model, or an ensemble")
    parser.add_argument(
        "--runtime", choices=("onnx", "torch_export"), default="onnx",
        help="what is to run it (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--precision", "--onnx-precision", choices=("fp32", "fp16"), default="fp32",
        help="of the layers (default: %(default)s); fp16 files are half as large, and faster on GPUs only",
    )  # fmt: skip
    parser.add_argument(
        "--max-batch-size", type=_positive, metavar="N",
        help="most images at a time, or instants where views go in together (default: any number)",
    )  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Export; return 0."""
    from lightning_pose.export.program import export_model

    found = export_model(
        args.model_dir, args.runtime, precision=args.precision, max_batch_size=args.max_batch_size
    )
    for _, path, record in found:
        print(path)
        if record.agreement is not None:
            off = record.agreement
            print(f"  from the network: {off.median_px:.2g} px (median), at most {off.max_px:.2g} px")
    return 0


def _positive(text: str) -> int:
    """Return a whole number of at least 1; argparse names the option when there is none."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected 1 or more, got {text}")
    return number
