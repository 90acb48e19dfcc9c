"""The app that ties Writ together: commands, the boot's checks."""

from django.apps import AppConfig


class WritConfig(AppConfig):
    """Registers the boot's checks."""

    name = "config"
    verbose_name = "Writ"

    def ready(self) -> None:
        """Imports the checks, which register themselves."""
        from config import boot  # noqa: F401
