"""One HTML page per session: traces, the frames that are worth a look, and what every keypoint is like."""

from lightning_pose.report.page import write_report as write_report
