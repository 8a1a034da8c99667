"""The viewer: all views of a recording in step, with what networks and smoothers found drawn over them."""
