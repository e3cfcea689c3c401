"""Prints, once a process has its item, its CPU time in seconds and its peak memory in KiB."""

import time


def tell(found: bool = True) -> None:
    if not found:
        raise SystemExit("the item is not what is stored")
    with open("/proc/self/status") as status:  # noqa: PTH123  # pathlib is one of the things whose import is measured
        peak_kib = next(line.split()[1] for line in status if line.startswith("VmHWM"))
    print(f"[{time.process_time()}, {peak_kib}]", flush=True)
