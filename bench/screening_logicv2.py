"""Scores of nomenklatura's LogicV2 on name pairs: JSON in, JSON out.

Run by an interpreter of its own, since nomenklatura (and all it brings) is no requirement of this project:
``python bench/screening_logicv2.py < pairs.json`` where a pair is [schema, name, name].
"""

from __future__ import annotations

import json
import sys
from importlib.metadata import version

from followthemoney import EntityProxy
from nomenklatura.matching.logic_v2.model import LogicV2


def entity(schema: str, name: str, key: str) -> EntityProxy:
    """A fresh entity: LogicV2 keeps what it computed by the entity's id."""
    return EntityProxy.from_dict({"id": key, "schema": schema, "properties": {"name": [name]}})


def main() -> None:
    config = LogicV2.default_config()
    pairs = json.load(sys.stdin)
    scores = [
        LogicV2.compare(entity(schema, left, f"q{at}"), entity(schema, right, f"r{at}"), config).score
        for at, (schema, left, right) in enumerate(pairs)
    ]
    json.dump({"version": version("nomenklatura"), "scores": scores}, sys.stdout)


if __name__ == "__main__":
    main()
