"""Environment variables become one frozen Settings; they are read here and nowhere else."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as declared
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from attain.sign_in_file import SignInSettings
from urllib.parse import urlsplit

_CHECKOUT = Path(__file__).resolve().parent.parent
_DATABASES = ("sqlite:///", "postgresql+psycopg://")
_LOCALES = ("zh-CN", "en")
_METRICS = ("local", "all")
_LOGS = ("requests", "faults")
_CIPHERS = ("intl", "gm")
_KEY = re.compile(r"[0-9a-f]{64}")  # a public key of Ed25519
_LEAST_BUDGET = 20_000  # the dearest request that the limits let through
_EXECUTORS = ("compiled", "stock")
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_LONGEST_DAYS = 3650
_DOCUMENTS = ("open", "apq", "trusted")
_YES_NO = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}

# Name of the variable and what it means; docs/settings.md lists the same names.
NAMES: Mapping[str, str] = {
    "ATTAIN_DATA": "folder for the embedded database, snapshots and exports",
    "ATTAIN_KEY_FILE": "file with the key that wraps the keys of encrypted columns",
    "ATTAIN_KEY_VARIABLE": "name of the variable that holds that key, instead of a file",
    "ATTAIN_CIPHERS": "algorithms for new data keys: intl (AES, SHA-256) or gm (SM4, SM3)",
    "ATTAIN_DATABASE_URL": "sqlite:///FILE or postgresql+psycopg://USER@HOST/NAME",
    "ATTAIN_HOST": "address to listen on",
    "ATTAIN_PORT": "port to listen on",
    "ATTAIN_DEMO": "yes to let anybody sign in as any demo person",
    "ATTAIN_LOCALE": "language when a person has chosen none: zh-CN or en",
    "ATTAIN_DOCUMENTS": "which GraphQL documents are taken: open, apq or trusted",
    "ATTAIN_DOCUMENTS_FILE": "the list for trusted: JSON, hashes or texts by their hashes",
    "ATTAIN_SIGN_IN_FILE": "how people sign in elsewhere: TOML or JSON, see docs/sign-in.md",
    "ATTAIN_SOURCE_HOSTS": "private hosts that sources may be read from, with commas between",
    "ATTAIN_SECRETS": "folder of the files that connections may refer to as secrets",
    "ATTAIN_TAPS": "folder of the Singer taps and Airbyte sources to run",
    "ATTAIN_SQLITE_FOLDER": "folder of the SQLite files that connections may read",
    "ATTAIN_PLUGINS": "all, none (safe mode) or names of distributions with commas between",
    "ATTAIN_PLUGINS_INSIDE": "distributions that are trusted with our own process, commas between",
    "ATTAIN_PUBLISHERS": "whose signed plug-ins count: name:key, commas between",
    "ATTAIN_BUDGET": "points of cost that an account can save up; 0 for no limit",
    "ATTAIN_BUDGET_PER_SECOND": "points that come back each second",
    "ATTAIN_DEADLINE": "seconds after which a request's SQL is interrupted",
    "ATTAIN_STREAMS": "connections of subscriptions that may be open at once",
    "ATTAIN_ORIGINS": "pages of other origins that may open WebSockets, with commas between",
    "ATTAIN_INTROSPECTION": "who may ask about the schema: signed_in, open or off",
    "ATTAIN_METRICS": "who may read /metrics: local (this machine) or all",
    "ATTAIN_EXECUTOR": "compiled, or stock to let the library execute every field",
    "ATTAIN_SEAL_SECONDS": "seconds after which new rows of the trail are sealed; 0 for by hand",
    "ATTAIN_ANCHORS": "where checkpoints are remembered outside: kind:place, commas between",
    "ATTAIN_ATTEMPTS": "attempts to sign in or refresh a minute, per address and per account",
    "ATTAIN_SESSION_IDLE": "hours without a request after which a browser's session ends",
    "ATTAIN_SESSION_LONGEST": "days after which a browser's session ends",
    "ATTAIN_MOBILE_IDLE": "days without a refresh after which a phone's session ends",
    "ATTAIN_MOBILE_LONGEST": "days after which a phone's session ends",
    "ATTAIN_PDF_FONT": "file of a font (TTF, OTF, TTC) for PDFs of statements",
    "ATTAIN_LOG": "what is logged: requests (each, and faults) or faults",
}
# Read by the tests alone.
_TEST_NAMES = frozenset({"ATTAIN_LONG"})
_SECRET_NAMES = "ATTAIN_SECRET_"  # noqa: S105 - with a name behind it: what connections may refer to


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that an installation may choose."""

    data: Path
    database_url: str
    host: str = "127.0.0.1"
    port: int = 8000
    demo: bool = False
    locale: str = "zh-CN"
    plugins: str = "all"
    plugins_inside: str = "none"
    publishers: Mapping[str, str] = declared(default_factory=dict)  # keys in hex, whose they are
    budget: int = 200_000
    budget_per_second: int = 2_000
    deadline: int = 10
    streams: int = 500
    origins: tuple[str, ...] = ()
    introspection: str = "signed_in"
    metrics: str = "local"
    log: str = "requests"
    executor: str = "compiled"
    seal_seconds: int = 60
    anchors: tuple[str, ...] = ()
    source_hosts: tuple[str, ...] = ()
    key_file: Path | None = None  # none: attain.key in the data folder
    key_text: str | None = declared(default=None, repr=False)
    ciphers: str = "intl"
    documents: str = "open"
    documents_file: Path | None = None
    sign_in: SignInSettings | None = None
    attempts: int = 10
    session_idle: int = 24
    session_longest: int = 7
    mobile_idle: int = 30
    mobile_longest: int = 180
    pdf_font: Path | None = None  # none: the usual places are searched
    secrets: Mapping[str, str] = declared(default_factory=dict, repr=False)
    secrets_folder: Path | None = None  # none: no connection refers to a file
    taps: Path | None = None  # none: no connection runs a program
    sqlite_folder: Path | None = None  # none: no connection reads a SQLite file


