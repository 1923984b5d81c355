"""Where Redis is, in the two spellings its users want, and what stands in for it.

An URL in the settings wins; else the socket of the server that `manage.py up` starts in
the data folder; else Celery passes its messages through files and the bus is silent.
"""

import hashlib
import os
import tempfile
from pathlib import Path
from typing import Any

from .environment import Environment

_MAX_SOCKET_PATH = 100
"""sun_path holds 108 octets on Linux and 104 elsewhere."""
_POLLING = 0.02


def socket_path(data: Path) -> Path:
    """The embedded server's socket; beside the data folder's own path where that is too long for one."""
    path = data / "run" / "redis.sock"
    if len(os.fsencode(path)) <= _MAX_SOCKET_PATH:
        return path
    digest = hashlib.sha256(os.fsencode(data)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"facteur-{os.getuid()}-{digest}" / "redis.sock"


def redis_url(environment: Environment) -> str:
    """As redis-py reads it; "" where there is no Redis."""
    url = environment.redis_url or os.environ.get("REDIS_URL", "")
    if url:
        return url
    path = socket_path(environment.data)
    return f"unix://{path}" if path.exists() else ""


def celery_settings(environment: Environment) -> dict[str, Any]:
    """`broker_url` and its options as Celery reads them."""
    url = redis_url(environment)
    if url.startswith("unix://"):
        return {"broker_url": f"redis+socket://{url.removeprefix('unix://')}"}
    if url:
        return {"broker_url": url}
    folder = environment.data / "run" / "celery"
    for name in ("messages", "control"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    return {
        "broker_url": "filesystem://",
        "broker_transport_options": {
            "data_folder_in": str(folder / "messages"),
            "data_folder_out": str(folder / "messages"),
            "control_folder": str(folder / "control"),
            "polling_interval": _POLLING,
        },
    }
