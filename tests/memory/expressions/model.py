"""A slow and obvious model of conditions, updates and projections.

The model knows no text: an expression is a tree of tuples, which `Writer` writes as text. A list is
a dict of its indexes, so that elements need not move during an update. A removed element leaves a
gap, an appended one gets a higher index, and the order of the indexes is the order of the list.
"""

from __future__ import annotations

import copy
from base64 import b64decode
from decimal import Decimal
from itertools import pairwise
from typing import Any

Json = dict[str, Any]
Path = tuple[str | int, ...]
Tree = tuple[Any, ...]


class Refused(Exception):
    """The update can't be applied: because of a `path`, a `type`, or what is `missing`."""


class Writer:
    """Writes trees as expressions, with placeholders for all values and for odd names."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.values: dict[str, Json] = {}

    def path(self, path: Path) -> str:
        text = ""
        for element in path:
            if isinstance(element, int):
                text += f"[{element}]"
                continue
            name = element
            if not (name.isascii() and name.isalpha()):
                name = f"#n{len(self.names)}"
                self.names[name] = element
            text += f".{name}" if text else name
        return text

    def value(self, value: Json) -> str:
        name = f":v{len(self.values)}"
        self.values[name] = value
        return name

    def operand(self, tree: Tree) -> str:
        match tree:
            case ("path", path):
                return self.path(path)
            case ("value", value):
                return self.value(value)
            case ("size", path):
                return f"size({self.path(path)})"
            case (("+" | "-") as sign, left, right):
                return f"({self.operand(left)} {sign} {self.operand(right)})"
            case ("if_not_exists", path, fallback):
                return f"if_not_exists({self.path(path)}, {self.operand(fallback)})"
            case ("list_append", left, right):
                return f"list_append({self.operand(left)}, {self.operand(right)})"
            case _:
                raise TypeError(tree)

    def condition(self, tree: Tree) -> str:
        match tree:
            case ("and" | "or", parts):
                word = f" {tree[0].upper()} "
                return word.join(f"({self.condition(each)})" for each in parts)
            case ("not", part):
                return f"NOT ({self.condition(part)})"
            case ("between", operand, low, high):
                return (
                    f"{self.operand(operand)} BETWEEN {self.operand(low)} AND {self.operand(high)}"
                )
            case ("in", operand, candidates):
                listed = ", ".join(map(self.operand, candidates))
                return f"{self.operand(operand)} IN ({listed})"
            case ("attribute_exists" | "attribute_not_exists", operand):
                return f"{tree[0]}({self.operand(operand)})"
            case ("attribute_type" | "begins_with" | "contains", operand, argument):
                return f"{tree[0]}({self.operand(operand)}, {self.operand(argument)})"
            case (operator, left, right):
                return f"{self.operand(left)} {operator} {self.operand(right)}"
            case _:
                raise TypeError(tree)

    def update(self, actions: list[Tree]) -> str:
        text = ""
        for section in ("SET", "REMOVE", "ADD", "DELETE"):
            written = [self._action(each) for each in actions if each[0] == section]
            if written:
                text += f" {section} {', '.join(written)}"
        return text

    def _action(self, action: Tree) -> str:
        match action:
            case ("SET", path, operand):
                return f"{self.path(path)} = {self.operand(operand)}"
            case ("REMOVE", path):
                return self.path(path)
            case (_, path, value):
                return f"{self.path(path)} {self.value(value)}"
            case _:
                raise TypeError(action)

    def request(self, **members: Any) -> Json:
        made: Json = members
        if self.names:
            made["ExpressionAttributeNames"] = self.names
        if self.values:
            made["ExpressionAttributeValues"] = self.values
        return made


def find(item: Json, path: Path) -> Any:
    at: Any = {"M": item}
    for element in path:
        try:
            at = at["M" if isinstance(element, str) else "L"][element]
        except (KeyError, IndexError):
            return None
    return at


def read(tree: Tree, item: Json) -> Any:
    match tree:
        case ("path", path):
            return find(item, path)
        case ("value", value):
            return value
        case ("size", path):
            return _size(find(item, path))
        case (("+" | "-") as sign, left, right):
            first, second = _needed(left, item), _needed(right, item)
            if "N" not in first or "N" not in second:
                raise Refused("type")
            one, two = int(first["N"]), int(second["N"])
            return {"N": str(one + two if sign == "+" else one - two)}
        case ("if_not_exists", path, fallback):
            found = find(item, path)
            return _needed(fallback, item) if found is None else found
        case ("list_append", left, right):
            first, second = _needed(left, item), _needed(right, item)
            if "L" not in first or "L" not in second:
                raise Refused("type")
            return {"L": first["L"] + second["L"]}
        case _:
            raise TypeError(tree)


def _needed(tree: Tree, item: Json) -> Any:
    value = read(tree, item)
    if value is None:
        raise Refused("missing")
    return value


def _size(value: Any) -> Any:
    if value is None:
        return None
    ((tag, content),) = value.items()
    if tag in ("N", "BOOL", "NULL"):
        return None
    if tag == "S":
        content = content.encode("utf-16-le")
        return {"N": str(len(content) // 2)}
    return {"N": str(len(b64decode(content) if tag == "B" else content))}


def _order(value: Any) -> tuple[str, Any] | None:
    if value is None:
        return None
    ((tag, content),) = value.items()
    if tag == "S":
        return "S", content.encode()
    if tag == "N":
        return "N", Decimal(content)
    return ("B", b64decode(content)) if tag == "B" else None


def _in_order(operator: str, left: Any, right: Any) -> bool:
    one, two = _order(left), _order(right)
    if one is None or two is None or one[0] != two[0]:
        return False
    if one[1] == two[1]:
        return operator in ("<=", ">=")
    smaller: bool = one[1] < two[1]
    return smaller == (operator in ("<", "<="))


def _same(left: Any, right: Any) -> bool:
    return left is not None and right is not None and left == right


def holds(tree: Tree, item: Json) -> bool:
    match tree:
        case ("and", parts):
            return all(holds(each, item) for each in parts)
        case ("or", parts):
            return any(holds(each, item) for each in parts)
        case ("not", part):
            return not holds(part, item)
        case ("in", operand, candidates):
            return any(_same(read(operand, item), read(each, item)) for each in candidates)
        case (operator, *operands):
            return _compare(operator, [read(each, item) for each in operands])
        case _:
            raise TypeError(tree)


def _compare(operator: str, operands: list[Any]) -> bool:
    match operator, operands:
        case "attribute_exists", [value]:
            return value is not None
        case "attribute_not_exists", [value]:
            return value is None
        case "attribute_type", [value, name]:
            return value is not None and next(iter(value)) == name["S"]
        case "begins_with", [value, prefix]:
            one, two = _order(value), _order(prefix)
            if one is None or two is None or one[0] != two[0] or one[0] == "N":
                return False
            return bool(one[1][: len(two[1])] == two[1])
        case "contains", [value, member]:
            return _contains(value, member)
        case "between", [value, low, high]:
            return _in_order(">=", value, low) and _in_order("<=", value, high)
        case "=", [left, right]:
            return _same(left, right)
        case "<>", [left, right]:
            return not _same(left, right)
        case _, [left, right]:
            return _in_order(operator, left, right)
        case _:
            raise TypeError(operator)


def _contains(value: Any, member: Any) -> bool:
    if value is None or member is None:
        return False
    ((tag, content),) = value.items()
    ((kind, wanted),) = member.items()
    if tag == "L":
        return member in content
    if tag == f"{kind}S":
        return wanted in content
    if tag != kind:
        return False
    if tag == "S":
        return wanted in content
    return tag == "B" and b64decode(wanted) in b64decode(content)


def _spread(value: Any) -> Any:
    """A value with a dict of indexes in the place of each list."""
    ((tag, content),) = value.items()
    if tag == "M":
        return {"M": {name: _spread(each) for name, each in content.items()}}
    if tag == "L":
        return {"L": {at: _spread(each) for at, each in enumerate(content)}}
    return copy.deepcopy(value)


def _gathered(value: Any) -> Any:
    ((tag, content),) = value.items()
    if tag == "M":
        return {"M": {name: _gathered(each) for name, each in content.items()}}
    if tag == "L":
        return {"L": [_gathered(content[at]) for at in sorted(content)]}
    return value


def _parent(spread: Any, path: Path) -> Any:
    at = spread
    for element in path[:-1]:
        at = at.get("M" if isinstance(element, str) else "L", {}).get(element)
        if at is None:
            raise Refused("path")
    kind = "M" if isinstance(path[-1], str) else "L"
    if kind not in at:
        raise Refused("path")
    return at[kind]


def updated(actions: list[Tree], item: Json) -> Json:
    """The item after an update whose paths do not overlap."""
    written: list[tuple[Path, Any]] = []
    for action in actions:
        if action[0] in ("ADD", "DELETE"):
            _, path, value = action
            found = find(item, path)
            ((tag, content),) = value.items()
            if found is not None and tag not in found:
                raise Refused("type")
            if action[0] == "ADD":
                written.append((path, _united(found, tag, content)))
            elif found is not None:
                left = [each for each in found[tag] if each not in content]
                written.append((path, {tag: left} if left else None))
            else:
                written.append((path, None))
    for action in actions:
        if action[0] == "SET":
            written.append((action[1], _needed(action[2], item)))
        elif action[0] == "REMOVE":
            written.append((action[1], None))
    spread = _spread({"M": item})
    for path, value in written:
        parent = _parent(spread, path)
        if value is None:
            parent.pop(path[-1], None)
        else:
            parent[path[-1]] = _spread(value)
    return _gathered(spread)["M"]  # type: ignore[no-any-return]  # an item


def _united(found: Any, tag: str, content: Any) -> Any:
    if found is None:
        return {tag: content}
    if tag == "N":
        return {"N": str(int(found["N"]) + int(content))}
    members = set(found[tag]) | set(content)
    if tag == "NS":
        return {tag: sorted(members, key=int)}
    return {tag: sorted(members, key=b64decode) if tag == "BS" else sorted(members)}


def projected(paths: list[Path], item: Json) -> Json:
    spread: Any = {"M": {}}
    for path in paths:
        found = find(item, path)
        if found is None:
            continue
        at = spread
        for element, following in pairwise(path):
            kind = "M" if isinstance(element, str) else "L"
            below: Any = {"M": {}} if isinstance(following, str) else {"L": {}}
            at = at[kind].setdefault(element, below)
        at["M" if isinstance(path[-1], str) else "L"][path[-1]] = _spread(found)
    return _gathered(spread)["M"]  # type: ignore[no-any-return]  # an item
