"""Scans: sequential, and parallel by segments in one structured stream."""

from adorm.scan.builder import CollectingScan, Scan
from adorm.scan.stream import ScanResult, ScanStream

__all__ = ["CollectingScan", "Scan", "ScanResult", "ScanStream"]
