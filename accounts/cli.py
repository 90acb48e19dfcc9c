"""Who acts at the command line: an account by its e-mail address, through one live membership."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any, Final

from django.core.management.base import CommandError

from accounts.actors import Actor, live_memberships
from accounts.permissions import Act

BAD_INPUT: Final = 2
REFUSED: Final = 3


def add_actor_option(parser: ArgumentParser) -> None:
    """``--as EMAIL``: needed, since every act is somebody's."""
    parser.add_argument("--as", dest="email", required=True, metavar="EMAIL", help="the account that acts")


def actor_from(options: dict[str, Any], act: Act) -> Actor:
    """The actor of ``--as``: the oldest live membership of that person whose role permits ``act``.

    Raises:
        CommandError: nobody by that address (exit status 2), or no role that permits the act (3).
    """
    email = options["email"].strip().lower()
    memberships = list(live_memberships().filter(person__accounts__email=email).order_by("starts_at", "pk"))
    if not memberships:
        raise CommandError(f"No account {email} with a live membership.", returncode=BAD_INPUT)
    for membership in memberships:
        if Actor(membership).may(act):
            return Actor(membership)
    words = str(act).replace("_", " ")
    raise CommandError(f"{email} has no role that may {words}.", returncode=REFUSED)
