"""The addresses of use-case filings."""

from django.urls import path

from procurement.filings import act_views, views

app_name = "filings"
urlpatterns = [
    path("", views.index, name="list"),
    path("new/", views.new, name="new"),
    path("<uuid:filing_id>/", views.detail, name="detail"),
    path("<uuid:filing_id>/edit/", views.edit, name="edit"),
    path("<uuid:filing_id>/remote-users/", views.name_remote_user, name="remote_users"),
    path("<uuid:filing_id>/remote-users/<int:user_id>/remove/", views.remove_remote_user, name="remove_remote_user"),
    path("<uuid:filing_id>/submit/", views.submit, name="submit"),
    path("<uuid:filing_id>/withdraw/", views.withdraw, name="withdraw"),
    path("<uuid:filing_id>/suspend/", act_views.suspend, name="suspend"),
    path("<uuid:filing_id>/revoke/", act_views.revoke, name="revoke"),
    path("<uuid:filing_id>/reinstate/", act_views.reinstate, name="reinstate"),
    path("<uuid:filing_id>/countersign/", act_views.countersign, name="countersign"),
    path("<uuid:filing_id>/turn-down/", act_views.withdraw, name="turn_down"),
]
