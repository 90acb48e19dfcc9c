"""The page of a row, by its name in the address table; an instance that does not serve it links nowhere."""

from __future__ import annotations

from django.urls import NoReverseMatch, reverse


def page(name: str, *arguments: object) -> str:
    """The address of a page, or an empty text where there is none."""
    try:
        return reverse(name, args=arguments or None)
    except NoReverseMatch:
        return ""
