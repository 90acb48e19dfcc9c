"""The addresses of the schedule."""

from django.urls import path

from allocation.scheduler import policy_views, supply_views, views

app_name = "schedule"
urlpatterns = [
    path("", views.queue, name="queue"),
    path("jobs/<uuid:job_id>/", views.outlook, name="outlook"),
    path("jobs/<uuid:job_id>/priority/", policy_views.prioritise, name="prioritise"),
    path("could-run/", views.could_run, name="could_run"),
    path("capacity/", views.capacity, name="capacity"),
    path("capacity/data/", views.capacity_data, name="capacity_data"),
    path("what-if/", views.see_what_if, name="what_if"),
    path("shares/", policy_views.shares, name="shares"),
    path("shares/weight/", policy_views.weigh, name="weigh"),
    path("shares/quota/", policy_views.set_quota, name="set_quota"),
    path("shares/quota/drop/", policy_views.drop_quota, name="drop_quota"),
    path("shares/filing/", policy_views.prioritise_filing, name="prioritise_filing"),
    path("rules/", policy_views.rules, name="rules"),
    path("bookings/", policy_views.bookings, name="bookings"),
    path("bookings/book/", policy_views.book, name="book"),
    path("bookings/cancel/", policy_views.cancel_booking, name="cancel_booking"),
    path("caps/", policy_views.caps, name="caps"),
    path("caps/cap/", policy_views.cap, name="cap"),
    path("supply/", supply_views.supply, name="supply"),
    path("supply/<uuid:order_id>/", supply_views.order, name="supply_order"),
    path("supply/<uuid:order_id>/propose/", supply_views.propose, name="propose"),
    path("supply/<uuid:order_id>/decide/", supply_views.decide, name="decide"),
]
