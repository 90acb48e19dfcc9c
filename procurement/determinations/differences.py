"""What differs between two results of the same transaction: another rule set, or another day (no Django here)."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

Result = Mapping[str, Any]
Named = tuple[tuple[str, ...], ...]
TURNED: Final = ("lane", "review_policy", "duty_rate")
OWN_TO_A_SET: Final = ("rule_set_sha256", "rule_versions", "on")


@dataclass(frozen=True, slots=True)
class Turned:
    """A part of the answer that is one thing before and another after."""

    what: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Moved:
    """What the later answer has and the earlier has not, and the other way round."""

    what: str
    gained: Named
    lost: Named


@dataclass(frozen=True, slots=True)
class Differences:
    """All that differs; `is_detail_only` where nothing but words, figures of a branch or dates ahead do."""

    turned: tuple[Turned, ...]
    moved: tuple[Moved, ...]
    branches: tuple[Turned, ...]
    is_detail_only: bool

    def __bool__(self) -> bool:
        """Whether anything differs."""
        return bool(self.turned or self.moved or self.branches or self.is_detail_only)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON, with the parts that differ alone."""
        return {
            **{each.what: {"before": each.before, "after": each.after} for each in self.turned},
            **{each.what: {"gained": _plain(each.gained), "lost": _plain(each.lost)} for each in self.moved},
            "branches": [{"question": b.what, "before": b.before, "after": b.after} for b in self.branches],
            "details_only": self.is_detail_only,
        }


def from_json(told: Mapping[str, Any]) -> Differences:
    """What `Differences.to_json` wrote, read again."""
    turned = [Turned(name, told[name]["before"], told[name]["after"]) for name in (*TURNED, "eccn") if name in told]
    moved = [Moved(name, _named(told[name]["gained"]), _named(told[name]["lost"])) for name in MOVED if name in told]
    branches = [Turned(each["question"], each["before"], each["after"]) for each in told["branches"]]
    return Differences(tuple(turned), tuple(moved), tuple(branches), bool(told["details_only"]))


def _named(names: Iterable[Any]) -> Named:
    return tuple((name,) if isinstance(name, str) else tuple(name) for name in names)


def differences(before: Result, after: Result) -> Differences:
    """What turned, what was gained and lost, over all lines of the two results."""
    turned = [Turned(name, before[name], after[name]) for name in TURNED if before[name] != after[name]]
    eccns = [", ".join(sorted({line["eccn"] for line in _lines(each) if line["eccn"]})) for each in (before, after)]
    if eccns[0] != eccns[1]:
        turned.append(Turned("eccn", eccns[0] or None, eccns[1] or None))
    moved = [found for what, names in MOVED.items() if (found := _moved(what, names, before, after))]
    branches = _branches(before, after)
    is_detail_only = not (turned or moved or branches) and _details(before) != _details(after)
    return Differences(tuple(turned), tuple(moved), branches, is_detail_only)


def reason_key(row: Result) -> tuple[str, ...]:
    """What makes two reasons the same one: rule and words. The version may be another where the words stand."""
    return (str(row["rule"]), str(row["text"]))


def branch_key(row: Result) -> tuple[str, ...]:
    """What makes two branches the same one: the question under its rule."""
    return (str(row["rule"]), str(row["question"]), str(row["under"]))


def told_in_words(found: Differences) -> list[str]:
    """One line for each thing that differs, as the commands print them."""
    if not found:
        return ["  nothing differs"]
    lines = [_turned_words(each) for each in found.turned]
    lines += [line for each in found.moved for line in _moved_words(each)]
    lines += [f"  branch: {_turned_words(each).strip()}" for each in found.branches]
    return lines or ["  only words, figures or dates ahead differ"]


def _turned_words(each: Turned) -> str:
    before, after = (("none" if side is None else side.replace("_", " ")) for side in (each.before, each.after))
    return f"  {each.what.replace('_', ' ')}: {before} -> {after}"


def _moved_words(each: Moved) -> list[str]:
    signs = [("+", each.gained), ("-", each.lost)]
    return [f"  {sign} {each.what}: {': '.join(name)}" for sign, names in signs for name in names]


MOVED: Final[dict[str, Callable[[Result], Iterable[tuple[str, ...]]]]] = {
    "reasons": lambda line: (reason_key(row) for row in line["reasons"]),
    "certifications": lambda line: ((row["id"], row["title"]) for row in line["certifications"]),
    "exceptions": lambda line: ((row["symbol"],) for row in line["exceptions"]),
    "missing": lambda line: ((row["fact"],) for row in line["missing"]),
}


def _moved(
    what: str, names: Callable[[Result], Iterable[tuple[str, ...]]], before: Result, after: Result
) -> Moved | None:
    held, found = ({name: None for line in _lines(each) for name in names(line)} for each in (before, after))
    gained = tuple(name for name in found if name not in held)
    lost = tuple(name for name in held if name not in found)
    return Moved(what, gained, lost) if gained or lost else None


def _branches(before: Result, after: Result) -> tuple[Turned, ...]:
    """Branches of one question that came out otherwise, or that one of the two did not ask."""
    held, found = (
        {branch_key(row): str(row["result"]) for line in _lines(each) for row in line["tree"]}
        for each in (before, after)
    )
    asked = (*held, *(key for key in found if key not in held))
    return tuple(Turned(key[1], held.get(key), found.get(key)) for key in asked if held.get(key) != found.get(key))


def _lines(result: Result) -> list[Result]:
    return [result, *result.get("other_lines", ())]


def _details(result: Result) -> list[dict[str, Any]]:
    """Everything but the set's own digest: the version of a missing fact's reason is that digest too."""
    return [
        {
            **{name: value for name, value in line.items() if name not in (*OWN_TO_A_SET, "other_lines", "reasons")},
            "reasons": [(*reason_key(row), row["citation"]) for row in line["reasons"]],
        }
        for line in _lines(result)
    ]


def _plain(names: Named) -> list[Any]:
    return [name[0] if len(name) == 1 else list(name) for name in names]
