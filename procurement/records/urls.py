"""The addresses of legal holds and of licences' own record terms."""

from django.urls import path

from procurement.records import views

app_name = "records"
urlpatterns = [
    path("holds/<uuid:hold_id>/lift/", views.propose_lift, name="propose_lift"),
    path("holds/<uuid:hold_id>/keep/", views.keep, name="keep"),
    path("holds/<uuid:hold_id>/countersign/", views.lift, name="lift"),
    path("licence/<uuid:licence_id>/term/", views.term, name="term"),
    path("licence/<uuid:licence_id>/term/countersign/", views.sign_term, name="sign_term"),
    path("licence/<uuid:licence_id>/term/withdraw/", views.withdraw_term, name="withdraw_term"),
    path("<slug:kind>/<uuid:subject_id>/", views.of, name="of"),
    path("<slug:kind>/<uuid:subject_id>/diverted/", views.diverted, name="diverted"),
    path("<slug:kind>/<uuid:subject_id>/hold/", views.place, name="place"),
]
