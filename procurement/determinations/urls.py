"""The addresses of determinations."""

from django.urls import path

from procurement.determinations import compared, preview_views, stated_views, views

app_name = "determinations"
urlpatterns = [
    path("ask/", views.ask, name="ask"),
    path("ask/<uuid:question_id>/", views.answer, name="answer"),
    path("rules/preview/", preview_views.last, name="preview"),
    path("order/<uuid:order_id>/", views.of_order, name="of_order"),
    path("ask/<uuid:question_id>/compare/", compared.of_question, name="compare_asked"),
    path("order/<uuid:order_id>/compare/", compared.of_order, name="compare"),
    path("order/<uuid:order_id>/again/", views.again, name="again"),
    path("order/<uuid:order_id>/stated/", stated_views.state, name="state"),
    path("<uuid:determination_id>/", views.detail, name="detail"),
]
