"""The addresses of hosts and devices."""

from django.urls import path

from allocation.inventory import views

app_name = "inventory"
urlpatterns = [
    path("", views.devices, name="devices"),
    path("<uuid:device_id>/", views.device, name="device"),
    path("enrol/", views.enrol, name="enrol"),
]
