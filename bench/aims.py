"""The aims of adorm: the share of a peer's time or memory that it may take in the same run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import fanout
from figures import Spread, ratio, spread

Samples = Mapping[str, Mapping[str, Mapping[str, Sequence[float]]]]
"""By work, library and kind, as `calls.measure` gives them."""


class Found(NamedTuple):
    value: float
    met: bool
    text: str


class Aim(NamedTuple):
    """An aim for one work; `of` is the library that adorm is compared with."""

    work: str
    of: str
    most: float

    @property
    def label(self) -> str:
        of = "boto3's codec" if self.work in ("encode", "decode") else self.of
        return f"at most {self.most:g} of {of}"


GET = (("aiobotocore", 0.12), ("dynamoxy", 0.4), ("pydynox", 0.3))
GET_16 = (("aiobotocore", 0.08), ("dynamoxy", 0.5), ("pydynox", 0.25))
PAGE = (("aiobotocore", 0.12), ("dynamoxy", 0.55), ("pydynox", 0.3), ("aiodynamo", 0.5))

AIMS = (
    *(Aim(f"{name} x1", of, most) for name in ("get", "put", "update") for of, most in GET),
    *(Aim(f"{name} x16", of, most) for name in ("get", "put", "update") for of, most in GET_16),
    *(Aim("page", of, most) for of, most in PAGE),
    Aim("encode", "aiobotocore", 0.08),
    Aim("decode", "aiobotocore", 0.08),
    Aim("scan", "aiobotocore", 0.10),
    Aim("batch", "aiobotocore", 0.10),
    Aim("get x16 TLS", "aiobotocore", 0.12),
)
"""Of calls, by CPU time."""

GETS_A_CORE = 20_000


def found_in_calls(aim: Aim, samples: Samples) -> Found | None:
    own = samples.get(aim.work, {})
    if "adorm" not in own or aim.of not in own:
        return None
    cpu = ratio(own["adorm"]["cpu_us"], own[aim.of]["cpu_us"])
    wall = ratio(own["adorm"]["wall_us"], own[aim.of]["wall_us"])
    return Found(cpu.median, cpu.median <= aim.most, f"{cpu.median:.3f}, wall {wall.median:.3f}")


def gets_a_core(samples: Samples) -> Found | None:
    own = samples.get("get x16", {}).get("adorm")
    if own is None:
        return None
    a_second = 1e6 / spread(own["cpu_us"]).median
    return Found(a_second, a_second >= GETS_A_CORE, f"{a_second:,.0f}")


class StartAim(NamedTuple):
    """An aim for a cold start of `what`, compared with `of`; `kind` is a field of `Taken`."""

    what: str
    of: str
    kind: str
    most: float
    name: str

    @property
    def label(self) -> str:
        return f"below {self.of}" if self.most == 1 else f"at most {self.most:g} of {self.of}"


START_AIMS = (
    StartAim("adorm", "aiobotocore", "cpu_s", 0.25, "first item, time"),
    StartAim("adorm", "dynamoxy", "cpu_s", 1, "first item, time"),
    StartAim("adorm", "pydynox", "cpu_s", 1, "first item, time"),
    StartAim("adorm", "aiobotocore", "peak_mib", 0.5, "first item, peak memory"),
    StartAim("adorm", "dynamoxy", "peak_mib", 1, "first item, peak memory"),
    StartAim("import adorm", "import asyncio, ssl", "cpu_s", 1.4, "import adorm, time"),
)


def found_in_starts(
    aim: StartAim, starts: Mapping[str, Mapping[str, Sequence[float]]]
) -> Found | None:
    if aim.what not in starts or aim.of not in starts:
        return None
    own: Spread = ratio(starts[aim.what][aim.kind], starts[aim.of][aim.kind])
    met = own.median < 1 if aim.most == 1 else own.median <= aim.most
    text = f"{own.median:.3f}"
    if aim.kind == "cpu_s":
        text += f", wall {ratio(starts[aim.what]['item_s'], starts[aim.of]['item_s']).median:.3f}"
    return Found(own.median, met, text)


def found_in_fanout(samples: Samples) -> Found:
    """The scan's time, divided by the time that its latency alone would take."""
    (_, share), *_ = fanout.shares(samples)
    return Found(share.median, share.median <= fanout.AIM, f"{share.median:.2f}")


def found_in_memory(memory: Mapping[str, Any]) -> list[tuple[str, Found]]:
    results: list[tuple[str, Found]] = []
    for size, own in memory.items():
        peaks: Sequence[float] = own["peaks_mib"]
        grown = peaks[-1] - peaks[1]
        met = peaks[-1] <= 60 and grown < 2
        results.append(
            (
                f"pages of {int(size):,} items",
                Found(peaks[-1], met, f"{peaks[-1]:.1f} MiB, grown {grown:.1f} after a fifth"),
            )
        )
    return results
