"""The pack we ship installs into a company: metrics and the card at once, plans as drafts."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import select

from actions.install_pack import install_pack
from domain.problem import Refused
from plugins.builtin import kpi_packs
from plugins.packs.reading import packs_from
from storage import tables
from storage.definitions import Scope, metrics_by_key
from storage.engine import reading
from tests.support.company import SYSTEM, Company, office

YEAR = date(2026, 1, 1)


def test_the_shipped_pack_installs_once_and_its_plans_wait_as_drafts(
    database_url: str, tmp_path: Path
) -> None:
    packs, _ = packs_from(kpi_packs())
    with office(database_url, tmp_path) as opened:
        runtime = replace(opened, packs=packs)
        company = Company(runtime)
        install = partial(
            install_pack, runtime, actor=SYSTEM, pack_id="consumer_goods", valid_from=YEAR
        )
        company.write(lambda writing: install(writing=writing, scope=Scope()))
        with reading(runtime.engine, SYSTEM) as connection:
            known = metrics_by_key(
                connection, company.entity_id, valid_at=YEAR, known_at=runtime.clock()
            )
            cards = connection.execute(select(tables.scorecard.c.key)).scalars().all()
            states = connection.execute(select(tables.plan_version.c.state)).scalars().all()
            (kept,) = connection.execute(select(tables.pack_layer)).all()
        assert set(known) == {each["key"] for each in packs["consumer_goods"].metrics}
        assert cards == ["consumer_goods.sales_card"]
        assert states == ["DRAFT", "DRAFT"]
        assert kept.pack_hash == packs["consumer_goods"].hash
        again = company.write(lambda writing: install(writing=writing, scope=Scope()))
        assert again == kept.id
        with pytest.raises(Refused) as other:
            company.write(lambda writing: install(writing=writing, scope=Scope(positions=("x",))))
        assert other.value.code == "pack_installed_already"
