"""Starts Synapse as every Synapse here does, and hands it a second configuration file: Synapse merges them by their top-level keys."""

import runpy
import sys

from synapse.app import homeserver

ADDITIONS = "/etc/synapse/tchap.yaml"
start = homeserver.main


def start_with_additions() -> None:
    sys.argv += ["--config-path", ADDITIONS]
    start()


homeserver.main = start_with_additions
runpy.run_path("/usr/local/lib/start-synapse.py", run_name="__main__")
