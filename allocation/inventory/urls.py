"""The addresses of hosts and devices."""

from django.urls import path

from allocation.inventory import host_views, views

app_name = "inventory"
urlpatterns = [
    path("", views.devices, name="devices"),
    path("<uuid:device_id>/", views.device, name="device"),
    path("enrol/", views.enrol, name="enrol"),
    path("hosts/<uuid:host_id>/", host_views.host, name="host"),
    path("hosts/<uuid:host_id>/what-if/", host_views.what_if, name="host_what_if"),
    path("hosts/<uuid:host_id>/drain/", host_views.drain, name="host_drain"),
    path("hosts/<uuid:host_id>/resume/", host_views.resume, name="host_resume"),
    path("hosts/<uuid:host_id>/retire/", host_views.retire, name="host_retire"),
    path("incidents/<uuid:incident_id>/close/", host_views.close, name="close_incident"),
]
