"""The labeling page: one component in plain JavaScript, shown by Streamlit or by a page of its own.

Python only says which project it shows. The component asks the routes of `apps.api` for everything else and
sends labels there, so that no click causes a rerun.
"""
