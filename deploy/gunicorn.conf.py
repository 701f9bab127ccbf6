"""gunicorn, the same in every setting: threads, because WSGI's connections are few and known."""

import os
from pathlib import Path

bind = f"{os.environ.get('BIND') or '127.0.0.1'}:{os.environ.get('PORT') or 8000}"
worker_class = "gthread"
workers = int(os.environ.get("WEB_WORKERS") or 2)
# Every thread may hold a database connection: workers times threads is about four times the cores.
threads = int(os.environ.get("WEB_THREADS") or 4)
# The master loads the project once: a refused start is one sentence, not one per worker.
preload_app = True
timeout = 60
graceful_timeout = 20
keepalive = 75
# A slow leak ends with its process; the jitter keeps the workers from restarting together.
max_requests = 20_000
max_requests_jitter = 2_000
# The heartbeat file of gunicorn itself; on a disk it may stall for seconds.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 -- gunicorn makes it with mkstemp
# Whose X-Forwarded-* headers count: the proxy in front, never the world.
forwarded_allow_ips = os.environ.get("FORWARDED_ALLOW_IPS") or "127.0.0.1"
# No management socket: what is not needed is not there.
control_socket_disable = True
errorlog = "-"
accesslog = None
