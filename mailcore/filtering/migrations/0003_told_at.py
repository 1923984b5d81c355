from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("filtering", "0002_policy")]

    operations = [migrations.AddField(model_name="suspicion", name="told_at", field=models.BigIntegerField(default=0))]
