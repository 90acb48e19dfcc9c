"""The append-only record of who did what, and the one outbox."""

from typing import Final

from django.apps import AppConfig

APPEND_ONLY_TABLES: Final = ("ledger_entry", "ledger_seal", "ledger_head", "ledger_document")


class LedgerConfig(AppConfig):
    name = "ledger"
    verbose_name = "Ledger"
