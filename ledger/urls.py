"""The ledger's addresses."""

from django.urls import path

from ledger import views

app_name = "ledger"
urlpatterns = [
    path("", views.browse, name="browse"),
    path("verify/", views.verify, name="verify"),
    path("<uuid:entry_id>/", views.entry, name="entry"),
]
