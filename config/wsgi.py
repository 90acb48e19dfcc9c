"""The web process: `granian --interface wsgi config.wsgi:application`."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = get_wsgi_application()

from config.boot import refuse_privileged_role  # noqa: E402  (needs the apps loaded)
from procurement.determinations.checks import refuse_faulty_rules  # noqa: E402

refuse_privileged_role()
refuse_faulty_rules()
