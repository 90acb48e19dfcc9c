"""The addresses of use-case filings."""

from django.urls import path

from procurement.filings import views

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
]
