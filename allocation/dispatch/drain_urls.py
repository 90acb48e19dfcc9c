"""Drains as parts of a licence's page."""

from django.urls import path

from allocation.dispatch import drain_views

app_name = "drains"
urlpatterns = [
    path("what-if/licence/<uuid:licence_id>/", drain_views.what_if_licence, name="what_if_licence"),
    path("licence/<uuid:licence_id>/", drain_views.licence, name="licence"),
]
