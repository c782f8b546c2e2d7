"""What an industry pack is once it has been read: documents, worked examples and a fingerprint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Document = Mapping[str, object]

PACK_FORMAT = "attain.pack/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """An industry pack that was read without errors.

    ``metrics``, ``scorecards`` and ``plans`` are canonical documents, ready for their decoders.
    ``hash`` is over the whole content, examples and texts included; comments and the order of the
    fields do not count. ``file`` is the name that its problems begin with. ``suits`` says whom the
    pack is for, in the words of the business survey; ``synonyms`` what else people call a KPI.
    """

    id: str
    version: str
    hash: str
    file: str
    name: Mapping[str, str]
    explanation: Mapping[str, str]
    industry: str
    entities: tuple[str, ...]
    metrics: tuple[Document, ...]
    scorecards: tuple[Document, ...]
    plans: tuple[Document, ...]
    examples: tuple[Document, ...]
    sources: tuple[Document, ...] = ()
    suits: Document = field(default_factory=dict[str, object])
    synonyms: Mapping[str, Mapping[str, tuple[str, ...]]] = field(
        default_factory=dict[str, Mapping[str, tuple[str, ...]]]
    )
