"""The check of what a vendor keeps beside the tests: cassettes of the real source."""

from __future__ import annotations

from connectors.kit.case import Case, NotApplicable
from connectors.kit.cassettes import CassetteRefused, cassette_of, documents_in
from connectors.kit.scanning import allowed_in, demand_clean


def cassettes_hold_no_secret(case: Case) -> None:
    """K35: a cassette holds no secret in any form, and nothing that looks like one or a person."""
    folder = case.cassettes
    if folder is None or not folder.is_dir():
        raise NotApplicable("the case keeps no cassettes")
    try:
        documents = documents_in(folder)
        assert documents, f"there is no cassette in {folder.name}"
        for name, document in documents.items():
            own = cassette_of(document).connector
            assert own == case.connector.info.id, f"{name} is a cassette of {own}"
            demand_clean(name, document, case.secrets, allowed_in(folder))
    except CassetteRefused as refused:
        raise AssertionError(str(refused)) from None
