"""Stored documents as downloads: never shown in our own origin, whatever they hold."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils.http import content_disposition_header

from ledger.documents import read_document
from ledger.models import Attachment


def download(attachment: Attachment) -> HttpResponse:
    """The bytes as an attachment; whoever calls has checked that the person may see what it belongs to."""
    document = attachment.document
    answer = HttpResponse(read_document(document), content_type=document.media_type)
    answer["Content-Disposition"] = content_disposition_header(True, attachment.filename)
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Cache-Control"] = "private, no-store"
    return answer
