"""The benchmarks still work: they check what is read and sent before they time it, so that a short
run of adorm proves a lot."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

ROOT = Path(__file__).parents[1]
BENCH = ROOT / "bench"

SHORT_RUN = """
import json, sys
from pathlib import Path
import calls, cold_start
from libraries import Environment

own = Environment(Path(sys.prefix))
samples = calls.measure(own, "asyncio", rounds=2, sample_s=0.002, only=["adorm", "bare socket"])
kept = ("adorm", "import asyncio, ssl")
cold_start.STARTS_OF = tuple(each for each in cold_start.STARTS_OF if each.label in kept)
peaks_mib = [31.0] * 10
memory = {"1000": {
    "items": 10, "before_mib": 30.0, "peaks_mib": peaks_mib, "wall_s": 1.0, "cpu_s": 1.0,
}}
print(json.dumps({
    "date": "2026-11-21", "revision": "abc", "machine": "a machine", "load_before": 0.1,
    "quick": True,
    "pythons": {"3.13": {
        "versions": {"adorm": {"orjson": "3"}},
        "ceiling": {"gets_per_s": 1.0, "server_cpu_us": 1.0, "gets_per_server_cpu_s": 1.0},
        "calls": {"asyncio": samples}, "cold_start": cold_start.measure(own, 1), "memory": memory,
    }},
}))
"""


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_a_short_run_measures_checks_and_reports(tmp_path: Path) -> None:
    pytest.importorskip("uvloop")
    ran = subprocess.run(
        [sys.executable, "-c", SHORT_RUN], cwd=BENCH, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    results = json.loads(ran.stdout)
    samples = results["pythons"]["3.13"]["calls"]["asyncio"]
    assert all(len(own["adorm"]["cpu_us"]) == 2 for own in samples.values()), (
        "adorm does every work"
    )
    assert results["pythons"]["3.13"]["cold_start"]["adorm"]["peak_mib"][0] > 5

    (tmp_path / "results.json").write_text(ran.stdout)
    report = tmp_path / "report.md"
    subprocess.run(
        [sys.executable, BENCH / "report.py", tmp_path / "results.json", report],
        check=True,
        capture_output=True,
    )
    text = report.read_text()
    assert "| get x1 | at most 0.12 of aiobotocore |" in text
    for picture in (tmp_path / "plots").glob("*.svg"):
        ET.fromstring(picture.read_text())
        assert f"(plots/{picture.name})" in text
