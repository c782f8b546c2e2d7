"""Finding a font for a PDF that has every character of a text: never a box in somebody's name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from fontTools.ttLib import (  # type: ignore[import-untyped]
    TTCollection,
    TTFont,
    TTLibError,
)

from domain.problem import Refused

# Where Debian, Ubuntu and Fedora put the fonts that have Chinese, the best ones first.
PLACES = (
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/google-noto-cjk/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/google-noto-sans-cjk-fonts/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/opentype/noto/NotoSerifCJK-Regular.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc",
    "/usr/share/fonts/truetype/arphic/uming.ttc",
    "/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf",
    "/System/Library/Fonts/STHeiti Light.ttc",
)
PACKAGES = "fonts-noto-cjk, fonts-wqy-microhei"
_SIMPLIFIED = (" SC", " CN")  # a collection has a face per country; their glyphs differ
_TOLD = 20  # characters that a refusal names


def font_for(text: str, chosen: Path | None) -> tuple[Path, int]:
    """Return the file of a font with every character of ``text``, and its place in a collection.

    The chosen font is the only one tried; without one, the first of the usual places that fits.
    Refused with ``pdf_font_missing`` where there is none at all, and with ``pdf_font_lacks`` where
    one is there and lacks a character.
    """
    wanted = {ord(sign) for sign in text if not sign.isspace()}
    places = (chosen,) if chosen is not None else tuple(map(Path, PLACES))
    lacking: set[int] | None = None
    for place in places:
        for face, known in _faces(place):
            lacks = wanted - known
            if not lacks:
                return place, face
            if lacking is None or len(lacks) < len(lacking):
                lacking = lacks
    if lacking is None:
        raise Refused("pdf_font_missing", {"packages": PACKAGES})
    signs = "".join(chr(sign) for sign in sorted(lacking)[:_TOLD])
    raise Refused("pdf_font_lacks", {"packages": PACKAGES, "signs": signs})


def _faces(place: Path) -> Iterator[tuple[int, set[int]]]:
    """Yield the faces of a file that is there and can be read; of a collection the fitting one."""
    if not place.is_file():
        return
    try:
        if place.suffix.lower() in {".ttc", ".otc"}:
            with TTCollection(str(place), lazy=True) as collection:
                names = [str(each["name"].getDebugName(1)) for each in collection.fonts]
            fitting = [at for at, name in enumerate(names) if name.endswith(_SIMPLIFIED)]
            face = fitting[0] if fitting else 0
        else:
            face = -1
        with TTFont(str(place), fontNumber=face, lazy=True) as font:
            yield max(face, 0), set(font.getBestCmap() or ())
    except (OSError, TTLibError):
        return
