"""Acting for another of one's organisations; who has access, and its end; one's own tokens."""

from django.urls import path

from accounts import people_views, token_views, views

app_name = "accounts"
urlpatterns = [
    path("act-for/", views.switch_membership, name="switch"),
    path("people/", people_views.people, name="people"),
    path("people/<uuid:person_id>/", people_views.person, name="person"),
    path("people/<uuid:person_id>/left/", people_views.left, name="left"),
    path("memberships/<uuid:membership_id>/end/", people_views.end, name="end"),
    path("tokens/", token_views.tokens, name="tokens"),
    path("tokens/<uuid:token_id>/revoke/", token_views.revoke, name="revoke_token"),
]
