"""Starts Synapse beside its database instead of after it: loading the program takes longest, then the database is up.

Also makes the signing key that `generate-config` would have made (ed25519 seed in unpadded base64).
"""

import base64
import json
import os
import socket
import sys
import time

KEY = "/data/signing.key"
CONFIG = "/data/homeserver.yaml"
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


def bind_beside_the_database(source: str) -> None:
    """Listens only where proxy and database are, not on the network to other servers.

    Otherwise other servers reach this port without the proxy, and a proxy whose own homeserver is down could find this
    one under the same name.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("database", 5432))
        address = probe.getsockname()[0]
    with open(source) as file:
        config = yaml.safe_load(file)
    for listener in config["listeners"]:
        listener["bind_addresses"] = [address if bound == "0.0.0.0" else bound for bound in listener["bind_addresses"]]
    with open(os.open(CONFIG, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(config, file)


make_signing_key()

import yaml  # noqa: E402
from synapse.app import homeserver  # noqa: E402

wait_for_database()
bind_beside_the_database("/etc/synapse/homeserver.yaml")
sys.argv[1:] = ["--config-path", CONFIG]
homeserver.main()
