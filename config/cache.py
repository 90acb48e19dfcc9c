"""What the cache holds is JSON: Redis is not trusted, and a pickle from it could run anything."""

from __future__ import annotations

import json
from typing import Any


class JsonSerializer:
    """For Django's Redis cache, in place of pickle. Whole numbers stay bare, so that Redis can count them."""

    def dumps(self, value: Any) -> bytes | int:
        """What is stored.

        Raises:
            TypeError: the value has no JSON form.
        """
        return value if type(value) is int else json.dumps(value).encode()

    def loads(self, stored: bytes) -> Any:
        """What was stored; anything else than JSON is as if nothing had been there."""
        try:
            return json.loads(stored)
        except ValueError:
            return None
