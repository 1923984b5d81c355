from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("store", "0001_initial")]

    operations = [
        migrations.AddIndex(
            model_name="message",
            index=models.Index(fields=["mailbox_id", "-internaldate", "-id"], name="store_message_newest"),
        ),
    ]
