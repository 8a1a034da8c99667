"""Projects as a whole: made, filled with recordings, looked over, and remembered."""