class SettingsInvalid(Exception):  # noqa: N818 - named after what is wrong, like Refused
    """One or more variables are not usable; ``lines`` names every one of them at once."""

    def __init__(self, lines: tuple[str, ...]) -> None:
        self.lines = lines
        super().__init__("\n".join(lines))


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings, or raise SettingsInvalid with every problem found."""
    problems = [
        f"{name} is not a setting; the settings are {', '.join(NAMES)}"
        for name in environment
        if name.startswith("ATTAIN_") and name not in NAMES and name not in _TEST_NAMES
        if not _is_secret(name)
    ]
    data = Path(environment.get("ATTAIN_DATA") or _default_data()).expanduser().absolute()
    url = environment.get("ATTAIN_DATABASE_URL") or f"sqlite:///{data / 'attain.db'}"
    if not url.startswith(_DATABASES):
        # The address may hold a password: it is not repeated here.
        problems.append(f"ATTAIN_DATABASE_URL must start with one of {', '.join(_DATABASES)}")
    port = _port(environment.get("ATTAIN_PORT") or "8000", problems)
    demo = _YES_NO.get((environment.get("ATTAIN_DEMO") or "no").lower())
    if demo is None:
        problems.append("ATTAIN_DEMO must be yes or no")
    host = environment.get("ATTAIN_HOST") or "127.0.0.1"
    if demo and host not in LOOPBACK:
        problems.append(
            "ATTAIN_DEMO lets anybody in without a password: ATTAIN_HOST must be 127.0.0.1"
        )
    locale = _choice(environment, "ATTAIN_LOCALE", _LOCALES, problems)
    operating = _operating(environment, problems)
    encryption = _encryption(environment, problems)
    sessions = _sessions(environment, problems)
    documents, file = _documents(environment, problems)
    sign_in = _sign_in(environment, problems)
    anchors = _anchors(environment, problems)
    publishers = _publishers(environment, problems)
    pdf_font = _pdf_font(environment, problems)
    secrets_folder = _folder_apart(environment, "ATTAIN_SECRETS", data, problems)
    sqlite_folder = _folder_apart(environment, "ATTAIN_SQLITE_FOLDER", data, problems)
    taps = _folder_apart(environment, "ATTAIN_TAPS", data, problems)
    if problems:
        raise SettingsInvalid(tuple(problems))
    return Settings(
        data=data,
        database_url=url,
        host=host,
        port=port,
        demo=bool(demo),
        locale=locale,
        plugins=environment.get("ATTAIN_PLUGINS") or "all",
        plugins_inside=environment.get("ATTAIN_PLUGINS_INSIDE") or "none",
        publishers=publishers,
        documents=documents,
        documents_file=file,
        sign_in=sign_in,
        anchors=anchors,
        pdf_font=pdf_font,
        secrets={name: text for name, text in environment.items() if _is_secret(name)},
        secrets_folder=secrets_folder,
        taps=taps,
        sqlite_folder=sqlite_folder,
        source_hosts=_listed(environment, "ATTAIN_SOURCE_HOSTS"),
        **operating,
        **encryption,
        **sessions,
    )


def _operating(environment: Mapping[str, str], problems: list[str]) -> dict[str, Any]:
    budget = _number(environment, "ATTAIN_BUDGET", "200000", problems)
    per_second = _number(environment, "ATTAIN_BUDGET_PER_SECOND", "2000", problems)
    deadline = _number(environment, "ATTAIN_DEADLINE", "10", problems)
    if 0 < budget < _LEAST_BUDGET:
        problems.append(f"ATTAIN_BUDGET must be 0 (no limit) or at least {_LEAST_BUDGET}")
    if per_second == 0:
        problems.append("ATTAIN_BUDGET_PER_SECOND must be at least 1")
    if not 1 <= deadline <= 3600:
        problems.append("ATTAIN_DEADLINE must be 1 to 3600 seconds")
    return {
        "budget": budget,
        "budget_per_second": per_second,
        "deadline": deadline,
        "streams": _number(environment, "ATTAIN_STREAMS", "500", problems),
        "origins": _origins(environment, problems),
        "seal_seconds": _number(environment, "ATTAIN_SEAL_SECONDS", "60", problems),
        "introspection": _choice(
            environment, "ATTAIN_INTROSPECTION", ("signed_in", "open", "off"), problems
        ),
        "metrics": _choice(environment, "ATTAIN_METRICS", _METRICS, problems),
        "executor": _choice(environment, "ATTAIN_EXECUTOR", _EXECUTORS, problems),
        "log": _choice(environment, "ATTAIN_LOG", _LOGS, problems),
    }


def _origins(environment: Mapping[str, str], problems: list[str]) -> tuple[str, ...]:
    """Read origins as browsers write them: nothing after the host and the port."""
    text = environment.get("ATTAIN_ORIGINS") or ""
    found = tuple(part.strip().lower() for part in text.split(",") if part.strip())
    for origin in found:
        parts = urlsplit(origin)
        if parts.scheme not in {"http", "https"} or f"{parts.scheme}://{parts.netloc}" != origin:
            problems.append(f"ATTAIN_ORIGINS: {origin} is not like https://hr.example:8443")
    return found


def _sessions(environment: Mapping[str, str], problems: list[str]) -> dict[str, Any]:
    """Read how long sessions live, and how often one may try to begin one."""
    names = {
        "session_idle": ("ATTAIN_SESSION_IDLE", "24"),
        "session_longest": ("ATTAIN_SESSION_LONGEST", "7"),
        "mobile_idle": ("ATTAIN_MOBILE_IDLE", "30"),
        "mobile_longest": ("ATTAIN_MOBILE_LONGEST", "180"),
    }
    read = {
        field: _number(environment, name, default, problems)
        for field, (name, default) in names.items()
    }
    for field, (name, _) in names.items():
        if not 1 <= read[field] <= _LONGEST_DAYS:
            problems.append(f"{name} must be 1 to {_LONGEST_DAYS}")
    read["attempts"] = _number(environment, "ATTAIN_ATTEMPTS", "10", problems)
    return read


def _choice(
    environment: Mapping[str, str], name: str, choices: tuple[str, ...], problems: list[str]
) -> str:
    """Take one of the choices; the first is the default."""
    chosen = environment.get(name) or choices[0]
    if chosen not in choices:
        problems.append(f"{name} must be one of {', '.join(choices)}")
    return chosen


def _number(environment: Mapping[str, str], name: str, default: str, problems: list[str]) -> int:
    text = environment.get(name) or default
    if text.isascii() and text.isdigit() and len(text) <= 9:
        return int(text)
    problems.append(f"{name} must be a whole number of at most 9 digits")
    return int(default)


def _documents(environment: Mapping[str, str], problems: list[str]) -> tuple[str, Path | None]:
    mode = environment.get("ATTAIN_DOCUMENTS") or "open"
    name = environment.get("ATTAIN_DOCUMENTS_FILE")
    if mode not in _DOCUMENTS:
        problems.append(f"ATTAIN_DOCUMENTS must be one of {', '.join(_DOCUMENTS)}")
    elif (mode == "trusted") != bool(name):
        problems.append("ATTAIN_DOCUMENTS_FILE belongs to ATTAIN_DOCUMENTS=trusted, which needs it")
    return mode, Path(name).expanduser().absolute() if name else None


def _sign_in(environment: Mapping[str, str], problems: list[str]) -> SignInSettings | None:
    name = environment.get("ATTAIN_SIGN_IN_FILE")
    if not name:
        return None
    # Only whoever signs people in pays for these imports: the command starts quickly without.
    from attain.sign_in_file import SignInFileInvalid, read_sign_in

    try:
        return read_sign_in(Path(name).expanduser().absolute(), environment)
    except SignInFileInvalid as invalid:
        problems.extend(f"ATTAIN_SIGN_IN_FILE: {line}" for line in invalid.lines)
        return None


def _anchors(environment: Mapping[str, str], problems: list[str]) -> tuple[str, ...]:
    """Take the places; which kinds there are is known when the plug-ins are loaded."""
    found = _listed(environment, "ATTAIN_ANCHORS")
    if any(":" not in name or len(name) > 500 for name in found):
        problems.append("ATTAIN_ANCHORS must be kind:place with commas between, as file:/mnt/trail")
    return found


def _publishers(environment: Mapping[str, str], problems: list[str]) -> dict[str, str]:
    """Read whose keys sign plug-ins, by key; one key has one owner."""
    found: dict[str, str] = {}
    for each in _listed(environment, "ATTAIN_PUBLISHERS"):
        name, _, key = (part.strip() for part in each.rpartition(":"))
        key = key.lower()
        if not name or not _KEY.fullmatch(key) or key in found:
            problems.append(
                "ATTAIN_PUBLISHERS must be name:key with commas between, each key once and "
                "of 64 hex digits, as `attain plugin key` prints it"
            )
            break
        found[key] = name
    return found


def _listed(environment: Mapping[str, str], name: str) -> tuple[str, ...]:
    parts = (environment.get(name) or "").split(",")
    return tuple(part.strip() for part in parts if part.strip())


def _pdf_font(environment: Mapping[str, str], problems: list[str]) -> Path | None:
    name = environment.get("ATTAIN_PDF_FONT")
    if not name:
        return None
    file = Path(name).expanduser().absolute()
    if not file.is_file():
        problems.append("ATTAIN_PDF_FONT names no file")
    return file


def _is_secret(name: str) -> bool:
    return name.startswith(_SECRET_NAMES)


def _folder_apart(
    environment: Mapping[str, str], variable: str, data: Path, problems: list[str]
) -> Path | None:
    """Take a folder outside of the data folder, of which connections read files as data."""
    name = environment.get(variable)
    if not name:
        return None
    folder = Path(name).expanduser().resolve()
    if not folder.is_dir():
        problems.append(f"{variable} names no folder")
    if folder.is_relative_to(data.resolve()) or data.resolve().is_relative_to(folder):
        problems.append(f"{variable} must lie outside of ATTAIN_DATA, which connections read")
    return folder


def _port(text: str, problems: list[str]) -> int:
    if text.isascii() and text.isdigit() and len(text) <= len("65535") and int(text) <= 65535:
        return int(text)
    problems.append("ATTAIN_PORT must be a number from 0 (any free port) to 65535")
    return 0


def _default_data() -> Path:
    """A checkout keeps its data inside itself; an installed command where it is started."""
    if (_CHECKOUT / "bootstrap.py").is_file():
        return _CHECKOUT / "data"
    return Path.cwd() / "attain-data"


def _encryption(environment: Mapping[str, str], problems: list[str]) -> dict[str, Any]:
    file, variable = environment.get("ATTAIN_KEY_FILE"), environment.get("ATTAIN_KEY_VARIABLE")
    if file and variable:
        problems.append("ATTAIN_KEY_FILE and ATTAIN_KEY_VARIABLE exclude each other")
    if variable and not environment.get(variable):
        problems.append(f"ATTAIN_KEY_VARIABLE names {variable}, which is not set")
    return {
        "key_file": Path(file).expanduser().absolute() if file else None,
        "key_text": environment.get(variable) if variable else None,
        "ciphers": _choice(environment, "ATTAIN_CIPHERS", _CIPHERS, problems),
    }
