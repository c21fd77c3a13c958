"""Starts Synapse beside its database instead of after it: loading the program takes longest, then the database is up.

Also makes the signing key that `generate-config` would have made (ed25519 seed in unpadded base64).
"""

import base64
import os
import socket
import time

KEY = "/data/signing.key"
# Bound of the wait; the database of a fresh container answers after about half a second.
DATABASE_DEADLINE_SECONDS = 60


def make_signing_key() -> None:
    if os.path.exists(KEY):
        return
    seed = base64.b64encode(os.urandom(32)).decode().rstrip("=")
    with open(os.open(KEY, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
        file.write(f"ed25519 a_{os.urandom(2).hex()} {seed}\n")


def wait_for_database() -> None:
    deadline = time.monotonic() + DATABASE_DEADLINE_SECONDS
    while True:
        try:
            socket.create_connection(("database", 5432), timeout=1).close()
            return
        except OSError as error:
            if time.monotonic() > deadline:
                raise SystemExit(f"expected the database to accept connections: {error}")
            time.sleep(0.02)


make_signing_key()

from synapse.app import homeserver  # noqa: E402

wait_for_database()
homeserver.main()
