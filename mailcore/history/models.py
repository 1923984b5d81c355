"""One number of one series in one hour."""

from django.db import models


class Point(models.Model):
    series = models.CharField(max_length=80)
    hour = models.BigIntegerField()
    """Seconds since the epoch at its beginning; 0 holds the counter's last reading."""
    value = models.BigIntegerField()

    class Meta:
        # a series over a period; the upsert
        constraints = (models.UniqueConstraint(fields=["series", "hour"], name="history_point_once"),)
