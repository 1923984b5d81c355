"""Celery's side: tasks of a few lines, and the worker that hosts the listeners."""
