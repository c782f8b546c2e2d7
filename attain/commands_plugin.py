"""``attain plugin new``: a distribution around a connector that keeps the contract.

The files are the kit's own sample under the vendor's names: what is written here is what the kit's
tests prove, and cannot fall behind the contract.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import typer

from connectors.kit import sample, sample_case, simulated
from plugins.vendor_names import LENT, PACKAGE

RECORD = "attain-template.json"
FORMAT = "attain.template/2"
_ID = re.compile(r"[a-z][a-z0-9]*([.-][a-z0-9]+)*")
_STREAM = re.compile(r"[a-z][a-z0-9_]*")
_PYPROJECT = """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "attain-{slug}"
version = "0.1.0"
description = "Attain reads {title}."
readme = "README.md"
authors = [{{ name = "{author}" }}]
requires-python = ">=3.11"
dependencies = ["attain-plugin-api>=1.0,<2"]

[project.optional-dependencies]
test = ["pytest>=8"]

[project.entry-points.attain]
{slug} = "{package}"

[tool.hatch.build.targets.wheel]
packages = ["{package}"]

[tool.pytest.ini_options]
testpaths = ["tests"]
pythonpath = ["."]
"""
_INIT = '''\
"""Attain reads {title}."""

from {api}.contract import Connector
from {api}.hooks import hookimpl
from {package}.connector import {kind}Connector


@hookimpl
def connectors() -> list[Connector]:
    """Hand over the source."""
    return [{kind}Connector()]
'''
_README = """\
# attain-{slug}

Attain reads {title}: the stream `{stream}`, by the time of the last change, with deletions,
callbacks and backfill. It was tried against the simulated source in
`{package}/simulated.py` and nothing else.

## Install

`pip install attain-{slug}` into the environment of Attain, then start it again.

## Settings

| setting | meaning |
|---|---|
| `address` | where {title} is, such as `https://api.{slug}.example` |
| `token` | the access token; a secret |
| `page` | rows in a page, 1 to 500; 200 when left out |

## Troubleshooting

| Attain says | do |
|---|---|
| the access is refused | make a new token in {title} and put it in |
| not allowed | have the owner of the token granted to read `{stream}` |
| the source is not reached | look whether `address` is right and {title} is up |
| a setting is wrong | the message names it |

## Prove it

`attain plugin grade .` or, without Attain, `pip install -e .[test]` and `pytest`.

## Remember the real source

```
attain plugin record . --config settings.json --to tests/cassettes --stream {stream}
```

asks {title} once and keeps what it said as JSON that you can read and commit: no secret, no person,
refused as a whole when one would be left. `settings.json` names the token by reference, as
`{{"$env": "ATTAIN_SECRET_TOKEN"}}`. Then a test needs neither {title} nor a network:

```python
def test_the_recorded_{stream}_come_again(replay):
    recording = replay("read.{stream}", all_asked=True)
    recording.demand_as_recorded({kind}Connector())
```
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What the words ask: at most six things."""

    id: str
    title: str
    title_zh: str
    author: str
    stream: str

    @property
    def slug(self) -> str:
        """The id as a distribution writes it."""
        return self.id.replace(".", "-")

    @property
    def package(self) -> str:
        """The name to import."""
        return "attain_" + re.sub(r"[.-]", "_", self.id)

    @property
    def kind(self) -> str:
        """The id as a class writes it."""
        return "".join(part.capitalize() for part in re.split(r"[.-]", self.id))


def new(folder: Path, answers: Answers) -> list[Path]:
    """Write the distribution into an empty or new folder."""
    demand_sound(answers)
    if folder.exists() and any(folder.iterdir()):
        raise typer.BadParameter(f"{folder} is not empty")
    files = files_of(answers)
    written = []
    for name, text in {**files, RECORD: record_of(answers, files)}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        written.append(path)
    return written


def demand_sound(answers: Answers) -> None:
    """Refuse answers that would not stay for ever, or would be something else in a file."""
    if not _ID.fullmatch(answers.id):
        raise typer.BadParameter("the id is lower case words with dots or hyphens: acme.crm")
    if not _STREAM.fullmatch(answers.stream):
        raise typer.BadParameter("the stream is one word in lower case: deals")
    if any(mark in text for text in _texts(answers) for mark in '"\\{}\n'):
        raise typer.BadParameter("no quotes, braces or backslashes in titles and names")


def files_of(answers: Answers) -> dict[str, str]:
    """Write every file of the distribution as it is made today."""
    names = {
        "slug": answers.slug,
        "title": answers.title,
        "author": answers.author,
        "package": answers.package,
        "stream": answers.stream,
        "kind": answers.kind,
        "api": PACKAGE,
    }
    case = _named(_source(sample_case), answers)
    case = case.replace("Case, Earlier, Faults\n", "Case, Earlier, Faults, contract_suite\n")
    return {
        "pyproject.toml": _PYPROJECT.format(**names),
        "README.md": _README.format(**names),
        f"{answers.package}/__init__.py": _INIT.format(**names),
        f"{answers.package}/connector.py": _named(_source(sample), answers),
        f"{answers.package}/simulated.py": _named(_source(simulated), answers),
        "tests/test_contract.py": case + "\n\nTestContract = contract_suite(sample_case)\n",
    }


def record_of(answers: Answers, files: Mapping[str, str]) -> str:
    """Write down what was answered and made, so that a later template can be merged with it.

    The texts are kept line by line: a later Attain has another template and cannot write them.
    """
    document = {
        "format": FORMAT,
        "answers": asdict(answers),
        "files": {name: text.split("\n") for name, text in files.items()},
    }
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def hash_of(text: str) -> str:
    """Hash a file of the template."""
    return hashlib.sha256(text.encode()).hexdigest()


def _texts(answers: Answers) -> tuple[str, ...]:
    return (answers.title, answers.title_zh, answers.author)


def _source(module: object) -> str:
    return Path(str(getattr(module, "__file__", ""))).read_text("utf-8")


def _named(text: str, answers: Answers) -> str:
    """Put the vendor's names where the sample has its own."""
    for name, home in LENT.items():
        text = re.sub(rf"\b{re.escape(home)}\b", f"{PACKAGE}.{name}", text)
    for ours, theirs in (
        ("connectors.kit.simulated", f"{answers.package}.simulated"),
        ("connectors.kit.sample", f"{answers.package}.connector"),
        ("SampleConnector", f"{answers.kind}Connector"),
        ("AcmeCrm", "SimulatedSource"),
        ("极致客户管理", answers.title_zh),
        ("Acme CRM", answers.title),
        ("acme.crm", answers.id),
        ("api.acme.example", f"api.{answers.slug}.example"),
        ("acme.example", f"{answers.slug}.example"),
        ("acme:", f"{answers.id}:"),
        ("Acme", answers.title),
        ("/deals", f"/{answers.stream}"),
        ('"deals"', f'"{answers.stream}"'),
    ):
        text = text.replace(ours, theirs)
    return text.replace(f"{answers.id}:deals/", f"{answers.id}:{answers.stream}/")
