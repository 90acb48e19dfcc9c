"""The cache holds JSON alone: what comes from Redis is never unpickled."""

import pickle

import pytest
from django.conf import settings

from config.cache import JsonSerializer


class Trap:
    """Runs code when it is unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return pytest.fail, ("unpickled",)


def test_pickle_from_redis_is_as_if_nothing_were_there() -> None:
    assert JsonSerializer().loads(pickle.dumps(Trap())) is None


def test_json_and_counts_come_back_as_they_were() -> None:
    cache = JsonSerializer()
    for value in ([1.5, 2.5], {"a": None}, "text", True):
        stored = cache.dumps(value)
        assert isinstance(stored, bytes)
        assert cache.loads(stored) == value
    assert cache.dumps(7) == 7
    assert cache.loads(b"7") == 7


def test_cache_of_the_settings_uses_it() -> None:
    from config import settings as written

    assert written.CACHES["default"]["OPTIONS"]["serializer"] == "config.cache.JsonSerializer"
    assert settings.CACHES
