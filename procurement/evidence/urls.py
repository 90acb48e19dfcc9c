"""The addresses of certifications and their evidence."""

from django.urls import path

from procurement.evidence import flag_views, views

app_name = "evidence"
urlpatterns = [
    path("order/<uuid:order_id>/", views.of_order, name="order"),
    path("order/<uuid:order_id>/file/<slug:piece>/", views.file, name="file"),
    path("order/<uuid:order_id>/flags/", flag_views.flags, name="flags"),
    path("order/<uuid:order_id>/flags/rest/", flag_views.answer_rest, name="answer_rest"),
    path("order/<uuid:order_id>/flags/<slug:code>/", flag_views.answer, name="answer_flag"),
    path("<uuid:evidence_id>/accept/", views.accept, name="accept"),
    path("<uuid:evidence_id>/return/", views.return_, name="return"),
    path("<uuid:evidence_id>/withdraw/", views.withdraw, name="withdraw"),
    path("<uuid:evidence_id>/documents/<uuid:attachment_id>/", views.document, name="document"),
]
