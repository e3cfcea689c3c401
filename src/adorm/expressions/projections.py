"""Projections: which attributes to read."""

from __future__ import annotations

from adorm.expressions.map_keys import Step
from adorm.expressions.placeholders import Placeholders


def write_projection(placeholders: Placeholders, paths: tuple[tuple[Step, ...], ...]) -> str:
    """`#n0, #n1.#n2`: each path once, and none that lies in another: DynamoDB refuses that."""
    unique = sorted(set(paths), key=lambda steps: (len(steps), [str(step) for step in steps]))
    kept: list[tuple[Step, ...]] = []
    for steps in unique:
        if not any(steps[: len(outer)] == outer for outer in kept):
            kept.append(steps)
    return ", ".join([placeholders.steps(steps) for steps in kept])
