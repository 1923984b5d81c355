import django.db.models.deletion
from django.db import migrations, models

# STATUS DELETED and DELETED-STORAGE ask for these messages alone; others cost the index nothing.
INDEX = "CREATE INDEX store_message_deleted ON store_message (folder_id) WHERE (flags & 8) <> 0"


class Migration(migrations.Migration):
    dependencies = [("store", "0003_annotations")]

    operations = [
        migrations.CreateModel(
            name="Grant",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("folder", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="store.folder")),
                ("grantee_id", models.BigIntegerField()),
                ("is_negative", models.BooleanField(default=False)),
                ("rights", models.CharField(max_length=16)),
            ],
            options={
                "indexes": [models.Index(fields=["grantee_id"], name="store_grant_seeker")],
                "constraints": [models.UniqueConstraint(fields=("folder", "grantee_id", "is_negative"), name="store_grant_grantee")],
            },
        ),
        migrations.CreateModel(
            name="SeenBy",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("folder", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="store.folder")),
                ("reader_id", models.BigIntegerField()),
                ("uids", models.TextField()),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("folder", "reader_id"), name="store_seenby_reader")],
            },
        ),
        migrations.RunSQL(INDEX, "DROP INDEX store_message_deleted"),
    ]
