"""The addresses of jobs."""

from django.urls import path

from allocation.jobs import views

app_name = "jobs"
urlpatterns = [
    path("", views.index, name="list"),
    path("submit/", views.submit, name="submit"),
    path("<uuid:job_id>/", views.detail, name="detail"),
    path("<uuid:job_id>/live/", views.live, name="live"),
    path("<uuid:job_id>/metrics/", views.metrics, name="metrics"),
    path("<uuid:job_id>/log/", views.log, name="log"),
    path("<uuid:job_id>/cancel/", views.cancel, name="cancel"),
    path("<uuid:job_id>/evidence/", views.evidence, name="evidence"),
]
