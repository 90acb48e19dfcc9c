"""Every address and what it answers to whom. A new address without a row here fails the test.

A row: the method, then the status for the owning team's applicant, an applicant of another team, a compliance
officer, an operator, an auditor and the supplier's liaison. POST is sent with an empty form, so that a person who may
act is answered 303 (refused on the page, or done) or 422 (the form again), never 403 or 404.
"""

from __future__ import annotations

from typing import Any, Final

#                 owner stranger officer operator auditor liaison
EVERYBODY: Final = "200 200 200 200 200 200"
OWN_AND_STAFF: Final = "200 404 200 200 200 404"

PAGES: Final[dict[str, str]] = {
    "today": f"GET {EVERYBODY}",
    "accounts:switch": "POST 404 404 404 404 404 404",  # no membership named
    "catalog:list": f"GET {EVERYBODY}",
    "catalog:chip": f"GET {EVERYBODY}",
    "determinations:ask": "GET 403 403 200 403 403 403",
    "determinations:answer": "GET 403 403 200 403 200 403",
    "determinations:preview": "GET 403 403 200 403 403 403",
    "determinations:of_order": "GET 403 403 200 403 200 403",
    "determinations:compare": "GET 403 403 200 403 200 403",
    "determinations:compare_asked": "GET 403 403 200 403 200 403",
    "determinations:again": "POST 403 403 303 403 403 403",
    "determinations:state": "GET 403 403 200 403 403 403",
    "determinations:detail": "GET 403 403 200 403 200 403",
    "chain:order": "GET 200 404 200 200 200 200",
    "chain:filing": f"GET {OWN_AND_STAFF}",
    "chain:licence": "GET 403 403 200 200 200 200",
    "chain:device": "GET 403 403 200 200 200 403",
    "chain:job": f"GET {OWN_AND_STAFF}",
    "inventory:devices": "GET 403 403 200 200 200 403",
    "inventory:device": "GET 403 403 200 200 200 403",
    "inventory:enrol": "GET 403 403 403 200 403 403",
    "inventory:host": "GET 403 403 200 200 200 403",
    "inventory:host_what_if": "GET 403 403 200 200 200 403",
    "inventory:host_drain": "POST 403 403 403 422 403 403",
    "inventory:host_resume": "POST 403 403 403 303 403 403",
    "inventory:host_retire": "POST 403 403 403 422 403 403",
    "inventory:close_incident": "POST 403 403 303 403 403 403",
    "metering:licences": "GET 403 403 200 200 200 403",
    "metering:month": "GET 403 403 200 200 200 403",
    "drains:what_if_licence": "GET 403 403 200 200 200 200",
    "drains:licence": "GET 403 403 200 200 200 200",
    "jobs:list": f"GET {EVERYBODY}",
    "jobs:submit": "GET 200 200 403 403 403 403",
    "jobs:detail": f"GET {OWN_AND_STAFF}",
    "jobs:live": f"GET {OWN_AND_STAFF}",
    "jobs:metrics": f"GET {OWN_AND_STAFF}",
    "jobs:log": f"GET {OWN_AND_STAFF}",
    "jobs:cancel": "POST 303 404 403 303 403 403",
    "jobs:evidence": "POST 403 403 422 403 422 403",
    "evidence:order": "GET 200 404 200 200 200 200",
    "evidence:file": "POST 422 404 403 403 403 422",
    "evidence:accept": "POST 403 403 303 403 403 403",
    "evidence:return": "POST 403 403 422 403 403 403",
    "evidence:withdraw": "POST 422 404 422 403 403 422",
    "evidence:document": "GET 200 404 200 404 200 404",  # neither side sees the other's papers
    "records:of": "GET 200 404 200 200 200 200",
    "records:place": "POST 403 403 422 403 403 403",
    "records:diverted": "POST 403 403 422 403 403 403",
    "records:propose_lift": "POST 403 403 422 403 403 403",
    "records:keep": "POST 403 403 422 403 403 403",
    "records:lift": "POST 403 403 303 403 403 403",
    "records:term": "GET 403 403 200 403 403 403",
    "records:sign_term": "POST 403 403 303 403 403 403",
    "records:withdraw_term": "POST 403 403 303 403 403 403",
    "evidence:flags": "GET 403 403 200 403 200 403",
    "evidence:answer_flag": "POST 403 403 422 403 403 403",
    "evidence:answer_rest": "POST 403 403 303 403 403 403",
    "filings:list": f"GET {EVERYBODY}",
    "filings:new": "GET 200 200 403 403 403 403",
    "filings:detail": f"GET {OWN_AND_STAFF}",
    "filings:edit": "GET 200 404 403 403 403 403",
    "filings:remote_users": "POST 422 404 403 403 403 403",
    "filings:remove_remote_user": "POST 303 404 403 403 403 403",
    "filings:submit": "POST 303 404 403 403 403 403",
    "filings:withdraw": "POST 303 404 403 403 403 403",
    "ledger:browse": "GET 403 403 200 403 200 403",
    "ledger:verify": "GET 403 403 200 403 200 403",
    "ledger:entry": "GET 403 403 200 403 200 403",
    "licences:list": "GET 403 403 200 200 200 200",
    "licences:new": "GET 403 403 200 403 403 403",
    "licences:detail": "GET 403 403 200 200 200 200",
    "licences:activate": "POST 403 403 303 403 403 403",
    "licences:suspend": "POST 403 403 422 403 403 403",
    "licences:reinstate": "POST 403 403 422 403 403 403",
    "licences:revoke": "POST 403 403 422 403 403 403",
    "licences:countersign": "POST 403 403 303 403 403 403",
    "licences:withdraw": "POST 403 403 422 403 403 403",
    "licences:attest": "POST 403 403 422 403 403 403",
    "licences:document": "GET 403 403 200 200 200 200",
    "orders:list": f"GET {EVERYBODY}",
    "orders:new": "GET 200 200 403 403 403 403",
    "orders:demand_new": "GET 200 200 403 403 403 403",
    "orders:detail": "GET 200 404 200 200 200 200",
    "orders:edit": "GET 200 404 403 403 403 403",
    "orders:submit": "POST 303 404 403 403 403 403",
    "orders:withdraw": "POST 303 404 403 403 403 403",
    "orders:release": "POST 403 403 422 403 403 422",
    "orders:receive": "POST 403 403 403 422 403 422",
    "orders:attach": "POST 422 404 403 403 403 403",
    "orders:document": "GET 200 404 200 200 200 200",
    "parties:new": "GET 200 200 200 200 403 403",
    "parties:site_new": "GET 200 200 200 200 403 403",
    "parties:detail": f"GET {EVERYBODY}",
    "parties:change": "GET 200 200 200 200 403 403",
    "parties:add_name": "POST 422 422 422 422 403 403",
    "parties:add_owner": "POST 422 422 422 422 403 403",
    "parties:end_owner": "POST 422 422 422 422 403 403",
    "review:queue": "GET 403 403 200 403 200 403",
    "review:case": "GET 403 403 200 403 200 403",
    "review:claim": "POST 403 403 303 403 403 403",
    "review:release": "POST 403 403 303 403 403 403",
    "review:ask": "POST 403 403 422 403 403 403",
    "review:answer": "POST 422 404 403 403 403 403",
    "review:flag": "POST 403 403 422 403 403 403",
    "review:advise": "POST 403 403 422 403 403 403",
    "review:return": "POST 403 403 422 403 403 403",
    "review:countersign": "POST 403 403 303 403 403 403",
    "review:standing": f"GET {EVERYBODY}",  # a part; for a stranger it is as empty as that of no order at all
    "screening:queue": "GET 403 403 200 403 200 403",
    "screening:hit": "GET 403 403 200 403 200 403",
    "screening:decide": "POST 403 403 422 403 403 403",
    "screening:countersign": "POST 403 403 303 403 403 403",
    "screening:search": "GET 403 403 200 403 403 403",
    "screening:found": "GET 403 403 200 403 403 403",
    "screening:lists": "GET 403 403 200 403 200 403",
    "screening:accept_old": "POST 403 403 422 403 403 403",
    "screening:batches": "GET 403 403 200 403 403 403",
    "screening:batch": "GET 403 403 200 403 403 403",
    "screening:batch_result": "GET 403 403 200 403 403 403",
    "screening:precision": "GET 403 403 200 403 200 403",
    "screening:precision_figures": "GET 403 403 200 403 200 403",
    "screening:party": "GET 403 403 200 403 200 403",
    "screening:rescreen": "POST 403 403 422 403 403 403",
    "screening:of": "GET 403 403 200 403 200 403",
}

