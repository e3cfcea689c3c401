"""The limits that the engine keeps for itself are those of adorm."""

import adorm.dynamodb.limits
import adorm.memory.limits


def _limits(module: object) -> dict[str, object]:
    return {name: value for name, value in vars(module).items() if name.isupper()}


def test_limits_with_one_name_have_one_value() -> None:
    ours, others = _limits(adorm.memory.limits), _limits(adorm.dynamodb.limits)
    common = ours.keys() & others.keys()
    assert {name: ours[name] for name in common} == {name: others[name] for name in common}


def test_the_engine_knows_nearly_every_limit_of_adorm() -> None:
    """Only `MAX_LIMIT` is missing: the check of 32-bit integers refuses a larger one."""
    missing = _limits(adorm.dynamodb.limits).keys() - _limits(adorm.memory.limits).keys()
    assert missing == {"MAX_LIMIT"}
