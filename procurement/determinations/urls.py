"""The addresses of determinations."""

from django.urls import path

from procurement.determinations import views

app_name = "determinations"
urlpatterns = [
    path("ask/", views.ask, name="ask"),
    path("ask/<uuid:question_id>/", views.answer, name="answer"),
    path("order/<uuid:order_id>/", views.of_order, name="of_order"),
    path("order/<uuid:order_id>/again/", views.again, name="again"),
    path("<uuid:determination_id>/", views.detail, name="detail"),
]