# Signing in and out; open to anybody: (method, status for a visitor, status for somebody signed in).
SIGN_IN: Final[dict[str, tuple[str, int, int]]] = {
    "account_login": ("GET", 200, 302),
    "account_logout": ("GET", 302, 200),
    "account_inactive": ("GET", 200, 200),
    "account_signup": ("GET", 200, 302),
    "account_reauthenticate": ("GET", 302, 200),
    "account_email": ("GET", 302, 200),
    "account_email_verification_sent": ("GET", 200, 200),
    "account_change_password": ("GET", 302, 200),
    "account_set_password": ("GET", 302, 302),
    "account_reset_password": ("GET", 200, 200),
    "account_confirm_login_code": ("GET", 302, 302),
    "account_confirm_email": ("GET", 200, 200),
    "account_reset_password_from_key_done": ("GET", 200, 200),
    "account_reset_password_from_key": ("GET", 200, 200),
    "account_reset_password_done": ("GET", 200, 200),
}

# Hosts speak by a signature of their own: nobody's session opens these. What an unsigned, empty POST is answered;
# an enrolment is signed with the key that it names, so that one without a key is malformed.
HOST: Final[dict[str, int]] = {
    "host:enrol": 422, "host:report": 401, "host:poll": 401, "host:claim": 401, "host:renew": 401,
    "host:metrics": 401, "host:checkpoint": 401, "host:end": 401,
}  # fmt: skip

