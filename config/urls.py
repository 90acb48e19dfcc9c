"""Every address of Writ. Each slice owns its own `urls.py`; this file only says where it hangs."""

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path

from config.api import api

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("allocation.dispatch.urls")),
    path("", include("allocation.today.urls")),
    path("account/", include("accounts.urls")),
    path("account/", include("allauth.urls")),
    path("api/v1/", api.urls),
    path("catalog/", include("procurement.catalog.urls")),
    path("determinations/", include("procurement.determinations.urls")),
    path("chain/", include("allocation.chain.urls")),
    path("devices/", include("allocation.inventory.urls")),
    path("drains/", include("allocation.dispatch.drain_urls")),
    path("jobs/", include("allocation.jobs.urls")),
    path("evidence/", include("procurement.evidence.urls")),
    path("records/", include("procurement.records.urls")),
    path("filings/", include("procurement.filings.urls")),
    path("ledger/", include("ledger.urls")),
    path("licences/", include("procurement.licences.urls")),
    path("orders/", include("procurement.orders.urls")),
    path("parties/", include("procurement.parties.urls")),
    path("review/", include("procurement.review.urls")),
    path("schedule/", include("allocation.scheduler.urls")),
    path("screening/", include("procurement.screening.urls")),
    path("usage/", include("allocation.metering.urls")),
]

if settings.WRIT_METRICS:
    urlpatterns.append(path("", include("django_prometheus.urls")))

handler403 = "accounts.views.forbidden"
handler404 = "accounts.views.not_found"
handler500 = "accounts.views.server_error"
