from django.db import migrations, models

ACTIONS = [
    ("subscribe", "Subscribe"), ("unsubscribe", "Unsubscribe"), ("resume", "Resume"), ("normal", "Each post"),
    ("digest", "One digest a day"), ("nomail", "No mail"),
]  # fmt: skip


class Migration(migrations.Migration):
    dependencies = [("lists", "0002_posts_in_digests")]

    operations = [
        migrations.AlterField(model_name="request", name="action", field=models.CharField(max_length=11, choices=ACTIONS)),
    ]