ORDER: Final[dict[str, Any]] = {
    "demand": {"chip": "h200-sxm", "quantity": 8, "needed_from": "2026-12-01", "needed_until": "2027-12-01",
               "purpose": "Training"},
    "site": "{site}", "end_use": "training", "use_case": "Trains models.",
    "lines": [{"chip": "h200-sxm", "quantity": 8}], "parties": [],
}  # fmt: skip
HIT_DECISION: Final[dict[str, Any]] = {
    "outcome": "false_positive", "reason": "The numbers differ.", "evidence_sha256": "0" * 64,
}  # fmt: skip
FILING: Final[dict[str, Any]] = {
    "order": "{order}", "chip": "h200-sxm", "title": "T", "end_use": "training", "description": "D",
    "model_name": "m", "model_parameters": 1, "max_devices": 1, "requested_ms": 3_600_000,
    "starts_on": "2026-12-01", "ends_on": "2026-12-31",
}  # fmt: skip

# The API: as PAGES, with the body that is sent. 409: permitted, and refused by the state of the object.
API: Final[dict[str, tuple[str, Any]]] = {
    "api:list_orders": (f"GET {EVERYBODY}", None),
    "api:create_order": ("POST 201 201 403 403 403 403", ORDER),
    "api:get_order": ("GET 200 404 200 200 200 200", None),
    "api:submit_order": ("POST 200 404 404 404 404 404", {}),  # a draft is its team's alone
    "api:withdraw_order": ("POST 200 404 404 404 404 404", {}),
    "api:both_sides": ("GET 200 404 200 200 200 200", None),
    "api:certifications": ("GET 200 404 200 200 200 200", None),
    "api:pieces": ("GET 200 404 200 200 200 200", None),
    "api:accept_evidence": ("POST 403 404 200 403 403 403", {}),
    "api:return_evidence": ("POST 403 404 200 403 403 403", {"reason": "It is not signed."}),
    "api:withdraw_evidence": ("POST 200 404 200 403 403 403", {"reason": "It was the wrong quarter."}),
    "api:red_flags": ("GET 403 403 200 403 200 403", None),
    "api:answer_red_flag": ("POST 403 403 200 403 403 403", {"answer": "not_seen"}),
    "api:list_filings": (f"GET {EVERYBODY}", None),
    "api:create_filing": ("POST 201 404 404 404 404 404", FILING),
    "api:get_filing": (f"GET {OWN_AND_STAFF}", None),
    "api:submit_filing": ("POST 200 404 404 404 404 404", {}),
    "api:withdraw_filing": ("POST 200 404 404 404 404 404", {}),
    "api:list_cases": (f"GET {EVERYBODY}", None),
    "api:get_case": ("GET 200 404 200 404 200 404", None),
# A form, not JSON: with it goes a document.
PIECE: Final = "certification=C3&piece=attestation+of+foundry+allocation&statement=As+attested."

    "api:claim_case": ("POST 403 404 200 404 403 404", {}),
    "api:ask_question": ("POST 403 404 409 404 403 404", {"text": "Which models?"}),
    "api:answer_question": ("POST 409 404 403 404 403 404", {"text": "These."}),
    "api:advise": ("POST 403 404 409 404 403 404", {"outcome": "decline", "reason": "It does not fit."}),
    "api:return_advice": ("POST 403 404 409 404 403 404", {"text": "Say more."}),
    "api:countersign": ("POST 403 404 409 404 403 404", {}),
    "api:list_licences": (f"GET {EVERYBODY}", None),
    "api:get_licence": ("GET 200 404 200 200 200 200", None),
    "api:suspend_licence": ("POST 403 404 200 403 403 403", {"reason": "Letter of BIS."}),
    "api:propose_act": ("POST 403 404 409 403 403 403", {"action": "revoke", "reason": "Letter of BIS."}),
    "api:file_evidence": ("POST 201 404 403 403 403 409", PIECE),  # the team's piece waits for an officer
    "api:countersign_act": ("POST 403 404 403 403 403 403", {}),  # the officer is the proposer
    "api:list_hits": ("GET 403 403 200 403 200 403", None),
    "api:show_hit": ("GET 403 403 200 403 200 403", None),
    "api:decide_on_hit": ("POST 403 403 409 403 403 403", HIT_DECISION),  # decided on other evidence than was seen
    "api:countersign_hit_release": ("POST 403 403 422 403 403 403", {}),  # none is proposed
    "api:search_name": ("POST 403 403 200 403 403 403", {"name": "Invented House", "purpose": "A question."}),
    "api:screening_lists": ("GET 403 403 200 403 200 403", None),
    "api:list_jobs": (f"GET {EVERYBODY}", None),
    "api:submit_job": ("POST 201 422 403 403 403 403", {"source": "{source}"}),
    "api:get_job": (f"GET {OWN_AND_STAFF}", None),
    "api:cancel_job": ("POST 200 404 403 200 403 404", {}),
    "api:logs": (f"GET {OWN_AND_STAFF}", None),
    "api:metrics": (f"GET {OWN_AND_STAFF}", None),
    "api:chain": (f"GET {OWN_AND_STAFF}", None),
    "api:list_hosts": ("GET 200 200 200 200 200 200", None),  # an empty list for those who see no devices
    "api:get_host": ("GET 404 404 200 200 200 404", None),
    "api:host_what_if": ("GET 404 404 200 200 200 404", None),
    "api:drain_host": ("POST 404 404 403 200 403 404", {"reason": "A fan fails."}),
    "api:resume_host": ("POST 404 404 403 409 403 404", {}),  # it is not draining
    "api:retire_host": ("POST 404 404 403 409 403 404", {"reason": "Sold."}),  # a job is placed on it
    "api:of_order": (f"GET {EVERYBODY}", None),  # an empty list for those who see no reviews
    "api:determine": ("POST 403 403 200 403 403 403",
                      {"ask": {"chip": "h200-sxm", "to": "CN", "from": "US"}, "purpose": "test"}),
    "api:compare_order": (f"GET {EVERYBODY}", None),  # an empty list for those who see no reviews
    "api:compare": ("POST 403 403 200 403 403 403",
                    {"ask": {"chip": "h200-sxm", "to": "CN"}, "against": "2026-01-14", "purpose": "test"}),
}  # fmt: skip
API_PUBLIC: Final = {"api:openapi-json": 200, "api:api-root": 404}
