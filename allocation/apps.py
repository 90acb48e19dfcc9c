"""Who may run what, where, now."""

from django.apps import AppConfig


class AllocationConfig(AppConfig):
    name = "allocation"
    verbose_name = "Allocation"

    def ready(self) -> None:
        """Subscribe to the domain events that procurement raises."""
        from allocation import subscriptions

        subscriptions.subscribe()
