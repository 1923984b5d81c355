"""The Celery application. Its messages are bells: the rows say what is to be done."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from django.conf import settings

from .broker import celery_settings

app = Celery("facteur")
app.conf.update(
    celery_settings(settings.FACTEUR),
    imports=("mailcore.workers.tasks", "webmail.tasks"),
    task_default_queue="facteur",
    task_ignore_result=True,
    task_acks_late=False,
    task_store_errors_even_if_ignored=False,
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    worker_redirect_stdouts=False,
    worker_enable_remote_control=False,
    worker_send_task_events=False,
    broker_connection_retry_on_startup=True,
    timezone="UTC",
    beat_schedule={
        "deliver": {"task": "mailcore.workers.tasks.deliver", "schedule": 5.0, "options": {"expires": 30}},
        "index": {"task": "mailcore.workers.tasks.index", "schedule": 10.0, "options": {"expires": 60}},
        "learn": {"task": "mailcore.workers.tasks.learn", "schedule": 60.0, "options": {"expires": 120}},
        "tell": {"task": "mailcore.workers.tasks.tell", "schedule": 5.0, "options": {"expires": 30}},
        "tidy": {"task": "webmail.tasks.tidy", "schedule": 5.0, "options": {"expires": 30}},
        "post": {"task": "mailcore.workers.tasks.post", "schedule": 10.0, "options": {"expires": 60}},
        "prove": {"task": "mailcore.workers.tasks.prove", "schedule": 900.0, "options": {"expires": 600}},
        "retain": {"task": "mailcore.workers.tasks.retain", "schedule": 60.0, "options": {"expires": 120}},
        "certify": {"task": "mailcore.workers.tasks.certify", "schedule": 300.0, "options": {"expires": 240}},
        "sweep": {"task": "mailcore.workers.tasks.sweep", "schedule": 3600.0, "options": {"expires": 1800}},
        "collect": {"task": "mailcore.workers.tasks.collect", "schedule": 20.0, "options": {"expires": 60}},
        "reap": {"task": "mailcore.workers.tasks.reap", "schedule": 60.0, "options": {"expires": 120}},
    },
    beat_schedule_filename=str(settings.FACTEUR.data / "run" / "beat"),
)
