"""The addresses of the catalogue."""

from django.urls import path

from procurement.catalog import views

app_name = "catalog"
urlpatterns = [
    path("", views.chips, name="list"),
    path("<slug:slug>/", views.chip, name="chip"),
]
