"""Small lists in every form that Writ reads, of invented parties, and cuts of real ones where the data folder is."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from procurement.screening.loaders import csl_csv, house_csv

ENTRIES = 30
EL = "Entity List (EL) - Bureau of Industry and Security"
UN_RECORD = (
    "<INDIVIDUAL><DATAID>{n}</DATAID><FIRST_NAME>INVENTED {n}</FIRST_NAME><SECOND_NAME>PERSON</SECOND_NAME>"
    "<UN_LIST_TYPE>Fiction</UN_LIST_TYPE><REFERENCE_NUMBER>CDi.{n}</REFERENCE_NUMBER><COMMENTS1>None.</COMMENTS1>"
    "<NATIONALITY><VALUE>Angola</VALUE></NATIONALITY><INDIVIDUAL_ALIAS><QUALITY>Low</QUALITY>"
    "<ALIAS_NAME>Alias {n}</ALIAS_NAME></INDIVIDUAL_ALIAS><INDIVIDUAL_ADDRESS><CITY>Town</CITY>"
    "<COUNTRY>Angola</COUNTRY></INDIVIDUAL_ADDRESS></INDIVIDUAL>\n"
)


def _csv(rows: list[list[str]]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue().encode()


def house() -> bytes:
    rows = [
        [f"Invented House {n} 虚构{n}", f"Alias {n}; Other {n}", "AE", "entity", "stop", "Told."]
        for n in range(ENTRIES)
    ]
    return _csv([list(house_csv.COLUMNS), *rows])


def csl() -> bytes:
    rows = []
    for n in range(ENTRIES):
        told = {
            "source": EL, "entity_number": str(n), "type": "Entity", "name": f"Invented Fabrication {n}",
            "addresses": f"{n} Invented Street, Town, CN", "alt_names": f"Fab {n}", "end_date": "2030-01-01",
            "source_information_url": "https://example.org", "ids": f"Tax ID No., {n}",
        }  # fmt: skip
        rows.append([told.get(name, "") for name in csl_csv.COLUMNS])
    return _csv([list(csl_csv.COLUMNS), *rows])


def official() -> bytes:
    entries = [
        {
            "source": EL, "entity_number": n, "type": None, "name": f"Invented Works {n}", "alt_names": [f"Works {n}"],
            "addresses": [{"address": f"{n} Road", "city": "Town", "country": "CN"}], "programs": ["X"], "ids": [],
        }
        for n in range(ENTRIES)
    ]  # fmt: skip
    return json.dumps({"sources": [], "results": entries}, indent=1).encode()


def projection() -> bytes:
    tables = {
        "sources": [EL], "programmes": ["X"], "urls": ["https://example.org"], "licenceRequirements": ["All"],
        "licencePolicies": ["Denial"],
    }  # fmt: skip
    entries = [
        {
            "n": f"Invented Institute {n}",
            "a": [f"Institute {n}"],
            "s": 0,
            "c": ["CN"],
            "u": 0,
            "lr": 0,
            "lp": 0,
            "pg": 0,
        }
        for n in range(ENTRIES)
    ]
    head = {"sourceGeneratedAt": "2026-07-31T13:15:00+00:00", "entryCount": ENTRIES, "tables": tables}
    return json.dumps({**head, "entries": entries}).encode()


def un() -> bytes:
    made = "2026-02-27T00:00:09.554Z"
    head = f'<?xml version="1.0" encoding="UTF-8"?>\n<CONSOLIDATED_LIST dateGenerated="{made}"><INDIVIDUALS>'
    records = "".join(UN_RECORD.format(n=n) for n in range(ENTRIES))
    return f"{head}{records}</INDIVIDUALS></CONSOLIDATED_LIST>\n".encode()


def ofac() -> bytes:
    return "".join(f'{n},"INVENTED {n}, S.A.",-0- ,"CUBA"{",-0- " * 8}\n' for n in range(ENTRIES)).encode()


def ftm() -> bytes:
    def told(number: str, schema: str, **properties: Any) -> str:
        plain = {"id": number, "schema": schema, "caption": "", "properties": properties, "datasets": ["xx_list"]}
        return json.dumps({**plain, "last_seen": "2026-11-20T06:00:00"})

    lines = []
    for n in range(ENTRIES):
        names = {"name": [f"Invented Holding {n}"], "weakAlias": [f"IH{n}"], "country": ["ru"]}
        lines.append(told(f"x-{n}", "Company", topics=["sanction"], **names))
        lines.append(told(f"o-{n}", "Ownership", owner=[f"x-{n}"], asset=[f"x-{n + 1}"], percentage=["50"]))
    return ("\n".join(lines) + "\n").encode()


SHAPES = {
    "house": house, "csl": csl, "official": official, "projection": projection, "un": un, "ofac": ofac, "ftm": ftm,
}  # fmt: skip


def real_cuts(folder: Path) -> Iterator[tuple[str, bytes]]:
    """The first entries of the real lists, in their own layout."""
    for name in ("watchman_csl.csv", "ofac_sdn_sample.csv"):
        lines = (folder / name).read_bytes().splitlines(keepends=True)
        yield name, b"".join(lines[:60])
    whole = json.loads((folder / "csl_2026-07-31_projection.json").read_bytes())
    yield "projection cut", json.dumps({**whole, "entries": whole["entries"][:60], "entryCount": 60}).encode()
    records = (folder / "UN_consolidated.xml").read_bytes().split(b"</INDIVIDUAL>")
    yield "UN cut", b"</INDIVIDUAL>".join(records[:25]) + b"</INDIVIDUAL></INDIVIDUALS></CONSOLIDATED_LIST>\n"
