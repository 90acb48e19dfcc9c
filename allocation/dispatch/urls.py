"""Addresses for hosts."""

from django.urls import path

from allocation.dispatch import views

app_name = "host"

urlpatterns = [
    path("host/v1/enrol", views.enrol, name="enrol"),
    path("host/v1/report", views.report, name="report"),
    path("host/v1/poll", views.poll, name="poll"),
    path("host/v1/claim", views.claim, name="claim"),
    path("host/v1/renew", views.renew, name="renew"),
    path("host/v1/metrics", views.metrics, name="metrics"),
    path("host/v1/checkpoint", views.checkpoint, name="checkpoint"),
    path("host/v1/end", views.end, name="end"),
]
