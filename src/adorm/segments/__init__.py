"""Internal: behind `scan.py`: the stream of segments, checkpoints, pacing, work on items."""
