"""The addresses of casework."""

from django.urls import path

from procurement.review import views

app_name = "review"
urlpatterns = [
    path("", views.queue, name="queue"),
    path("<uuid:case_id>/", views.case, name="case"),
    path("<uuid:case_id>/claim/", views.claim, name="claim"),
    path("<uuid:case_id>/release/", views.release, name="release"),
    path("<uuid:case_id>/ask/", views.ask, name="ask"),
    path("<uuid:case_id>/answer/", views.answer, name="answer"),
    path("<uuid:case_id>/flag/", views.flag, name="flag"),
    path("<uuid:case_id>/advise/", views.advise, name="advise"),
    path("<uuid:case_id>/return/", views.return_advice, name="return"),
    path("<uuid:case_id>/countersign/", views.countersign, name="countersign"),
    path("<uuid:case_id>/conditions/<uuid:condition_id>/attest/", views.attest, name="attest"),
    path("of/<str:kind>/<uuid:subject_id>/", views.standing, name="standing"),
]
