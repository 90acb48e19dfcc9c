"""Casework on pages: the queue, the case, and every act upon it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any, Final

from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from accounts.permissions import Act
from accounts.web import Listing, acting, actor_of, see_other, show_list, try_act
from ledger.canonical import instant
from procurement.licences.models import Condition
from procurement.review import attesting, queries, services, shown
from procurement.review.filters import CaseFilter
from procurement.review.forms import AdviceForm, AnswerForm, AttestForm, FlagForm, QuestionForm, ReturnForm
from procurement.review.models import Case

TABS: Final = (
    ("open", gettext_lazy("Open")),
    ("mine", gettext_lazy("Mine")),
    ("countersign", gettext_lazy("To countersign")),
    ("waiting", gettext_lazy("Waiting for applicant")),
    ("closed", gettext_lazy("Closed")),
)
CASES: Final = Listing(
    filterset=CaseFilter,
    template="review/queue.html",
    part="cases",
    columns=(
        ("case", lambda row: row.reference),
        ("kind", lambda row: row.kind),
        ("title", lambda row: row.title),
        ("state", lambda row: row.state),
        ("due_at", lambda row: instant(row.due_at)),
        ("held_by", lambda row: row.assignee.person.name if row.assignee else ""),
    ),
)


@acting(Act.SEE_REVIEW)
@require_GET
def queue(request: HttpRequest) -> HttpResponseBase:
    """What is to be reviewed, due first."""
    actor = actor_of(request)
    here = request.GET.get("tab", "open")
    counts = queries.counts(actor, [name for name, _label in TABS])
    tabs = [
        {"label": label, "url": f"?tab={name}", "is_here": name == here, "count": counts[name]} for name, label in TABS
    ]
    return show_list(request, queries.in_queue(actor, here), CASES, {"tabs": tabs, "tab": here})


@acting(Act.SEE_REVIEW)
@require_GET
def case(request: HttpRequest, case_id: uuid.UUID) -> HttpResponse:
    """One case: everything that is needed to decide, on one page."""
    return _page(request, case_id)


def _page(request: HttpRequest, case_id: uuid.UUID, *, status: int = 200, **forms: Any) -> HttpResponse:
    actor = actor_of(request)
    found = get_object_or_404(queries.visible_to(actor), pk=case_id)
    context: dict[str, Any] = shown.case_page(found, actor)
    context["conditions"] = shown.conditions(found, actor, forms.pop("attest_form", None), forms.pop("attest_of", None))
    context |= {
        "question_form": QuestionForm(),
        "advice_form": AdviceForm(matter=found),
        "flag_form": FlagForm(),
        "return_form": ReturnForm(),
        **forms,
    }
    return render(request, "review/case.html", context, status=status)


def _act(request: HttpRequest, case_id: uuid.UUID, act: Callable[..., Any], done: str, **said: Any) -> HttpResponse:
    """Do an act without a form, and show the case again."""
    actor = actor_of(request)
    get_object_or_404(queries.visible_to(actor), pk=case_id)
    try_act(request, lambda: act(actor=actor, case_id=case_id, **said), done=done)
    return see_other(reverse("review:case", args=[case_id]))


@acting(Act.REVIEW_CASE)
@require_POST
def claim(request: HttpRequest, case_id: uuid.UUID) -> HttpResponse:
    """Take the case."""
    return _act(request, case_id, services.claim_case, _("The case is yours."))


@acting(Act.REVIEW_CASE)
@require_POST
def release(request: HttpRequest, case_id: uuid.UUID) -> HttpResponse:
    """Put the case back."""
    return _act(request, case_id, services.release_case, _("The case is back in the queue."))


@acting(Act.REVIEW_CASE)
@require_POST
def countersign(request: HttpRequest, case_id: uuid.UUID) -> HttpResponse:
    """Sign as the second person."""
    return _act(request, case_id, services.countersign, _("Countersigned. The decision is final."))


def _with_form(
    request: HttpRequest, case_id: uuid.UUID, name: str, form: Form, act: Callable[[], Any], done: str
) -> HttpResponse:
    """Do an act with what was typed; on a refusal the page comes again with it (422)."""
    if form.is_valid() and try_act(request, act, done=done, form=form):
        return see_other(reverse("review:case", args=[case_id]))
    return _page(request, case_id, status=422, **{name: form})


@acting(Act.REVIEW_CASE)
@require_POST
def ask(request: HttpRequest, case_id: uuid.UUID) -> HttpResponse:
    """Ask the applicant."""
    actor, form = actor_of(request), QuestionForm(request.POST)
    return _with_form(
        request,
        case_id,
        "question_form",
        form,
        lambda: services.ask_question(actor=actor, case_id=case_id, text=form.cleaned_data["text"]),
        _("Asked. The clock stands still until the answer."),
    )


@acting(Act.REVIEW_CASE)
@require_POST
def flag(request: HttpRequest, case_id: uuid.UUID) -> HttpResponse:
    """Tick a red flag."""
    actor, form = actor_of(request), FlagForm(request.POST)
    found = get_object_or_404(queries.visible_to(actor), pk=case_id)
    return _with_form(
        request,
        case_id,
        "flag_form",
        form,
        lambda: services.raise_flag(actor=actor, case=found, **form.cleaned_data),
        _("The flag is raised."),
    )


@acting(Act.REVIEW_CASE)
@require_POST
def advise(request: HttpRequest, case_id: uuid.UUID) -> HttpResponse:
    """Propose a decision."""
    actor = actor_of(request)
    found = get_object_or_404(queries.visible_to(actor), pk=case_id)
    form = AdviceForm(request.POST, matter=found)
    return _with_form(
        request,
        case_id,
        "advice_form",
        form,
        lambda: services.advise(actor=actor, case_id=case_id, advice=form.advice()),
        _("Advised. A second officer has to countersign."),
    )


@acting(Act.REVIEW_CASE)
@require_POST
def return_advice(request: HttpRequest, case_id: uuid.UUID) -> HttpResponse:
    """Send advice back."""
    actor, form = actor_of(request), ReturnForm(request.POST)
    return _with_form(
        request,
        case_id,
        "return_form",
        form,
        lambda: services.return_advice(actor=actor, case_id=case_id, reason=form.cleaned_data["reason"]),
        _("The advice went back to its author."),
    )


@acting(Act.REVIEW_CASE)
@require_POST
def attest(request: HttpRequest, case_id: uuid.UUID, condition_id: uuid.UUID) -> HttpResponse:
    """Attest a decision's condition that no machine checks."""
    actor, form = actor_of(request), AttestForm(request.POST)
    found = get_object_or_404(queries.visible_to(actor), pk=case_id)
    condition = get_object_or_404(Condition, pk=condition_id, decision__case=found)
    if form.is_valid() and try_act(
        request,
        lambda: attesting.attest_decision_condition(actor=actor, condition=condition, **form.cleaned_data),
        done=_("Attested. Jobs that waited for it may start."),
        form=form,
    ):
        return see_other(reverse("review:case", args=[case_id]))
    return _page(request, case_id, status=422, attest_form=form, attest_of=condition.pk)


