"""The web process: `granian --interface wsgi config.wsgi:application`."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = get_wsgi_application()

from config.boot import refuse_privileged_role  # noqa: E402  (needs the apps loaded)

refuse_privileged_role()
