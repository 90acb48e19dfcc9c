"""The addresses of parties and sites."""

from django.urls import path

from procurement.parties import views

app_name = "parties"
urlpatterns = [
    path("new/", views.new, name="new"),
    path("sites/new/", views.new_site, name="site_new"),
]
