"""Import review in mainland China as reported: a report never refuses, it holds, and two officers decide."""

from datetime import date
from typing import Any

from procurement.regimes import geography
from procurement.regimes.answer import answered, must
from procurement.regimes.dated import Book, Law, Sheet, exact_keys
from procurement.regimes.facts import TransactionFacts
from procurement.regimes.geography import country_name
from procurement.regimes.lanes import Lane, ReviewPolicy
from procurement.regimes.law_files import LawFiles
from procurement.regimes.licence_ends import ends_ahead
from procurement.regimes.notes import Answer, Notebook
from procurement.regimes.outcome import Determination, Missing, Upcoming
from procurement.regimes.prc_import import authority, beside, reports
from procurement.regimes.prc_import.subjects import named_report, read_classes, read_subjects, sibling_flags

REGIME = "prc_import"
PACKAGE = "procurement.regimes.prc_import"
DATA_CENTRE = Missing("item.is_data_centre", "Whether it is a data-centre part is not stated.", "the chip's page")


def read_clocks(sheet: Sheet) -> tuple[dict[str, Any], ...]:
    """The dates ahead that the reports name."""
    clocks = sheet.only("clocks")["clocks"]
    for clock in clocks:
        exact_keys(clock, ("due", "known_since", "rule", "text"), sheet.where)
    return tuple(clocks)


LAW = LawFiles(
    REGIME,
    PACKAGE,
    beside=(geography.PACKAGE,),
    readers=(
        *geography.READERS,
        ("clocks.yaml", read_clocks),
        ("subjects.yaml", read_subjects),
        ("classes.yaml", read_classes),
    ),
)


def determine(facts: TransactionFacts, *, on: date, book: Book | None = None) -> Determination:
    """The regime's answer on a day (Shanghai date), from the reports dated until then, or from another book's.

    Source: press reports and company filings, each a dated rule version; no official text was found.
    Simplification: data-centre parts, and parts that a report names, are in the reports' reach; others are outside.
    """
    held = book or LAW.book()
    notes = Notebook(held.at(on))
    if on > held.read_until:
        notes.warn(f"Reports published after {held.read_until} were not read.")
    lane, policy = _decide(facts, notes)
    return answered(notes, lane, policy, upcoming=_upcoming(facts, notes.law))


def _decide(facts: TransactionFacts, notes: Notebook) -> tuple[Lane, ReviewPolicy | None]:
    begins = notes.law.book.begins
    if notes.law.on < begins:
        notes.lack(Missing(f"rules@{notes.law.on}", f"The reports encoded begin on {begins}.", "the rule data"))
        return Lane.UNDETERMINED, None
    outside = _outside(facts, notes)
    beside.show(facts, notes, is_import=outside is None)
    if outside is not None:
        return outside, None
    ruled = authority.answer(facts.imports, notes)
    if ruled is not None:
        return ruled, None
    return reports.by_reports(facts, notes)


def _outside(facts: TransactionFacts, notes: Notebook) -> Lane | None:
    """No import into mainland China, or a chip made there, or a part that no report is about."""
    version, item = must(notes, "import.territory"), facts.item
    place = facts.route.install_country or facts.route.to_country
    enters = "CN" in (place, facts.route.to_country) and facts.route.from_country != "CN"
    name = country_name(place, notes.law.book)
    notes.branch(version, "Is it imported into mainland China?", Answer.of(enters), fact=f"to {name}")
    if not enters:
        notes.reason(version, "Nothing is imported into mainland China.")
        return Lane.NO_REQUIREMENT_FOUND
    if item.maker_country == "CN":
        notes.reason(version, f"{item.name} is a domestic chip there: the reports are about foreign ones.")
        return Lane.NO_REQUIREMENT_FOUND
    sibling_flags(item, notes)
    if named_report(item, notes) is not None:
        return None
    if item.is_data_centre is None:
        notes.lack(DATA_CENTRE)
        return Lane.UNDETERMINED
    if not item.is_data_centre:
        notes.reason(version, f"No report held is about parts such as {item.name}, which is not a data-centre part.")
        return Lane.NO_REQUIREMENT_FOUND
    return None


def _upcoming(facts: TransactionFacts, law: Law) -> tuple[Upcoming, ...]:
    ends = ends_ahead(facts, "importer", law.on)
    if "CN" not in (facts.route.to_country, facts.route.install_country):
        return ends
    clocks = law.book.read("clocks.yaml", read_clocks)
    ahead = (Upcoming(c["due"], c["text"], c["rule"]) for c in clocks if c["known_since"] <= law.on < c["due"])
    return (*ahead, *ends)
