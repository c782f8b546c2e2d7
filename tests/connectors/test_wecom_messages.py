"""Texts to people in WeCom: who got nothing is told, and nobody else gets anything."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from connectors.contract import Context
from connectors.failures import ConfigurationRefused, Forbidden, RateLimited
from connectors.outlets import Channel, Outgoing
from connectors.wecom_messages import WeComChannel, text_of
from tests.support.wecom_sample import Meeting
from tests.support.wecom_source_server import WeComSource

TEXT = Outgoing(receiver="Sales01", title="本周结果", body="13 / 15", dedup="week-1")

SHARED = Meeting()


def send(meeting: Meeting, message: Outgoing = TEXT, **others: Any) -> str:
    context: Context = meeting.context(agent_id=1000002, **others)
    return WeComChannel().send(context, message)


def test_a_text_goes_to_one_person_and_its_id_comes_back(
    meeting: Meeting, server: WeComSource
) -> None:
    assert isinstance(WeComChannel(), Channel)
    assert send(meeting) == "MSG-1"
    (sent,) = server.calls("message/send")
    assert (sent["touser"], sent["agentid"]) == ("Sales01", 1000002)
    assert sent["text"] == {"content": "本周结果\n\n13 / 15"}


def test_the_same_text_again_is_dropped_by_wecom(meeting: Meeting, server: WeComSource) -> None:
    send(meeting)
    send(meeting)
    send(meeting, replace(TEXT, body="14 / 15"))
    assert [text for _, text in server.delivered] == ["本周结果\n\n13 / 15", "本周结果\n\n14 / 15"]


def test_a_receiver_who_got_nothing_is_told_though_nothing_failed(
    meeting: Meeting, server: WeComSource
) -> None:
    with pytest.raises(ConfigurationRefused) as raised:
        send(meeting, replace(TEXT, receiver="ghost01"))
    assert raised.value.code == "wecom_receiver_unknown"
    server.unlicensed = {"sales01"}
    with pytest.raises(Forbidden) as refused:
        send(meeting)
    assert refused.value.code == "wecom_receiver_unlicensed"
    server.errors = {"message/send": [81013]}
    with pytest.raises(ConfigurationRefused):
        send(meeting)
    assert not server.delivered


@pytest.mark.parametrize("receiver", ["@all", "a|b", "", "a b"])
def test_a_text_for_one_never_goes_to_many(
    meeting: Meeting, server: WeComSource, receiver: str
) -> None:
    with pytest.raises(ConfigurationRefused):
        send(meeting, replace(TEXT, receiver=receiver))
    assert not server.asked


def test_a_busy_wecom_is_not_written_to_twice(meeting: Meeting, server: WeComSource) -> None:
    server.errors = {"message/send": [45009]}
    with pytest.raises(RateLimited):
        send(meeting)
    assert len(server.calls("message/send")) == 1


@pytest.mark.parametrize("wrong", [{"agent_id": "x"}, {"secret": ""}, {"corp_id": None}])
def test_a_setting_of_the_channel_that_is_wrong_is_named(
    meeting: Meeting, wrong: dict[str, Any]
) -> None:
    context = meeting.context(**{"agent_id": 1, **wrong})
    with pytest.raises(ConfigurationRefused) as raised:
        WeComChannel().send(context, TEXT)
    assert raised.value.values == {"field": next(iter(wrong))}


def test_a_long_text_is_cut_between_letters() -> None:
    text = text_of(replace(TEXT, body="好" * 2_000))
    assert 2_045 <= len(text.encode()) <= 2_048
    assert text.endswith("好…")
