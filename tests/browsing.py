"""A browser in which somebody has signed in, and what it shows."""

from __future__ import annotations

import html
from typing import Any

from django.test import Client

from accounts.actors import Actor
from accounts.models import User
from tests import factories


def signed_in(actor: Actor) -> Client:
    """A browser in which ``actor`` has signed in, with the account they have or a new one."""
    user = User.objects.filter(person=actor.person).first() or factories.make_user(actor.person)
    client = Client()
    client.force_login(user)
    return client


def text_of(answer: Any) -> str:
    """The page as a reader sees its words: entities are read."""
    return html.unescape(answer.content.decode())
