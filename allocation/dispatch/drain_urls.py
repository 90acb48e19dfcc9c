"""Drains as parts of the page of what caused them: a licence, a filing, a person."""

from django.urls import path

from allocation.dispatch import drain_views

app_name = "drains"
urlpatterns = [
    path("what-if/licence/<uuid:licence_id>/", drain_views.what_if_licence, name="what_if_licence"),
    path("what-if/filing/<uuid:filing_id>/", drain_views.what_if_filing, name="what_if_filing"),
    path("what-if/membership/<uuid:membership_id>/", drain_views.what_if_membership, name="what_if_membership"),
    path("what-if/person/<uuid:person_id>/", drain_views.what_if_person, name="what_if_person"),
    path("licence/<uuid:licence_id>/", drain_views.licence, name="licence"),
    path("filing/<uuid:filing_id>/", drain_views.filing, name="filing"),
    path("person/<uuid:person_id>/", drain_views.person, name="person"),
]
