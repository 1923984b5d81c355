"""What is answered at `/.well-known/acme-challenge/TOKEN`, by whichever process is asked (RFC 8555 §8.3)."""

from .models import Answer

KEPT_FOR = 86_400


def put(*, token: str, text: str, now: int) -> None:
    Answer.objects.update_or_create(token=token, defaults={"text": text, "created_at": now})


def find(token: str) -> str | None:
    return Answer.objects.filter(token=token).values_list("text", flat=True).first()


def remove(tokens: list[str]) -> None:
    Answer.objects.filter(token__in=tokens).delete()


def forget(*, now: int) -> None:
    """What a process that died had left."""
    Answer.objects.filter(created_at__lt=now - KEPT_FOR).delete()
