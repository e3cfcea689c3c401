"""Projections: which attributes to read."""

from __future__ import annotations

from collections.abc import Iterable

from adorm.expressions.document_path import Step
from adorm.expressions.placeholders import Placeholders


def render_projection(locations: Iterable[tuple[Step, ...]], placeholders: Placeholders) -> str:
    """`#n0, #n1.#n2`: each path once, and none that lies in another (DynamoDB refuses overlapping
    ones)."""
    unique = sorted(set(locations), key=lambda steps: (len(steps), [str(step) for step in steps]))
    kept: list[tuple[Step, ...]] = []
    for steps in unique:
        if not any(steps[: len(outer)] == outer for outer in kept):
            kept.append(steps)
    return placeholders.checked(
        "projection", ", ".join(placeholders.steps(steps) for steps in kept)
    )
