"""The docs site: it builds, names every argument, and a browser draws its pages."""

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
from html import escape
from pathlib import Path

import pytest

from pulumi_swarm.picture import mermaid
from tools import cache
from tools.docs_pages import changed, picture

MERMAID = "11.12.0"  # of the major that GitHub and GitLab draw

CHROMIUM = (
    *("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic"),
    *("--no-first-run", "--disable-background-networking", "--disable-component-update"),
    *("--disable-sync", "--allow-file-access-from-files", "--virtual-time-budget=5000"),
)
# Whether the picture has a size, and whether anything is wider than the page.
LOOK = """
<script>
window.addEventListener("load", () => {
  const image = document.querySelector("img[src$='%s']");
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


def look(page: Path, profile: Path) -> str:
    """The title that a page gives itself in a browser, when its scripts have run."""
    if shutil.which("chromium") is None:
        pytest.skip("no chromium on this machine; make test installs it")
    shown = subprocess.run(
        [*CHROMIUM, f"--user-data-dir={profile}", "--dump-dom", page.as_uri()],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout
    title = re.search(r"<title>(.*?)</title>", shown, re.DOTALL)
    assert title, shown[:500]
    return title[1]


@pytest.mark.parametrize(
    ("page", "image"),
    [("index.html", "picture.svg"), ("pull-requests/index.html", "changes.svg")],
)
def test_browser_draws_a_page_and_its_picture(
    site: Path, tmp_path: Path, page: str, image: str
) -> None:
    text = (site / page).read_text(encoding="utf-8").replace("</body>", f"{LOOK % image}</body>")
    looked = site / page.replace("index", "looked")
    looked.write_text(text, encoding="utf-8")
    seen = re.fullmatch(r"seen (\d+) (-?\d+)", look(looked, tmp_path))
    assert seen
    width, wider_than_the_page = map(int, seen.groups())
    assert width > 500
    assert wider_than_the_page <= 0


# By Mermaid itself: what it draws as boxes and edges, or what it says of a text it does not take.
DRAW = """<!doctype html>
<pre class="mermaid">%s</pre>
<script src="%s"></script>
<script>
mermaid.initialize({ startOnLoad: false, securityLevel: "strict" });
mermaid.run().then(() => {
  const count = (what) => document.querySelectorAll(`pre svg ${what}`).length;
  const box = document.querySelector("pre svg").getBoundingClientRect();
  const long = document.querySelector("pre").textContent.includes("%s");
  const drawn = `${count("g.node")} ${count("path.flowchart-link")}`;
  document.title = `drawn ${drawn} ${box.width > 300} ${long}`;
}).catch((error) => { document.title = `refused ${error}`; });
</script>
"""


@pytest.fixture(scope="session")
def mermaid_script() -> Path:
    """Mermaid as browsers load it, from npm, kept from one run to the next."""

    def fill(folder: Path) -> None:
        if shutil.which("npm") is None:
            pytest.skip("no npm on this machine, from which Mermaid would come")
        pack = ("npm", "pack", "--silent", f"mermaid@{MERMAID}", f"--pack-destination={folder}")
        subprocess.run(pack, check=True, capture_output=True)
        (archive,) = folder.glob("*.tgz")
        with tarfile.open(archive) as packed:
            packed.extractall(folder, filter="data")
        archive.unlink()

    return cache.kept("mermaid-script", MERMAID, fill) / "package/dist/mermaid.min.js"


@pytest.mark.parametrize("change", [False, True], ids=["declared", "changed"])
def test_mermaid_draws_every_box_of_a_picture(
    mermaid_script: Path, tmp_path: Path, change: bool
) -> None:
    declared = picture()
    shown = changed(declared) if change else declared
    page = tmp_path / "mermaid.html"
    text = escape(mermaid.render(shown))
    page.write_text(DRAW % (text, mermaid_script.as_uri(), "10.210.0.0/24"), encoding="utf-8")
    boxes = len(shown.machines) + len(shown.networks) + len(shown.groups)
    # Every network and every group with each of its machines.
    edges = len(shown.networks) * len(shown.machines) + len(shown.machines)
    assert look(page, tmp_path / "profile") == f"drawn {boxes} {edges} true true"
