"""What is bought, for what, and under whose approvals."""

from django.apps import AppConfig


class ProcurementConfig(AppConfig):
    name = "procurement"
    verbose_name = "Procurement"

    def ready(self) -> None:
        """Imports the check of the rule set, which registers itself."""
        from procurement.determinations import checks  # noqa: F401
