"""A command with --json refuses in JSON too, with a stable code."""

from django.core.management.base import CommandError

from config.entry import refusal_as_json
from ledger.errors import ComplianceRefusal


def raised(error: CommandError, cause: BaseException | None) -> CommandError:
    error.__cause__ = cause
    return error


def test_refusal_with_a_domain_cause_keeps_code_and_reasons() -> None:
    cause = ComplianceRefusal("The chain is broken.", blockers=("a licence is suspended",))
    told = refusal_as_json(raised(CommandError("in words", returncode=3), cause))
    assert told == {
        "code": "refused_by_compliance",
        "message": "The chain is broken.",
        "blockers": ["a licence is suspended"],
    }


def test_bad_input_without_a_cause_has_its_code() -> None:
    told = refusal_as_json(raised(CommandError("No job.", returncode=2), None))
    assert (told["code"], told["message"]) == ("invalid_input", "No job.")
