"""What became of the inputs, as people and programs read it."""

import io

from rich.console import Console

from lightning_pose.predict import Outcome, Summary
from lightning_pose.predict.inputs import Failure


def shown(summary: Summary) -> str:
    console = Console(file=io.StringIO(), width=150, record=True)
    console.print(summary.table())
    return console.export_text()


def test_a_line_says_what_is_known_and_nothing_else():
    assert Outcome("s1", "kept").line() == "s1: done before and kept (--overwrite predicts anew)"
    whole = Outcome("s1", "predicted", 300, 41.3, 0.913, 1.324, 2, "cam2 lacks 2 of 100 frames")
    assert whole.line() == (
        "s1: predicted, 300 frames, 41 frames/s, confidence 0.91, error 1.32 px (cam2 lacks 2 of 100 frames)"
    )


def test_the_table_has_a_row_for_everything_and_no_empty_column():
    summary = Summary([Outcome("s[1]", "predicted", 300, 41.3, 0.9), Outcome("s2", "kept")])
    summary.fail(Failure("s3", "it is broken\n  - quite"))
    text = shown(summary)
    assert all(word in text for word in ("s[1]", "300", "41", "0.90", "kept", "failed"))
    assert "missing" not in text and "error px" not in text
    assert summary.notes() == ["s3: failed, it is broken"]
    assert (summary.done, summary.kept, len(summary.failures)) == (["s[1]"], ["s2"], 1)
