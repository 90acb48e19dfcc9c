"""The record as pages: browse, read one row, verify."""

from __future__ import annotations

import json
import uuid
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts.permissions import Act
from accounts.web import Listing, acting, actor_of, show_list
from ledger import queries
from ledger.canonical import entry_document, instant
from ledger.filters import EntryFilter
from ledger.keys import public_key_hex
from ledger.sealing import witness_path
from ledger.verification import verify_ledger

ENTRIES: Final = Listing(
    filterset=EntryFilter,
    template="ledger/browse.html",
    part="entries",
    columns=(
        ("id", lambda row: row.pk),
        ("at", lambda row: instant(row.at)),
        ("act", lambda row: row.act),
        ("reference", lambda row: row.subject_ref),
        ("subject_kind", lambda row: row.subject_kind),
        ("subject_id", lambda row: row.subject_id),
        ("actor", lambda row: row.actor),
        ("actor_role", lambda row: row.actor_role),
        ("facts", lambda row: json.dumps(row.facts, ensure_ascii=False, sort_keys=True)),
        ("seal", lambda row: row.seal.seq if hasattr(row, "seal") else ""),
    ),
)


@acting(Act.SEE_LEDGER)
@require_GET
def browse(request: HttpRequest) -> HttpResponseBase:
    """Every row, newest first."""
    context = {
        "head": queries.last_head(),
        "has_witness": witness_path() is not None,
        "public_key": public_key_hex(),
    }
    return show_list(request, queries.entries(actor_of(request)), ENTRIES, context)


@acting(Act.SEE_LEDGER)
@require_GET
def entry(request: HttpRequest, entry_id: uuid.UUID) -> HttpResponse:
    """One row, as it is hashed."""
    row = get_object_or_404(queries.entries(actor_of(request)), pk=entry_id)
    who = queries.names_of([row.actor]).get(row.actor, "") if row.actor else "Writ"
    facts = [
        (_("Act"), queries.in_words(row.act)),
        (_("About"), row.subject_ref or f"{row.subject_kind} {row.subject_id}"),
        (_("Who"), f"{who or _('erased')} ({row.actor_role})"),
        (_("Number in the chain"), row.seal.seq if hasattr(row, "seal") else _("not sealed yet")),
        (_("Leaf hash"), row.seal.leaf_hash if hasattr(row, "seal") else ""),
        (_("Link hash"), row.seal.link_hash if hasattr(row, "seal") else ""),
    ]
    document = json.dumps(entry_document(row), ensure_ascii=False, sort_keys=True, indent=2)
    return render(request, "ledger/entry.html", {"row": row, "facts": facts, "document": document})


@acting(Act.SEE_LEDGER)
@require_GET
def verify(request: HttpRequest) -> HttpResponse:
    """Recompute everything now, and say what was checked."""
    return render(request, "ledger/verify.html", {"report": verify_ledger(), "public_key": public_key_hex()})
