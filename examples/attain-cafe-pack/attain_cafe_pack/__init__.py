"""An industry pack for coffee shops; the TOML file beside this one is the pack."""

from pathlib import Path

from attain_plugin_api.hooks import hookimpl
from attain_plugin_api.nouns import PackFile


@hookimpl
def kpi_packs() -> list[PackFile]:
    """Hand over the pack."""
    return [PackFile(id="cafe", path=Path(__file__).with_name("cafe.toml"))]
