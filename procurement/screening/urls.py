"""The addresses of screening."""

from django.urls import path

from procurement.screening import batch_views, list_views, views

app_name = "screening"
urlpatterns = [
    path("", views.queue, name="queue"),
    path("hits/<uuid:hit_id>/", views.hit, name="hit"),
    path("hits/<uuid:hit_id>/decide/", views.decide, name="decide"),
    path("hits/<uuid:hit_id>/countersign/", views.countersign, name="countersign"),
    path("search/", views.search, name="search"),
    path("search/<uuid:search_id>/", views.found, name="found"),
    path("lists/", list_views.lists, name="lists"),
    path("lists/<uuid:snapshot_id>/accept/", list_views.accept_old, name="accept_old"),
    path("batches/", batch_views.batches, name="batches"),
    path("batches/<uuid:batch_id>/", batch_views.batch, name="batch"),
    path("batches/<uuid:batch_id>/result.csv", batch_views.batch_result, name="batch_result"),
    path("precision/", list_views.precision_page, name="precision"),
    path("precision/figures.json", list_views.precision_figures, name="precision_figures"),
    path("parties/<uuid:party_id>/", views.party, name="party"),
    path("parties/<uuid:party_id>/screen/", views.rescreen, name="rescreen"),
    path("of/<str:kind>/<uuid:subject_id>/", views.of, name="of"),
]
