"""The chain as a part of other pages."""

from django.urls import path

from allocation.chain import views

app_name = "chain"
urlpatterns = [
    path("order/<uuid:subject_id>/", views.order, name="order"),
    path("filing/<uuid:subject_id>/", views.filing, name="filing"),
    path("licence/<uuid:subject_id>/", views.licence, name="licence"),
    path("device/<uuid:subject_id>/", views.device, name="device"),
    path("job/<uuid:subject_id>/", views.job, name="job"),
]
