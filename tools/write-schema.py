"""Renew components/schema.json, the package's public surface as every language sees it."""

import json
from pathlib import Path

from pulumi_swarm.components import component_provider

if __name__ == "__main__":
    schema = json.loads(component_provider().schema or "")
    text = json.dumps(schema, indent=2, sort_keys=True, ensure_ascii=False)
    Path("components/schema.json").write_text(text + "\n", encoding="utf-8")
