"""Everybody screened again after a list change, and what the case page takes meanwhile: ``make bench-screening``.

    nice -n 15 .venv/bin/python -m bench.screening_pages                       # 10,000 parties, scaled
    nice -n 15 .venv/bin/python -m bench.screening_pages --parties 100000

A database of its own is made and dropped. The real list is loaded, parties with names on no list are screened, some
entries of the list are changed, and the changed list is loaded by a process of its own, as in service: the case page is
asked for before, and while that process matches everybody again. Without WRIT_DATA there is nothing to measure.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import quantiles
from typing import Any

import django
from django.conf import settings

ROOT = Path(__file__).resolve().parents[1]
SEED = 1003
CHANGED = 250
PAGES_BEFORE = 100
LEAST_PAGES = 20
LISTED_SHARE = 200


def main() -> None:
    """Prints the rows of bench/README.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parties", type=int, default=10_000)
    told = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    settings.ALLOWED_HOSTS = ["testserver"]
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}
    with _database() as name, tempfile.TemporaryDirectory() as folder:
        for line in _measured(told.parties, Path(folder), name):
            print(line, flush=True)


@contextmanager
def _database() -> Iterator[str]:
    """A migrated database of this run's own, which Django signs in to."""
    from django.db import connections

    from config.embedded.services import ensure
    from tests import databases

    ensure()
    name = databases.clone_name("bench")
    databases.make_clone(databases.ensure_template(), name)
    connections["default"].close()
    connections["default"].settings_dict["NAME"] = name
    try:
        yield name
    finally:
        connections.close_all()
        databases.drop_clone(name)


def _measured(parties: int, folder: Path, database: str) -> Iterator[str]:
    from procurement.screening.list_services import load_list

    real = Path(settings.WRIT_DATA) / "screening" / "csl_2026-07-31_projection.json"
    if not real.is_file():
        yield "No real list is here (WRIT_DATA): nothing is measured."
        return
    began = time.perf_counter()
    loaded = load_list(actor=None, file=real)
    yield f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; {loaded.snapshot.entry_count:,} listed parties"
    yield f"loading the list whole: {time.perf_counter() - began:.1f} s"
    _make_parties(parties)
    ask = _case_page()
    for _ in range(20):
        ask()
    before = [ask() for _ in range(PAGES_BEFORE)]
    changed = _changed(real, folder)
    during, spent, answer = _while_loading(changed, database, ask)
    at_rest, in_use = _p95(before), _p95(during)
    yield "| screening again and the case page | measured | goal |"
    yield "|---|---|---|"
    scaled = spent * 100_000 / parties
    goal = "under 60 s" if parties >= 100_000 else f"under 60 s for 100,000 (scaled: {scaled:.0f} s)"
    done = f"{answer['rescreened']:,} parties after {answer['changed']} changed entries, list load included"
    yield f"| {done} | {spent:.0f} s wall | {goal} |"
    yield f"| case page, p95 at rest ({len(before)} pages) | {at_rest:.0f} ms | |"
    change = (in_use / at_rest - 1) * 100
    yield f"| case page, p95 meanwhile ({len(during)} pages) | {in_use:.0f} ms ({change:+.0f} %) | within 20 % |"


def _p95(milliseconds: list[float]) -> float:
    return quantiles(milliseconds, n=20, method="inclusive")[18]


def _make_parties(count: int) -> None:
    """Parties on no list, and one in two hundred with a listed name; each screened once, clear."""
    from bench.screening_names import on_no_list
    from procurement.parties.models import Party, ScreeningState
    from procurement.screening.models import ListEntry, ScreeningRun

    listed = list(ListEntry.objects.order_by("entry_key").values_list("name", flat=True)[:: LISTED_SHARE // 4])
    names = list(on_no_list(count, SEED))
    for at in range(0, count, LISTED_SHARE):
        names[at] = listed[at % len(listed)]
    made = [
        Party(name=name[:300], country="CN", address=f"{at} Example Road", screening_state=ScreeningState.CLEAR)
        for at, name in enumerate(names)
    ]
    Party.objects.bulk_create(made, batch_size=5000)
    runs = (ScreeningRun(party=party, purpose="bench", hit_count=0) for party in made)
    ScreeningRun.objects.bulk_create(runs, batch_size=5000)


def _case_page() -> Callable[[], float]:
    """A way to ask for a case page, with its screening part, as an officer; gives the milliseconds it took."""
    from django.test import Client
    from django.urls import reverse

    from procurement.review import services as review
    from procurement.review.states import CaseKind
    from procurement.screening.services import screen_order
    from tests import factories

    order = factories.make_order(state="in_review")
    order.parties.create(party=factories.make_party("Huawei Technologies"), role="forwarder")
    screen_order(actor=None, order=order)
    matter = review.Matter(kind=CaseKind.ORDER, title="An order", order=order)
    case = review.open_case(actor=None, matter=matter, applicant=order.applicant)
    client = Client()
    client.force_login(factories.make_user(factories.make_officer().person))
    pages = [reverse("review:case", args=[case.pk]), reverse("screening:of", args=["order", order.pk])]

    def ask() -> float:
        began = time.perf_counter()
        for page in pages:
            answer = client.get(page)
            assert answer.status_code == 200, (page, answer.status_code)
        return (time.perf_counter() - began) * 1000

    return ask


def _changed(real: Path, folder: Path) -> Path:
    """The list with some entries changed in what they say, none left out."""
    plain: dict[str, Any] = json.loads(real.read_bytes())
    for entry in random.Random(SEED).sample(plain["entries"], CHANGED):
        entry["fr"] = "91 FR 99999"
    plain["sourceGeneratedAt"] = re.sub(r"^\d{4}-\d\d-\d\d", "2026-08-01", plain["sourceGeneratedAt"])
    path = folder / "csl_changed.json"
    path.write_text(json.dumps(plain))
    return path


def _while_loading(path: Path, database: str, ask: Callable[[], float]) -> tuple[list[float], float, dict[str, Any]]:
    """The pages' times while another process loads the changed list; how long that took, and what it said."""
    command = [sys.executable, "manage.py", "lists", "load", str(path), "--json"]
    env = {**os.environ, "WRIT_DATABASE_NAME": database}
    began = time.perf_counter()
    loading = subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True)
    during: list[float] = []
    while loading.poll() is None:
        during.append(ask())
    spent = time.perf_counter() - began
    out, _ = loading.communicate()
    if loading.returncode or len(during) < LEAST_PAGES:
        raise SystemExit(
            f"The load ended with {loading.returncode} after {len(during)} pages: too few to say anything."
        )
    return during, spent, json.loads(out)


if __name__ == "__main__":
    main()
