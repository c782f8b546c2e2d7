"""Tokens: a prefix that says what one is, 256 bits, and the hash that is all we keep.

A token may be *derived* from one that its holder already has and from a salt that only the database
has. A reply that was lost can then be given again, letter for letter, and neither the database nor
the old token alone can give it. The salt is forgotten as soon as the new token has been used.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

SESSION = "attain_st_"
ACCESS = "attain_at_"
REFRESH = "attain_rt_"
VENDOR = "attain_vt_"
PREFIXES = (SESSION, ACCESS, REFRESH, VENDOR)


def new_token(prefix: str) -> str:
    """Make a token: 256 random bits behind its prefix."""
    return prefix + secrets.token_urlsafe(32)


def new_salt() -> str:
    """Make what a derived token is salted with: 256 random bits."""
    return secrets.token_urlsafe(32)


def derived_token(prefix: str, parent: str, salt: str) -> str:
    """Derive the token that ``parent`` and ``salt`` stand for, the same one each time."""
    raw = hmac.new(parent.encode(), f"{prefix}:{salt}".encode(), hashlib.sha256).digest()
    return prefix + base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def token_hash(token: str) -> str:
    """Return what is stored of a token."""
    return hashlib.sha256(token.encode()).hexdigest()
