"""`healthcheck.py web | worker | beat`: exit 0 if that process is well. Needs the standard library only.

Web: /readyz answers 200. Worker and beat: the file they touch every few seconds is young.
"""

import http.client
import os
import sys
import tempfile
import time
from pathlib import Path

AGE_SECONDS_MAX = 60


def web_is_well() -> bool:
    """Ask as the proxy would: with a host name that ALLOWED_HOSTS accepts."""
    host = (os.environ.get("ALLOWED_HOSTS") or "localhost").split(",")[0].strip().lstrip(".")
    line = http.client.HTTPConnection("127.0.0.1", int(os.environ.get("PORT") or 8000), timeout=5)
    try:
        line.request("GET", "/readyz", headers={"Host": host})
        return line.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        line.close()


def beats(process: str) -> bool:
    """Whether `process` has given a sign of life lately (see loyalty/heartbeat.py)."""
    folder = Path(os.environ.get("LOYALTY_HEARTBEAT_DIR") or tempfile.gettempdir())
    file = folder / f"loyalty-{process}.heartbeat"
    return file.exists() and time.time() - file.stat().st_mtime < AGE_SECONDS_MAX


if __name__ == "__main__":
    asked = sys.argv[1] if len(sys.argv) == 2 else ""
    if asked not in {"web", "worker", "beat"}:
        sys.exit("usage: healthcheck.py web | worker | beat")
    sys.exit(0 if (web_is_well() if asked == "web" else beats(asked)) else 1)
