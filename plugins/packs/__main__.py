"""Checks a pack while it is written: ``python -m plugins.packs my_industry.toml``."""

from __future__ import annotations

import sys
from pathlib import Path

from domain.plan import has_errors
from messages.render import Locale, load
from plugins.packs.reading import read_pack, run_examples


def main(files: list[str]) -> int:
    """Print every problem with its place in both languages; 0 when no file has an error."""
    catalogue, failed = load(), not files
    for file in files:
        pack, problems = read_pack(Path(file))
        if pack is not None:
            problems += run_examples(pack)
            sys.stdout.write(f"{pack.id} {pack.version} {pack.hash}\n")
        for each in problems:
            sentences = (catalogue.text(each.code, each.values, locale) for locale in Locale)
            sys.stdout.write(f"{each.severity} {each.path} {each.code}: {' / '.join(sentences)}\n")
        failed = failed or has_errors(problems)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
