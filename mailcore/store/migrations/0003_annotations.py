from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("store", "0002_newest_of_a_mailbox")]

    operations = [
        migrations.CreateModel(
            name="Annotation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("mailbox_id", models.BigIntegerField()),
                ("folder_id", models.BigIntegerField(default=0)),
                ("entry", models.CharField(max_length=255)),
                ("value", models.BinaryField(null=True)),
                ("version", models.BigIntegerField()),
            ],
            options={
                "indexes": [models.Index(fields=["mailbox_id", "version"], name="store_annotation_version")],
                "constraints": [models.UniqueConstraint(fields=("mailbox_id", "folder_id", "entry"), name="store_annotation_entry")],
            },
        ),
    ]
