"""Fails where an app has two leaf migrations: two branches of work that each added one."""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OURS = ("accounts", "ledger", "procurement", "allocation")


def main() -> int:
    """Prints each fork. Returns 1 where there is one."""
    sys.path.insert(0, str(ROOT))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django
    from django.db.migrations.loader import MigrationLoader

    django.setup()
    graph = MigrationLoader(None).graph
    forks = [(app, leaves) for app in OURS if len(leaves := graph.leaf_nodes(app)) != 1]
    for app, leaves in forks:
        print(f"{app} has {len(leaves)} leaf migrations: {', '.join(name for _app, name in leaves)}. Rebase one.")
    return 1 if forks else 0


if __name__ == "__main__":
    sys.exit(main())
