"""Reasons as a reader gets them: what the rules said, then what is missing and where it is entered."""

from procurement.regimes.notes import Notebook
from procurement.regimes.outcome import Reason


def with_missing(notes: Notebook) -> tuple[Reason, ...]:
    """The notebook's reasons, and one more for each missing fact or table."""
    lacking = [
        Reason(
            f"missing:{each.fact}",
            notes.law.book.digest[:12],
            f"{each.text} Enter it at: {each.entered_at}.",
            "",
        )
        for each in notes.missing
    ]
    return (*notes.reasons, *lacking)
