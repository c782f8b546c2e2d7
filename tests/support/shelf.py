"""A folder with installed distributions, as an installer leaves them, for tests of plug-ins."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

from plugins.guests import Guests
from plugins.loading import Choice, Plugins, load_plugins


class Shelf:
    """A folder with installed distributions, as pip leaves them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(
        self,
        name: str,
        code: str,
        *,
        point: str = "",
        api: str | None = ">=1.0,<2",
        record: str | None = None,
    ) -> None:
        module = name.replace("-", "_") + "_plugin"
        (self.folder / f"{module}.py").write_text(dedent(code), "utf-8")
        info = self.folder / f"{name.replace('-', '_')}-1.0.dist-info"
        info.mkdir(exist_ok=True)
        if record is not None:
            (info / "RECORD").write_text(record, "utf-8")
        requires = "" if api is None else f"Requires-Dist: attain-plugin-api{api}\n"
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n{requires}", "utf-8"
        )
        (info / "entry_points.txt").write_text(f"[attain]\n{point or name} = {module}\n", "utf-8")

    def load(self, choice: Choice | None = None, guests: Guests | None = None) -> Plugins:
        return load_plugins(choice, path=[str(self.folder)], guests=guests)


def found(plugins: Plugins) -> list[tuple[str, str]]:
    """Say who was refused and why."""
    return [(problem.plugin, problem.code) for problem in plugins.problems]
