"""Addresses of pages that another room serves; an instance that does not serve one links nowhere."""

from __future__ import annotations

from urllib.parse import urlencode

from django.urls import NoReverseMatch, reverse


def address(name: str, *arguments: object, **query: object) -> str:
    """The address of a page, or an empty text where there is none."""
    try:
        found = reverse(name, args=arguments or None)
    except NoReverseMatch:
        return ""
    return f"{found}?{urlencode(query)}" if query else found
