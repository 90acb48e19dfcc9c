"""The addresses of screening."""

from django.urls import path

from procurement.screening import views

app_name = "screening"
urlpatterns = [
    path("", views.queue, name="queue"),
    path("hits/<uuid:hit_id>/", views.hit, name="hit"),
    path("hits/<uuid:hit_id>/decide/", views.decide, name="decide"),
    path("hits/<uuid:hit_id>/countersign/", views.countersign, name="countersign"),
    path("search/", views.search, name="search"),
    path("search/<uuid:search_id>/", views.found, name="found"),
    path("lists/", views.lists, name="lists"),
    path("parties/<uuid:party_id>/", views.party, name="party"),
    path("parties/<uuid:party_id>/screen/", views.rescreen, name="rescreen"),
    path("of/<str:kind>/<uuid:subject_id>/", views.of, name="of"),
]
