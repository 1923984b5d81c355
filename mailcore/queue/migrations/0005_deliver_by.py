from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("queue", "0004_journey_address")]

    operations = [
        migrations.AddField(model_name="entry", name="deliver_by", field=models.BigIntegerField(default=0)),
        migrations.AddField(model_name="entry", name="by_mode", field=models.CharField(max_length=1, blank=True, default="")),
        migrations.AddField(model_name="entry", name="by_trace", field=models.BooleanField(default=False)),
    ]
