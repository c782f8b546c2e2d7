"""What a guest asks of the web, asked in its place by the host's own way out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from connectors.guest_words import Get, Post, WebHead, pairs_of, write_word
from connectors.plain_values import read_json, write_json
from connectors.stand_ins import StandIns
from connectors.web import Web, WebAnswer


def answer_of(web: Web, asked: Get | Post, stand_ins: StandIns | None) -> Iterator[bytes]:
    """Ask, and write the answer as the guest reads it: a line, and the body behind it."""
    answer = _asked(web, asked) if stand_ins is None else _asked_opened(web, asked, stand_ins)
    head = WebHead(status=answer.status, headers=dict(answer.headers), size=len(answer.body))
    yield write_word(head)
    yield answer.body


def _asked_opened(web: Web, asked: Get | Post, stand_ins: StandIns) -> WebAnswer:
    """Ask with the secrets in the place of what stands for them."""
    opened = replace(
        asked,
        address=stand_ins.opened(asked.address),
        query=stand_ins.opened_all(asked.query),
        headers=stand_ins.opened_all(asked.headers),
    )
    if isinstance(opened, Post):
        if opened.sort == "body":
            content = stand_ins.opened_bytes(opened.content)
        else:
            given = stand_ins.opened_all(read_json(opened.content.decode()))
            content = write_json(given).encode()
        opened = replace(opened, content=content)
    return _asked(web, opened)


def _asked(web: Web, asked: Get | Post) -> WebAnswer:
    query, headers = pairs_of(asked.query), pairs_of(asked.headers)
    if isinstance(asked, Get):
        return web.get(asked.address, query, headers)
    if asked.sort == "form":
        form = pairs_of(read_json(asked.content.decode()))
        return web.post(asked.address, form=form, query=query, headers=headers, reads=asked.reads)
    if asked.sort == "body":
        return web.post(
            asked.address, body=asked.content, query=query, headers=headers, reads=asked.reads
        )
    given = read_json(asked.content.decode())
    return web.post(asked.address, json=given, query=query, headers=headers, reads=asked.reads)
