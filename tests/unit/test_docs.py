"""The docs site: it builds, names every argument, and a browser draws its pages."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CHROMIUM = (
    *("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic"),
    *("--no-first-run", "--disable-background-networking", "--disable-component-update"),
    *("--disable-sync", "--allow-file-access-from-files", "--virtual-time-budget=5000"),
)
# Whether the picture has a size, and whether anything is wider than the page.
LOOK = """
<script>
window.addEventListener("load", () => {
  const image = document.querySelector("img[src$='picture.svg']");
  const size = image ? image.naturalWidth : 0;
  const wide = document.documentElement.scrollWidth - window.innerWidth;
  document.title = `seen ${size} ${wide}`;
});
</script>
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site; a link that leads nowhere fails the build."""
    folder = tmp_path_factory.mktemp("docs") / "site"
    subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", "--site-dir", folder],
        check=True,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
    )
    return folder


def test_every_input_of_every_component_has_its_line(site: Path) -> None:
    page = (site / "arguments/index.html").read_text(encoding="utf-8")
    schema = json.loads(Path("components/schema.json").read_text(encoding="utf-8"))
    components = [d for d in schema["resources"].values() if d.get("isComponent")]
    names = {name for d in components for name in d["inputProperties"]}
    names |= {name for d in schema["types"].values() for name in d["properties"]}
    assert [name for name in sorted(names) if f"<code>{name}</code>" not in page] == []


def test_browser_draws_the_first_page_and_its_picture(site: Path, tmp_path: Path) -> None:
    if shutil.which("chromium") is None:
        pytest.skip("no chromium on this machine; make test installs it")
    page = site / "index.html"
    text = page.read_text(encoding="utf-8").replace("</body>", f"{LOOK}</body>")
    (site / "looked.html").write_text(text, encoding="utf-8")
    shown = subprocess.run(
        [*CHROMIUM, f"--user-data-dir={tmp_path}", "--dump-dom", f"file://{site}/looked.html"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout
    seen = re.search(r"<title>seen (\d+) (-?\d+)</title>", shown)
    assert seen, shown[:500]
    width, wider_than_the_page = map(int, seen.groups())
    assert width > 500
    assert wider_than_the_page <= 0