def _subject_case(request: HttpRequest, kind: str, subject_id: uuid.UUID) -> Case | None:
    if kind not in ("order", "filing"):
        raise Http404
    found = queries.visible_to(actor_of(request)).filter(**{f"{kind}_id": subject_id, "kind": kind})
    return found.order_by("-opened_at").first()


@acting(Act.SEE_OWN_WORK)
@require_GET
def standing(request: HttpRequest, kind: str, subject_id: uuid.UUID) -> HttpResponse:
    """The part of an order's or filing's page that says where its review stands, and asks for answers."""
    found = _subject_case(request, kind, subject_id)
    context = shown.standing_part(found, actor_of(request)) if found else {"case": None}
    return render(request, "review/_standing.html", context | {"answer_form": AnswerForm()})


@acting(Act.ANSWER_QUESTION)
@require_POST
def answer(request: HttpRequest, case_id: uuid.UUID) -> HttpResponse:
    """Answer the open question; back to the order or filing."""
    actor, form = actor_of(request), AnswerForm(request.POST)
    found = get_object_or_404(queries.visible_to(actor), pk=case_id)
    if form.is_valid() and try_act(
        request,
        lambda: services.answer_question(actor=actor, case_id=case_id, answer=form.cleaned_data["answer"]),
        done=_("Answered. The review goes on."),
        form=form,
    ):
        return see_other(shown.subject_url(found))
    return render(
        request, "review/answer.html", {"case": found, "form": form, "back": shown.subject_url(found)}, status=422
    )
