"""The addresses of licences; a licence is named by its reference or its id."""

from django.urls import path

from procurement.licences import views

app_name = "licences"
urlpatterns = [
    path("", views.index, name="list"),
    path("new/", views.new, name="new"),
    path("<slug:key>/", views.detail, name="detail"),
    path("<slug:key>/activate/", views.activate, name="activate"),
    path("<slug:key>/suspend/", views.suspend, name="suspend"),
    path("<slug:key>/reinstate/", views.reinstate, name="reinstate"),
    path("<slug:key>/revoke/", views.revoke, name="revoke"),
    path("<slug:key>/countersign/", views.countersign, name="countersign"),
    path("<slug:key>/withdraw/", views.withdraw, name="withdraw"),
    path("<slug:key>/conditions/<uuid:condition_id>/attest/", views.attest, name="attest"),
    path("<slug:key>/documents/<uuid:attachment_id>/", views.document, name="document"),
]
