"""What stands around the films of the viewer: sources, traces, space, difficult frames, marks, export."""
