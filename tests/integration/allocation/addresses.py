"""The host-facing addresses alone, so that these tests need no page of another room."""

from django.urls import include, path

urlpatterns = [path("", include("allocation.dispatch.urls"))]
