"""What is wrong with a file, said in its place on the page."""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from lightning_pose.core.errors import PoseError


@contextmanager
def faults_as_messages() -> Iterator[None]:
    """Show a fault as a message where it arose; the rest of the page stays."""
    try:
        yield
    except PoseError as error:
        st.error(str(error))
