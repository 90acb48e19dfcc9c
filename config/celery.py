"""The control plane's Celery app: the doorbell's listener. No message matters (the database is the queue)."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("writ")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
