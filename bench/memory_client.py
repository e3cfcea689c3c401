"""The process that `memory.py` starts: it scans, and prints its peak memory after each tenth.

python bench/memory_client.py URL PAGE_SIZE ITEMS
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

import adorm


@adorm.model(table="things")
class Thing:
    thing_id: str = adorm.partition_key()
    name: str
    value: int


def peak_mib() -> float:
    with open("/proc/self/status") as status:  # noqa: PTH123  # as in cold/told.py
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024


async def main(url: str, page_size: int, items: int) -> None:
    count, total, peaks = 0, 0, list[float]()
    async with adorm.connect(region="eu-central-1", endpoint_url=url) as db:
        things = db.table(Thing)
        await (
            things.scan().page_size(100).limit(1)
        )  # what is imported at the first call is there before
        before = peak_mib()
        began_s, cpu_s = time.perf_counter(), time.process_time()
        async with things.scan().page_size(page_size).stream() as rows:
            async for row in rows:
                total += row.value
                count += 1
                if count % (items // 10) == 0:
                    peaks.append(peak_mib())
                    if count == items:
                        break
    if total != items * (items - 1) // 2:
        raise SystemExit("the items are not those that are stored")
    figures = {"items": count, "before_mib": before, "peaks_mib": peaks}
    print(
        json.dumps(
            {
                **figures,
                "wall_s": time.perf_counter() - began_s,
                "cpu_s": time.process_time() - cpu_s,
            }
        ),
        flush=True,
    )


asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
