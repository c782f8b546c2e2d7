"""What a guest asks of the web, asked in its place by the host's own way out."""

from __future__ import annotations

from collections.abc import Iterator

from connectors.guest_words import Get, Post, WebHead, pairs_of, write_word
from connectors.plain_values import read_json
from connectors.web import Web, WebAnswer


def answer_of(web: Web, asked: Get | Post) -> Iterator[bytes]:
    """Ask, and write the answer as the guest reads it: a line, and the body behind it."""
    answer = _asked(web, asked)
    head = WebHead(status=answer.status, headers=dict(answer.headers), size=len(answer.body))
    yield write_word(head)
    yield answer.body


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
