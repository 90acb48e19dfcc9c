"""Acting for another of one's organisations."""

from django.urls import path

from accounts import views

app_name = "accounts"
urlpatterns = [path("act-for/", views.switch_membership, name="switch")]
