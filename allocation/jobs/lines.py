"""A job file as a mapping that remembers on which line each value stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import yaml

MAX_BYTES: Final = 64 * 1024
MAX_DEPTH: Final = 8
MAX_INTEGER_BITS: Final = 64

Path = tuple[str, ...]


@dataclass(frozen=True)
class Problem:
    """One thing wrong with a job file; ``line`` counts from 1."""

    line: int
    message: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.message}"


class Unreadable(ValueError):
    """A job file that cannot be read at all."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


@dataclass
class JobFile:
    """What a job file says, and the line of each value by its path."""

    values: dict[str, Any]
    line_of: dict[Path, int] = field(default_factory=dict)

    def line(self, path: Path) -> int:
        """The line of a value, or of the nearest thing around it."""
        while path and path not in self.line_of:
            path = path[:-1]
        return self.line_of.get(path, 1)


def read_job_file(source: str) -> JobFile:
    """Read YAML safely: no tags but the plain ones, no aliases, no key twice, 64 KiB at most.

    Raises:
        Unreadable: with the line and what is wrong there.
    """
    size = len(source.encode("utf-8", errors="replace"))
    if size > MAX_BYTES:
        raise Unreadable(Problem(1, f"The file is {size} bytes long; the limit is {MAX_BYTES}."))
    try:
        _refuse_what_is_not_plain(source)
        node = yaml.compose(source, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise Unreadable(_problem_of(error)) from error
    if not isinstance(node, yaml.MappingNode):
        raise Unreadable(Problem(1, "A job file is a list of `name: value` lines."))
    read = JobFile({})
    read.values = _mapping(node, (), read.line_of)
    return read


def _refuse_what_is_not_plain(source: str) -> None:
    """Aliases let a small file stand for a huge one; depth is bounded for the same reason.

    A tag (``!!int ""``) would force a value into a kind that its text is not.
    """
    depth = 0
    for event in yaml.parse(source, Loader=yaml.SafeLoader):
        if isinstance(event, yaml.AliasEvent):
            raise Unreadable(Problem(_line_of(event), "Aliases (*name) are not used in job files."))
        if getattr(event, "tag", None) is not None:
            raise Unreadable(Problem(_line_of(event), "Tags (!name) are not used in job files."))
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise Unreadable(Problem(_line_of(event), f"Nested deeper than {MAX_DEPTH} levels."))


def _line_of(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


def _mapping(node: yaml.MappingNode, path: Path, line_of: dict[Path, int]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        name = key_node.value
        if not isinstance(key_node, yaml.ScalarNode) or not _is_storable(name):
            raise Unreadable(Problem(line, "A name is plain text."))
        if name in found:
            raise Unreadable(Problem(line, f"{name!r} is given twice."))
        line_of[(*path, name)] = line
        found[name] = _value(value_node, (*path, name), line_of)
    return found


def _value(node: yaml.Node, path: Path, line_of: dict[Path, int]) -> Any:
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, path, line_of)
    if isinstance(node, yaml.SequenceNode):
        return [_value(each, path, line_of) for each in node.value]
    return _scalar(node)


def _scalar(node: yaml.Node) -> Any:
    """A plain value; a number with a point stays text, so that 0.003 is exactly what was written."""
    if node.tag == "tag:yaml.org,2002:float":
        return str(node.value)
    constructor = yaml.SafeLoader("").construct_object
    line = node.start_mark.line + 1
    try:
        value = constructor(node)
    except (yaml.YAMLError, ValueError) as error:
        raise Unreadable(Problem(line, f"{str(node.value)[:60]!r} cannot be read as a value.")) from error
    if not _is_storable(value):
        raise Unreadable(Problem(line, f"{str(node.value)[:60]!r} is no value that can be kept."))
    return value


def _is_storable(value: Any) -> bool:
    """Whether PostgreSQL and JSON can keep it: no NUL or half of a character in a text, no boundless number."""
    if isinstance(value, str):
        return not any(character == "\0" or "\ud800" <= character <= "\udfff" for character in value)
    return not isinstance(value, int) or value.bit_length() <= MAX_INTEGER_BITS


def _problem_of(error: yaml.YAMLError) -> Problem:
    mark = getattr(error, "problem_mark", None)
    words = str(getattr(error, "problem", None) or "it is not YAML").strip()
    return Problem(mark.line + 1 if mark else 1, f"The file cannot be read here: {words}.")
