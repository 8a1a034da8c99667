"""The screen wing: pages that show what the other wings wrote to disk."""
