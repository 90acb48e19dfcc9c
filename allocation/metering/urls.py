"""The addresses of usage returns."""

from django.urls import path

from allocation.metering import views

app_name = "metering"
urlpatterns = [
    path("", views.licences, name="licences"),
    path("<uuid:licence_id>/<str:month>/", views.month, name="month"),
]
