"""Scans: sequential, and parallel by segments in one structured stream."""
