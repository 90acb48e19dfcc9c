"""The story's own clients: of the API with a bearer token, and of the pages with a sign-in."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.parse
import urllib.request
from http.cookiejar import CookieJar
from typing import Any

from config.demo.narrator import StoryBroken

TIMEOUT_S = 30
CSRF_FIELD = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


class Client:
    """Calls the API as one person."""

    def __init__(self, base_url: str, token: str) -> None:
        self._base_url, self._token = base_url, token

    def get(self, path: str) -> dict[str, Any]:
        """GET, and what came back."""
        return self._call("GET", path, None)[1]

    def post(self, path: str, said: dict[str, Any]) -> dict[str, Any]:
        """POST, and what came back.

        Raises:
            StoryBroken: it was refused.
        """
        status, answer = self._call("POST", path, said)
        if status >= 400:
            raise StoryBroken(f"POST {path} was refused ({status}): {answer}")
        return answer

    def refused(self, path: str, said: dict[str, Any], *, status: int) -> str:
        """POST what must be refused; the words of the refusal.

        Raises:
            StoryBroken: it was not refused, or otherwise.
        """
        got, answer = self._call("POST", path, said)
        if got != status:
            raise StoryBroken(f"POST {path} answered {got}, not {status}: {answer}")
        return str(answer["message"])

    def _call(self, method: str, path: str, said: dict[str, Any] | None) -> tuple[int, dict[str, Any]]:
        body = None if said is None else json.dumps(said).encode()
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        request = urllib.request.Request(self._base_url + path, data=body, method=method, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)


class Visitor:
    """Opens pages as one signed-in person, by the same form as everybody."""

    def __init__(self, base_url: str) -> None:
        self._base_url, self._cookies = base_url, CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self._cookies))

    def sign_in(self, email: str, password: str) -> None:
        """Sign in.

        Raises:
            StoryBroken: the page did not take it.
        """
        found = CSRF_FIELD.search(self.open("/account/login/"))
        token = found[1] if found else ""
        said = {"login": email, "password": password, "csrfmiddlewaretoken": token}
        request = urllib.request.Request(self._base_url + "/account/login/", urllib.parse.urlencode(said).encode())
        request.add_header("Referer", self._base_url + "/account/login/")
        with self._opener.open(request, timeout=TIMEOUT_S) as answer:
            if "/account/login" in answer.url:
                raise StoryBroken(f"{email} could not sign in")

    def open(self, path: str) -> str:
        """The page's text."""
        with self._opener.open(self._base_url + path, timeout=TIMEOUT_S) as answer:
            return str(answer.read().decode())
