"""`python3 deploy/make_secrets.py [FOLDER]`: random secrets for docker-compose.yml, each in its own file.

Writes only what is missing, so that running it again changes nothing. Needs the standard library only.
"""

import base64
import secrets
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "secrets"


def make_secrets(folder: Path) -> None:
    """Fill `folder` (0700). The files are readable to all: the containers' accounts are not ours."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    admin, owner, app, auditor, broker = (_kept(folder, f"{name}_password") for name in _PASSWORDS)
    direct, pooled = "postgres:5432/loyalty", "pgbouncer:6432/loyalty"
    contents = {
        "database_admin_url": f"postgresql://postgres:{admin}@postgres:5432/postgres",
        "database_owner_url": f"postgresql://loyalty_owner:{owner}@{direct}",
        "database_auditor_url": f"postgresql://loyalty_auditor:{auditor}@{direct}",
        "database_url": f"postgresql://loyalty_app:{app}@{pooled}",
        "pgbouncer_users": f'"loyalty_app" "{app}"\n',
        "broker_url": f"redis://:{broker}@valkey:6379/0",
        "valkey_conf": f"requirepass {broker}\n",
        "secret_key": secrets.token_urlsafe(64),
        "blind_index_key": secrets.token_urlsafe(48),
        "field_keys": base64.b64encode(secrets.token_bytes(32)).decode(),
        "ledger_seal_public_keys": "",
        "ledger_seal_key": base64.b64encode(secrets.token_bytes(32)).decode(),
    }
    for name, content in contents.items():
        _kept(folder, name, content)


_PASSWORDS = ("postgres", "owner", "app", "auditor", "valkey")


def _kept(folder: Path, name: str, content: str | None = None) -> str:
    """What the file says; `content`, else a random password, if it was not there."""
    file = folder / name
    if not file.exists():
        file.write_text(content if content is not None else secrets.token_hex(24))
        file.chmod(0o444)
    return file.read_text()


if __name__ == "__main__":
    make_secrets(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
