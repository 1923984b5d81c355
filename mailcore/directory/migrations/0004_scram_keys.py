import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("directory", "0003_second_step")]

    operations = [
        migrations.CreateModel(
            name="ScramKey",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("for_password", models.CharField(blank=True, default="", max_length=128)),
                ("salt", models.CharField(max_length=44)),
                ("sealed", models.TextField()),
                (
                    "app_password",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.CASCADE, related_name="scram_keys", to="directory.apppassword"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="scram_keys", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
        ),
    ]
