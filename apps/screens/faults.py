"""What is wrong with a file, said in its place on the page."""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from apps.disk import disk_fault
from lightning_pose.core.errors import PoseError


@contextmanager
def faults_as_messages() -> Iterator[None]:
    """Show a fault of files or of the disk as a message where it arose; the rest of the page stays."""
    try:
        yield
    except PoseError as error:
        st.error(str(error))
    except OSError as error:
        sentence = disk_fault(error)
        if sentence is None:
            raise
        st.error(sentence)
