"""The addresses of demands and orders; an order is named by its reference or its id."""

from django.urls import path

from procurement.orders import resume_views, views

app_name = "orders"
urlpatterns = [
    path("", views.index, name="list"),
    path("new/", views.new, name="new"),
    path("demands/new/", views.new_demand, name="demand_new"),
    path("<slug:key>/", views.detail, name="detail"),
    path("<slug:key>/edit/", views.edit, name="edit"),
    path("<slug:key>/submit/", views.submit, name="submit"),
    path("<slug:key>/withdraw/", views.withdraw, name="withdraw"),
    path("<slug:key>/resume/", resume_views.propose, name="propose_resume"),
    path("<slug:key>/resume/countersign/", resume_views.countersign, name="countersign_resume"),
    path("<slug:key>/resume/withdraw/", resume_views.withdraw, name="withdraw_resume"),
    path("<slug:key>/release/", views.release, name="release"),
    path("<slug:key>/receive/", views.receive, name="receive"),
    path("<slug:key>/documents/", views.attach, name="attach"),
    path("<slug:key>/documents/<uuid:attachment_id>/", views.document, name="document"),
]
