"""Values and ports every room speaks. Knows nothing of Django, sockets or Celery."""
