"""A rule set: a book for each regime, from the packages, from a folder, or from texts kept with determinations."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from procurement.regimes.dated import Book, LawFault
from procurement.regimes.plain import sha256_hex
from procurement.regimes.registry import REGIMES, regime

SIZE_LIMIT = 2_000_000


@dataclass(frozen=True, slots=True, eq=False)
class RuleSet:
    """The law by which an installation answers: one book for each regime it knows."""

    books: Mapping[str, Book]
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        """Two sets of one digest answer alike, under every regime."""
        object.__setattr__(self, "digest", sha256_hex({name: book.digest for name, book in self.books.items()}))

    def book(self, regime_id: str) -> Book:
        """The book of a regime. Raises: LookupError naming the regimes of the set."""
        if regime_id not in self.books:
            raise LookupError(f"no regime is called {regime_id!r}; the set holds {', '.join(self.books)}")
        return self.books[regime_id]

    def texts(self) -> dict[str, str]:
        """Every file of the set, by name."""
        return {name: text for book in self.books.values() for name, text in book.texts.items()}


@cache
def own() -> RuleSet:
    """The set of the packages themselves."""
    return RuleSet({each.id: each.book() for each in REGIMES})


def from_folder(folder: Path) -> RuleSet:
    """The set of a folder laid out `us_ear/rule_versions.yaml`, ...; files it leaves out are the packages' own.

    Raises:
        LawFault: a file that no regime has, or one that is not what it must be; names the file and the key.
    """
    given = _files(folder)
    set_texts = own().texts()
    if unknown := sorted(set(given) - set(set_texts)):
        raise LawFault(f"{unknown[0]}: no regime has such a file; known are {', '.join(sorted(set_texts))}")
    found = RuleSet({each.id: _book(each.law.texts(), given, each.id) for each in REGIMES})
    for each in REGIMES:
        _same_names(each.book(), found.book(each.id))
    return found


def stored_book(regime_id: str, texts: Mapping[str, str]) -> Book:
    """The book of one regime from texts that were kept.

    Raises:
        LawFault: this program cannot read them.
        LookupError: no regime has that id.
    """
    return regime(regime_id).law.book(texts)


def _book(own_texts: Mapping[str, str], given: Mapping[str, str], regime_id: str) -> Book:
    return stored_book(regime_id, {name: given.get(name, text) for name, text in own_texts.items()})


def _files(folder: Path) -> dict[str, str]:
    if not folder.is_dir():
        raise LawFault(f"{folder}: is not a folder")
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file() and not path.name.startswith(".")]
    found = {path.relative_to(folder).as_posix(): _text(path) for path in paths if path.suffix in (".yaml", ".yml")}
    if not found:
        raise LawFault(f"{folder}: holds no rule file, such as us_ear/rule_versions.yaml")
    return found


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > SIZE_LIMIT:
            raise LawFault(f"{path}: larger than {SIZE_LIMIT} bytes")
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        raise LawFault(f"{path}: cannot be read as text ({fault})") from fault


def _same_names(held: Book, found: Book) -> None:
    """Rules and parameters are asked for by name: one that is gone, or that no rule reads, is a slip of the pen."""
    pairs = (
        ("rule_versions.yaml", {each.rule for each in held.versions}, {each.rule for each in found.versions}),
        ("parameters.yaml", set(held.parameters), set(found.parameters)),
    )
    for name, wanted, given in pairs:
        if missing := sorted(wanted - given):
            raise LawFault(f"{found.regime}/{name}: missing {', '.join(missing)}, which the rules ask for")
        if unknown := sorted(given - wanted):
            raise LawFault(f"{found.regime}/{name}: no rule asks for {', '.join(unknown)}")
