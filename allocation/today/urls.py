"""The first page."""

from django.urls import path

from allocation.today import views

urlpatterns = [path("", views.today, name="today")]
