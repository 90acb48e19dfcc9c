"""The addresses of parties and sites."""

from django.urls import path

from procurement.parties import detail_views, views

app_name = "parties"
urlpatterns = [
    path("new/", views.new, name="new"),
    path("sites/new/", views.new_site, name="site_new"),
    path("<uuid:party_id>/", detail_views.detail, name="detail"),
    path("<uuid:party_id>/change/", detail_views.change, name="change"),
    path("<uuid:party_id>/names/", detail_views.add_name, name="add_name"),
    path("<uuid:party_id>/owners/", detail_views.add_owner, name="add_owner"),
    path("<uuid:party_id>/owners/end/", detail_views.end_owner, name="end_owner"),
]
