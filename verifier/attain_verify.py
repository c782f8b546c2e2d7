#!/usr/bin/env python3
"""Check proofs of payouts, pay sheets and corrections without Attain, without a server, offline.

    python3 attain_verify.py FILE... [--key HEX] [--lang en|zh]

A FILE is one proof (statement.json) or a pack of evidence: pack.zip, or the folder it was taken
apart into. Of a pack the documents are held against each other as well.

One file, standard library only, Python 3.9 or newer. It was written from docs/plan-language.md,
docs/pay.md and docs/proof.md, and shares no line with the engine that calculated the payout: it
reads scorecard, plan and terms itself, computes every line again on exact fractions, and follows
the sealed numbers up two Merkle trees (RFC 6962) to a checkpoint signed with Ed25519 (RFC 8032).

Ends with 0 when everything holds, 1 when something is wrong (the first thing is named), 2 when the
file is no proof, 3 when nothing is wrong but not everything could be shown: a trial is not sealed,
a line of an unknown kind cannot be computed again.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import zipfile
import zlib
from datetime import date
from fractions import Fraction
from pathlib import Path

VERSION = "1"
ENGINES = ("1",)
HOLDS, WRONG, UNREADABLE, INCOMPLETE = 0, 1, 2, 3

# --------------------------------------------------------------------------------------------------
# What is said, in both languages.

TEXTS = {
    "en": {
        "title": "Attain payout verifier {version}",
        "who": "Statement of {person} for {period}: {payout}",
        "unproved": "(the names are labels for the reader; nothing proves them)",
        "held": "nothing yet (held back: data is missing)",
        "ok_signature": "checkpoint {number}, sealed {at} UTC, is signed by the key {key}",
        "ok_trusted": "that is the key you trust",
        "ask_key": "no key was given with --key: compare this one with the key you were told",
        "ok_trail": "row {index} of the trail is under it, and names the root of run {run}",
        "ok_leaf": "the sealed numbers of this person are a leaf of the run ({size} leaves)",
        "ok_cohorts": "the facts of {count} peer group(s) it leans on are leaves of the same tree",
        "ok_documents": "scorecard and plan are the ones whose hashes were sealed",
        "ok_lines": "{count} lines were computed again from the sealed numbers, and agree",
        "ok_total": "score and payout are the sealed ones; the payout is the sum of its amounts",
        "not_sealed": "NOT SEALED: a trial run. Nobody vouches for the numbers it was made of.",
        "not_yet": "NOT SEALED YET: no checkpoint covers this run. Ask for the proof again.",
        "before_seals": "NOT SEALED: the run was posted before runs were sealed.",
        "not_locked": "NOT SEALED: the pay sheet was not locked, or before sheets were sealed.",
        "wrong": "WRONG: {where}: {what}",
        "cannot": "cannot recompute line {line}: this verifier does not know {what}",
        "verdict_ok": "Everything holds.",
        "verdict_wrong": "This is not the statement that was sealed.",
        "verdict_part": "Nothing is wrong, but not everything could be shown.",
        "verdict_bad": "This file is not a proof of a payout: {what}",
        "anchor": "label: remembered outside by {anchor}, {at} UTC: {receipt}",
        "value": "it says {said}, computed is {found}",
        "input": "the input {name} says {said}, it is {found}",
        "extra_line": "no rule gives such a line",
        "lost_line": "the line is missing",
        "twice": "it is there twice",
        "unit": "the unit {said} should be {found}",
        "code": "the sentence {said} does not fit the value",
        "problem": "a problem about {said}, which the line does not read",
        "unknown_input": "the line does not read an input {name}",
        "hash": "its hash is not the sealed one",
        "differs": "it says {said}, sealed is {found}",
        "shape": "it is not what its format promises",
        "signature": "the signature is not valid",
        "untrusted": "signed by {said}, which is not a key you trust",
        "inclusion": "it is not in the tree (content, place or path was changed)",
        "sum": "the amounts make {found}, not {said}",
        "differs_in_pack": "{other} says {found}, this says {said}",
        "lost_file": "the file is missing from the pack",
        "strange_file": "the manifest does not name this file",
        "broken_file": "it cannot be read as what it should be",
        "other_person": "it is about {said}, the pack about {found}",
        "no_entry": "the sealed sheet has an entry of {found}, here it is {said}",
        "peers": "{said} of {found}: that cannot be",
        "two_facts": "two statements of one run name different facts of one group",
        "two_roots": "two proofs of one run have different roots",
        "file": "{name}:",
        "pack_of": "Pack of evidence for {period}, {count} files",
        "ok_manifest": "the manifest is signed by {key}, and every file in the pack is the one it "
        "names",
        "ok_sheet": "{count} lines of the pay sheet were computed again from the sealed numbers, "
        "and agree",
        "ok_entries": "earnings and adjustments are the sum of the {count} sealed entries of the "
        "ledger",
        "ok_carried": "what was carried over is the sum of what {count} earlier sheet(s) left",
        "ok_correction": "{count} line(s) by cause: what was booked before and now makes the whole",
        "ok_walk": "before + the causes = after, for {count} component(s)",
        "ok_to_date": "{name}: what earlier periods earned is what {count} sealed statement(s) "
        "and their corrections gave",
        "ok_corrected": "the correction of {period} begins with the statement it corrects and "
        "ends with its own",
        "ok_chained": "the corrections of {period} follow each other: each begins with what the "
        "one before booked",
        "ok_paid": "the pay sheet of {period} takes what the statement earned, component by "
        "component",
        "ok_booked": "the pay sheet of {period} takes what {count} correction(s) booked, to the "
        "cent",
        "ok_left": "the pay sheet of {period} goes on where that of {before} ended",
        "ok_ledger": "{count} entries of ledger.json are those that the pay sheet was sealed with",
        "older_posting": "the pay sheet of {period} was made of an earlier posting; the "
        "difference is on a later sheet",
        "taken_peers": "taken as sealed: what others did (rank, median, size of group, pool), "
        "{count} fact(s) of groups; they do not contradict each other",
        "taken_earned": "taken as sealed: {name}, what earlier periods earned; no sealed "
        "statements of all of them are here",
        "taken_sheet": "taken as sealed: wage, minimum wage and the month since the start",
        "taken_causes": "taken as sealed: which part of the change each cause made",
        "taken_carried": "taken as sealed: what was carried over from {batch}; its sheet is not "
        "here",
        "taken_adjusted": "taken as sealed: {name}; the correction that booked it is not here",
        "only_listed": "not proved, only signed as part of this pack: {files}",
        "who_sheet": "Pay sheet of {person} for {period}: {paid}",
        "who_correction": "Correction of {period} for {person}, booked in {into}",
        "verdict_pack": "This is not the evidence that was sealed.",
    },
    "zh": {
        "title": "Attain 奖金验证程序 {version}",
        "who": "{person} {period} 的对账单：{payout}",
        "unproved": "（姓名等名称仅供阅读，不在证明之内）",
        "held": "暂无金额（数据缺失，暂缓）",
        "ok_signature": "检查点 {number}（{at} UTC 封存）由密钥 {key} 签名，签名有效",
        "ok_trusted": "该密钥是您信任的密钥",
        "ask_key": "未用 --key 指定密钥：请与您事先得到的公钥核对",
        "ok_trail": "审计轨迹第 {index} 行在该检查点之下，其中记有计算批次 {run} 的根",
        "ok_leaf": "此人的封存数据是该批次的一片叶子（共 {size} 片）",
        "ok_cohorts": "所依据的 {count} 组同级数据也是同一棵树的叶子",
        "ok_documents": "考核表与激励方案正是封存时的版本（哈希一致）",
        "ok_lines": "已用封存数据重算 {count} 行，全部一致",
        "ok_total": "得分与奖金即封存的数值，奖金等于各项之和",
        "not_sealed": "未封存：这是试算，其数据没有任何担保。",
        "not_yet": "尚未封存：还没有检查点覆盖该批次，请稍后重新获取证明。",
        "before_seals": "未封存：该批次过账时尚无封存功能。",
        "not_locked": "未封存：该发放单尚未锁定，或锁定时尚无封存功能。",
        "wrong": "错误：{where}：{what}",
        "cannot": "无法重算 {line} 行：本验证程序不认识 {what}",
        "verdict_ok": "全部成立。",
        "verdict_wrong": "这不是当初封存的对账单。",
        "verdict_part": "未发现错误，但并非全部内容都能证明。",
        "verdict_bad": "该文件不是奖金证明：{what}",
        "anchor": "标签：外部存证 {anchor}，{at} UTC：{receipt}",
        "value": "所写为 {said}，重算为 {found}",
        "input": "输入 {name} 写作 {said}，实为 {found}",
        "extra_line": "没有任何规则产生这一行",
        "lost_line": "缺少这一行",
        "twice": "重复出现",
        "unit": "单位 {said} 应为 {found}",
        "code": "说明 {said} 与数值不符",
        "problem": "问题涉及 {said}，而该行并不读取它",
        "unknown_input": "该行不读取输入 {name}",
        "hash": "其哈希与封存的不一致",
        "differs": "所写为 {said}，封存的是 {found}",
        "shape": "与格式约定不符",
        "signature": "签名无效",
        "untrusted": "由 {said} 签名，不是您信任的密钥",
        "inclusion": "不在树中（内容、位置或路径被改动）",
        "sum": "各项之和为 {found}，而非 {said}",
        "differs_in_pack": "{other} 为 {found}，此处为 {said}",
        "lost_file": "证据包中缺少该文件",
        "strange_file": "清单中没有该文件",
        "broken_file": "无法按其应有格式读取",
        "other_person": "所述为 {said}，而证据包属于 {found}",
        "no_entry": "封存的发放单中该分录为 {found}，此处为 {said}",
        "peers": "{found} 中的 {said}：不可能成立",
        "two_facts": "同一批次的两份对账单对同一组同级数据说法不一",
        "two_roots": "同一批次的两份证明的根不一致",
        "file": "{name}：",
        "pack_of": "{period} 证据包，共 {count} 个文件",
        "ok_manifest": "清单由 {key} 签名，包内每个文件均与清单一致",
        "ok_sheet": "已用封存数据重算发放单 {count} 行，全部一致",
        "ok_entries": "应得与调整等于封存的 {count} 笔分录之和",
        "ok_carried": "结转余额等于此前 {count} 张发放单留下的余额之和",
        "ok_correction": "按原因共 {count} 行：此前已记与本次所记合为全额",
        "ok_walk": "更正前 + 各原因 = 更正后，共 {count} 个组成部分",
        "ok_to_date": "{name}：此前各期所得等于 {count} 份封存对账单及其更正之和",
        "ok_corrected": "{period} 的更正始于所更正的对账单，止于更正后的对账单",
        "ok_chained": "{period} 的各次更正前后相接：每次均始于上次已记的金额",
        "ok_paid": "{period} 发放单逐项采用对账单所得",
        "ok_booked": "{period} 发放单所含更正分录与 {count} 次更正完全一致",
        "ok_left": "{period} 发放单承接 {before} 发放单的余额",
        "ok_ledger": "ledger.json 中的 {count} 笔分录与封存发放单一致",
        "older_posting": "{period} 发放单依据较早的过账编制；差额见其后的发放单",
        "taken_peers": "按封存采信：他人的表现（名次、中位数、组规模、奖金池），共 {count} 组同级"
        "数据；彼此不矛盾",
        "taken_earned": "按封存采信：{name}，即此前各期所得；包内没有全部各期的封存对账单",
        "taken_sheet": "按封存采信：工资、最低工资与入职月数",
        "taken_causes": "按封存采信：变动在各原因之间的划分",
        "taken_carried": "按封存采信：由 {batch} 结转的余额；其发放单不在此处",
        "taken_adjusted": "按封存采信：{name}；记录该分录的更正不在此处",
        "only_listed": "不在证明之内，仅作为证据包的一部分签名：{files}",
        "who_sheet": "{person} {period} 的发放单：{paid}",
        "who_correction": "{person} {period} 的更正，记入 {into}",
        "verdict_pack": "这不是当初封存的证据。",
    },
}


class Wrong(Exception):
    """Something in the proof is not what was sealed, or not what the rules give."""

    def __init__(self, where, what, **values):
        super().__init__(where, what)
        self.where, self.what, self.values = where, what, values


class Unreadable(Exception):
    """The file is not a proof at all."""


class Unknown(Exception):
    """A rule that this verifier does not know; ``line`` is the first line it cannot compute."""

    def __init__(self, what):
        super().__init__(what)
        self.what = what


# --------------------------------------------------------------------------------------------------
# Canonical JSON, hashes, trees, signatures.


def read_strictly(text):
    """Read JSON without binary fractions and without a name that occurs twice."""

    def no_fraction(written):
        raise Unreadable("a number with a point: " + written)

    def once_each(pairs):
        found = dict(pairs)
        if len(found) != len(pairs):
            raise Unreadable("a name occurs twice")
        return found

    try:
        return json.loads(
            text, parse_float=no_fraction, parse_constant=no_fraction, object_pairs_hook=once_each
        )
    except (ValueError, RecursionError) as broken:
        raise Unreadable("no JSON") from broken


def canonical(value):
    """Write the one form that is hashed: names sorted, no spaces, UTF-8."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def sha256_hex(content):
    """Return the SHA-256 in hex."""
    return hashlib.sha256(content).hexdigest()


def leaf_hash(content):
    """Hash a leaf: RFC 6962, 2.1."""
    return hashlib.sha256(b"\x00" + content).digest()


def root_from(leaf, index, size, path):
    """Climb from a leaf to the root by the audit path; None when the path does not fit the size."""
    if not 0 <= index < size:
        return None

    def climb(low, high, rest):
        # The root over [low, high): the last step of the path is the sibling nearest the root.
        if high - low == 1:
            return leaf if not rest else None
        if not rest:
            return None
        middle = low + (1 << ((high - low - 1).bit_length() - 1))
        left = index < middle
        inner = climb(low, middle, rest[:-1]) if left else climb(middle, high, rest[:-1])
        if inner is None:
            return None
        pair = inner + rest[-1] if left else rest[-1] + inner
        return hashlib.sha256(b"\x01" + pair).digest()

    return climb(0, size, path)


_P = 2**255 - 19
_L = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, _P - 2, _P) % _P
_ROOT_OF_MINUS_ONE = pow(2, (_P - 1) // 4, _P)


def _add(one, other):
    a = (one[1] - one[0]) * (other[1] - other[0]) % _P
    b = (one[1] + one[0]) * (other[1] + other[0]) % _P
    c = 2 * one[3] * other[3] * _D % _P
    d = 2 * one[2] * other[2] % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % _P, g * h % _P, f * g % _P, e * h % _P)


def _multiply(number, point):
    found = (0, 1, 1, 0)
    while number:
        if number & 1:
            found = _add(found, point)
        point = _add(point, point)
        number >>= 1
    return found


def _x_of(y, sign):
    if y >= _P:
        return None
    squared = (y * y - 1) * pow(_D * y * y + 1, _P - 2, _P) % _P
    if squared == 0:
        return None if sign else 0
    x = pow(squared, (_P + 3) // 8, _P)
    if (x * x - squared) % _P:
        x = x * _ROOT_OF_MINUS_ONE % _P
    if (x * x - squared) % _P:
        return None
    return _P - x if x & 1 != sign else x


def _point(octets):
    number = int.from_bytes(octets, "little")
    y, sign = number & (2**255 - 1), number >> 255
    x = _x_of(y, sign)
    return None if x is None else (x, y, 1, x * y % _P)


_BASE_Y = 4 * pow(5, _P - 2, _P) % _P
_BASE_X = _x_of(_BASE_Y, 0)
_BASE = (_BASE_X, _BASE_Y, 1, _BASE_X * _BASE_Y % _P)


def ed25519_is_signed(public_key, message, signature):
    """Say whether the signature is valid: RFC 8032, 5.1.7 (without the cofactor)."""
    if len(public_key) != 32 or len(signature) != 64:
        return False
    key, nonce = _point(public_key), _point(signature[:32])
    scalar = int.from_bytes(signature[32:], "little")
    if key is None or nonce is None or scalar >= _L:
        return False
    digest = hashlib.sha512(signature[:32] + public_key + message).digest()
    left = _multiply(scalar, _BASE)
    right = _add(nonce, _multiply(int.from_bytes(digest, "little") % _L, key))
    return (
        not (left[0] * right[2] - right[0] * left[2]) % _P
        and not (left[1] * right[2] - right[1] * left[2]) % _P
    )


# --------------------------------------------------------------------------------------------------
# Numbers: whole steps of a unit; everything in between is an exact fraction.

DECIMALS = {
    "CNY": 2, "USD": 2, "EUR": 2, "GBP": 2, "HKD": 2, "SGD": 2, "JPY": 0, "KRW": 0, "KWD": 3,
    "COUNT": 0, "TIMES": 4, "RATIO": 6, "POINT": 4, "DAY": 2, "HOUR": 2, "MINUTE": 0,
    "NUMBER": 0, "TRUTH": 0, "DATE": 0,
}  # fmt: skip
ONE = 10**6  # one whole in RATIO
HUNDRED = 100 * 10**4  # a hundred points
LARGEST = 2**63 - 1


def steps(text, unit):
    """Read a decimal of a document into whole steps of its unit."""
    number = Fraction(str(text)) * 10 ** DECIMALS[unit]
    if number.denominator != 1:
        raise Unreadable("more decimals than " + unit + " has: " + str(text))
    return number.numerator


def rounded(number, mode):
    """Round a fraction to a whole number; halves away from zero unless the rule says otherwise."""
    if number is None:
        return None
    number = Fraction(number)
    sign = -1 if number < 0 else 1
    whole, left = divmod(abs(number.numerator), number.denominator)
    twice = 2 * left
    up = {
        "HALF_UP": twice >= number.denominator,
        "HALF_EVEN": twice > number.denominator or (twice == number.denominator and whole % 2 == 1),
        "DOWN": False,
        "UP": left > 0,
        "FLOOR": sign < 0 and left > 0,
        "CEIL": sign > 0 and left > 0,
    }[mode]
    found = sign * (whole + (1 if up else 0))
    return found if abs(found) <= LARGEST else None  # what fits no 64 bits is missing


def compare(one, comparison, other, band=0):
    """Hold two exact numbers against each other; None when one of them is missing."""
    if one is None or other is None:
        return None
    return {
        "AT_LEAST": one >= other,
        "MORE_THAN": one > other,
        "AT_MOST": one <= other,
        "LESS_THAN": one < other,
        "WITHIN": abs(one - other) <= band,
    }[comparison]


def total(values):
    """Add up; None as soon as one part is missing, or the sum fits no 64 bits."""
    found = 0
    for value in values:
        if value is None:
            return None
        found += value
    return found if abs(found) <= LARGEST else None


def truth(value):
    """Write yes and no as the lines do."""
    return None if value is None else int(value)


def show(value, unit):
    """Write steps as a decimal with all decimals of the unit."""
    if value is None:
        return None
    places = DECIMALS[unit]
    if not places:
        return str(value)
    digits = str(abs(value)).rjust(places + 1, "0")
    return ("-" if value < 0 else "") + digits[:-places] + "." + digits[-places:]


# --------------------------------------------------------------------------------------------------
# Computing the lines again.


class Sheet:
    """The lines of one document over one person's inputs."""

    def __init__(self, inputs, mode, prefix=""):
        self.inputs = inputs
        self.mode = mode
        self.lines = {}  # name -> (value, unit, constants, names it reads)
        self.units = {}  # unit of an input by name
        self.paid = []  # the components so far: (id, their pay lines)
        self.gates = []  # the gates so far: (ids, open, shut or not known, negative ones stay)
        self.unknown = []  # (beginning of the names of lines, what is not known)
        self.days = None  # what is taken by days, and by a ramp; see By

    def add(self, name, unit, value, **constants):
        """Add a line; ``constants`` are the numbers of the document that its sentence names."""
        self.lines[name] = (value, unit, {key: each for key, each in constants.items() if each})
        return value

    def value(self, name):
        """Return the value of a line."""
        return self.lines[name][0]

    def number(self, name, unit="NUMBER"):
        """Return an input, missing or not, and remember its unit."""
        if self.days is not None and self.days.takes(name):
            if name not in self.lines:
                self.add(name, unit, self.days.target(self, name, unit))
            return self.value(name)
        self.units.setdefault(name, unit)
        return self.inputs.get(name)

    def exact(self, metric, unit):
        """Return the exact value of a metric in steps: num / den."""
        if metric == "score":
            return self.number("score", "POINT")
        top, bottom = self.number(metric + ".num", unit), self.number(metric + ".den")
        return None if top is None or not bottom else Fraction(top, bottom)

    def actual(self, metric, unit):
        """Add the line of a metric's actual once, and return the exact value."""
        found = self.exact(metric, unit)
        if metric != "score" and metric + ".actual" not in self.lines:
            self.add(metric + ".actual", unit, rounded(found, self.mode))
        return found


def constant(text, unit):
    """Return a number of the document for the check of a line's inputs."""
    return None if text is None else (steps(text, unit), unit)


# Scorecards --------------------------------------------------------------------------------------


def score_sheet(card, inputs, days=None):
    """Compute every line of a scorecard; ``days`` say what of it is taken by days."""
    if card.get("format") != "attain.scorecard/1":
        raise Unknown("a scorecard of the format %s" % card.get("format"))
    strange = set(card) - CARD_FIELDS
    for item in card["items"]:
        strange |= set(item) - ITEM_FIELDS
    for each in card.get("adjustments") or ():
        strange |= set(each) - ADJUSTMENT_FIELDS
    if strange:
        raise Unknown("the field " + sorted(strange)[0])
    sheet = Sheet(inputs, card["rounding"])
    sheet.days = days
    items, running, before = card["items"], [], 0
    for item in items:
        before = _item_lines(sheet, card, item, before)
        running.append(before)
    for place, item in enumerate(items):
        sheet.add(item["metric"] + ".full", "POINT", _full(card, running, place))
    for item in items:
        _points(sheet, card, item)
    for each in card.get("adjustments") or ():
        _adjustment(sheet, each)
    keys = [item["metric"] for item in items]
    extra = [each["id"] for each in card.get("adjustments") or ()]
    sheet.add("own.full", "POINT", total(sheet.value(key + ".full") for key in keys))
    own = sheet.add(
        "own.score", "POINT", total(sheet.value(key + ".points") for key in keys + extra)
    )
    _whole_score(sheet, card, own)
    return sheet


def _item_lines(sheet, card, item, before):
    """Add actual, met, attainment, score and the running weight of one KPI."""
    metric, unit = item["metric"], item["unit"]
    found = sheet.actual(metric, unit)
    target = sheet.number(metric + ".target", unit)
    if item["curve"]["form"] == "BASELINE":
        sheet.number(metric + ".baseline", unit)
    band = item["curve"].get("band")
    met = compare(found, item["comparison"], target, steps(band, unit) if band else 0)
    sheet.add(metric + ".met", "TRUTH", truth(met))
    attained = rounded(attainment(sheet, item, found, target, met), card["rounding"])
    sheet.add(metric + ".attainment", "RATIO", attained)
    cap, floor = constant(item.get("cap"), "RATIO"), constant(item.get("floor"), "RATIO")
    score = attained
    if score is None:
        score = {"ZERO": 0, "NEUTRAL": ONE}.get(card["missing"])
    else:
        score = score if cap is None else min(score, cap[0])
        score = score if floor is None else max(score, floor[0])
    sheet.add(metric + ".score", "RATIO", score, cap=cap, floor=floor)
    left_out = score is None and card["missing"] == "EXCLUDE_AND_RENORMALISE"
    own = HUNDRED if card["combine"] == "PLAIN" else steps(item["weight"], "POINT")
    weight = before + (0 if left_out else own)
    return sheet.add(metric + ".weight", "POINT", weight)


def attainment(sheet, item, actual, target, met):
    """Return the attainment in RATIO steps, exactly; None when there is none."""
    curve, unit = item["curve"], item["unit"]
    form = curve["form"]
    if form == "BINARY":
        return None if met is None else ONE * met
    if form == "POINTS_DEDUCT":
        return _deducted(curve, unit, actual)
    if form in ("STEP", "PIECEWISE") and curve["axis"] == "ACTUAL":
        return None if actual is None else _on_points(curve, actual, unit)
    if form == "TARGET_BAND":
        return _in_band(curve, unit, actual, target, met)
    if actual is None or target is None:
        return None
    if form in ("STEP", "PIECEWISE") and target != 0:
        share = _ratio(curve, actual, target, met)
        return None if share is None else _on_points(curve, share * ONE, "RATIO")
    share = _formula(sheet, item, actual, target, met)
    return None if share is None else share * ONE


def _zero(curve, met):
    """Say what a formula gives that would divide by nought."""
    return (1 if met else 0) if curve.get("zeroTarget") == "FULL_WHEN_MET" else None


def _ratio(curve, actual, target, met):
    if target == 0:
        return _zero(curve, met)
    return Fraction(actual) / target if target > 0 else None


def _formula(sheet, item, actual, target, met):
    curve, form = item["curve"], item["curve"]["form"]
    if form in ("RATIO", "STEP", "PIECEWISE"):
        return _ratio(curve, actual, target, met)
    if form == "RATIO_INV":
        if target == 0:
            return _zero(curve, met)
        if target < 0:
            return None
        return Fraction(target) / actual if actual > 0 else Fraction(item["cap"])
    if form == "BASELINE":
        return _from_baseline(sheet, item, actual, target, met)
    if form in ("LINEAR_ABS", "LINEAR_ABS_INV", "TARGET_ABSOLUTE"):
        if target == 0:
            return _zero(curve, met)
        over = Fraction(actual - target) / abs(target)
        return (
            1 + over
            if form == "LINEAR_ABS"
            else 1 - (abs(over) if form == "TARGET_ABSOLUTE" else over)
        )
    raise Unknown("the curve " + form)


def _from_baseline(sheet, item, actual, target, met):
    base = sheet.number(item["metric"] + ".baseline", item["unit"])
    if base is None:
        return None
    way = target - base
    if way == 0:
        return _zero(item["curve"], met)
    # Whoever starts beyond the target has no way to go.
    if (way < 0) != (item["direction"] == "LOWER"):
        return None
    return Fraction(actual - base) / way


def _deducted(curve, unit, actual):
    if actual is None:
        return None
    units = Fraction(actual) / 10 ** DECIMALS[unit]
    return max(Fraction(0), ONE - units * steps(curve["deductPerUnit"], "RATIO"))


def _in_band(curve, unit, actual, target, met):
    if actual is None or target is None:
        return None
    outside = abs(actual - target) - steps(curve["band"], unit)
    if outside <= 0:
        return ONE
    if curve["outside"] == "ZERO":
        return 0
    if target == 0:
        share = _zero(curve, met)
        return None if share is None else share * ONE
    return ONE * (1 - Fraction(outside) / abs(target))


def _on_points(curve, at, unit):
    """Read a step table or a curve of straight lines; ``at`` is in steps of ``unit``."""
    points = [(steps(each["at"], unit), steps(each["gives"], "RATIO")) for each in curve["points"]]
    if curve["form"] == "STEP":
        found = steps(curve["below"], "RATIO")
        for edge, gives in points:
            if at > edge or (at == edge and curve["boundary"] == "UPPER_TIER"):
                found = gives
        return found
    return straight(points, at)


def straight(points, at):
    """Give the height of a line through points, level at both ends."""
    if at <= points[0][0]:
        return points[0][1]
    for (left, low), (right, high) in zip(points, points[1:]):
        if at <= right:
            return low + Fraction(high - low) * (at - left) / (right - left)
    return points[-1][1]


def _full(card, running, place):
    """Return the points a KPI is worth: differences of rounded running shares, which add up.

    AVERAGE and SUM share out 100 points, PLAIN 100 for each KPI of the card; what a KPI without
    data would be worth goes to the others.
    """
    whole, shared = running[-1], HUNDRED
    if card["combine"] == "PLAIN":
        shared *= len(running)
    if whole == 0:
        return None
    shares = [
        rounded(Fraction(shared * weight, whole), card["rounding"]) for weight in [0] + running
    ]
    return shares[place + 1] - shares[place]


def _points(sheet, card, item):
    metric = item["metric"]
    score, full = sheet.value(metric + ".score"), sheet.value(metric + ".full")
    points = None
    if full is not None and score is not None:
        points = rounded(Fraction(score * full, ONE), card["rounding"])
    elif full is not None and card["missing"] == "EXCLUDE_AND_RENORMALISE":
        points = 0
    sheet.add(metric + ".points", "POINT", points)
    difference = None if points is None or full is None else total([points, -full])
    sheet.add(metric + ".difference", "POINT", difference)


def _adjustment(sheet, each):
    metric, unit = each["metric"], each["unit"]
    worth, sign = steps(each["points"], "POINT"), -1 if each["kind"] == "PENALTY" else 1
    found = sheet.exact(metric, unit)
    cap, limit = constant(each.get("cap"), "POINT"), constant(each.get("value"), unit)
    if found is None:
        points = 0 if each["missing"] == "ZERO" else None
    elif each["form"] == "PER_UNIT":
        units = Fraction(found) / 10 ** DECIMALS[unit]
        points = max(min(worth * units, cap[0]), 0)
        points = rounded(sign * points, sheet.mode)
    elif each["form"] == "WHEN":
        points = sign * worth if compare(found, each["comparison"], limit[0]) else 0
    else:
        raise Unknown("the adjustment " + each["form"])
    shown = {"threshold": limit} if each["form"] == "WHEN" else {"cap": cap}
    sheet.add(each["id"] + ".points", "POINT", points, each=(worth, "POINT"), **shown)


def _whole_score(sheet, card, own):
    """Add the team's part, the limits of the whole, and the score."""
    parts = [own]
    team = card.get("team")
    if team:
        own_share, team_share = steps(team["individual"], "POINT"), steps(team["team"], "POINT")
        score = sheet.number("team.score", "POINT")
        if score is None and team["missing"] == "ZERO":
            score = 0
        parts = [
            None if of is None else rounded(Fraction(of * share, HUNDRED), sheet.mode)
            for of, share in ((own, own_share), (score, team_share))
        ]
        sheet.add("own.part", "POINT", parts[0], share=(own_share, "POINT"))
        sheet.add("team.part", "POINT", parts[1], share=(team_share, "POINT"))
    cap, floor = constant(card.get("cap"), "POINT"), constant(card.get("floor"), "POINT")
    if cap or floor:
        found = total(parts)
        limited = found
        if found is not None:
            limited = min(limited, cap[0]) if cap else limited
            limited = max(limited, floor[0]) if floor else limited
        change = None if found is None else total([limited, -found])
        parts.append(sheet.add("limits.points", "POINT", change, cap=cap, floor=floor))
    sheet.add("score", "POINT", total(parts))


# Plans -------------------------------------------------------------------------------------------


def pay_sheet(plan, inputs, days=None):
    """Compute every line of a plan; ``inputs`` hold the score as ``score``."""
    if plan.get("format") != "attain.plan/1":
        raise Unknown("a plan of the format %s" % plan.get("format"))
    sheet = Sheet(inputs, plan["rounding"])
    sheet.days = days
    for block in sorted(set(plan) - PLAN_FIELDS):
        sheet.unknown.append(("", "the block " + block))
    for part in plan["components"]:
        work, fields = KINDS.get(part["kind"], (None, set()))
        pays = [part["id"] + ".amount"]
        try:
            if work is None or set(part) - fields - COMMON_FIELDS:
                raise Unknown("the component %s %s" % (part["kind"], part["id"]))
            work(sheet, plan, part)
            if part["kind"] != "GATE":
                pays += _own_limits(sheet, plan, part)
            if days is not None and part["id"] in days.amounts:
                _by_days(sheet, plan, pays)
        except Unknown as unknown:
            sheet.unknown.append((part["id"] + ".", unknown.what))
            sheet.add(pays[0], plan["currency"], UNKNOWN)
        sheet.paid.append((part["id"], part["kind"], pays))
    _payout(sheet, plan, [name for _, _, pays in sheet.paid for name in pays])
    return sheet


def _by_days(sheet, plan, pays):
    """Call what was computed the whole, and pay its part."""
    for name in pays:
        whole = name[: -len("amount")] + "whole"
        sheet.lines[whole] = sheet.lines.pop(name)
        share = sheet.days.share(sheet)
        found = sheet.value(whole)
        paid = None if share is None or found is None else rounded(found * share, sheet.mode)
        sheet.add(name, plan["currency"], paid)


def _limit(sheet, plan, name):
    """Return the plan's cap or floor, taken by days where the plan says so."""
    limit = constant(plan[name], plan["currency"])
    if sheet.days is None or name not in sheet.days.amounts:
        return limit[0], {"limit": limit}
    share = sheet.days.share(sheet)
    part = None if share is None else rounded(limit[0] * share, sheet.mode)
    return sheet.add(name + ".limit", plan["currency"], part, whole=limit), {}


def _own_limits(sheet, plan, part):
    """Add the cap and the floor of one component, each a line; return their names."""
    amount, names = sheet.value(part["id"] + ".amount"), []
    for name, change in (("cap", min), ("floor", max)):
        if part.get(name) is None:
            continue
        limit = constant(part[name], plan["currency"])
        moved = None if amount is None else change(0, limit[0] - amount)
        names.append("%s.%s.amount" % (part["id"], name))
        sheet.add(names[-1], plan["currency"], moved, limit=limit)
        amount = total([amount, moved])
    return names


def _counted(sheet, name):
    """Return what a component counts in a base: with its own limits, without what a gate took."""
    found = _known_total(
        sheet.value(line) for each, _, pays in sheet.paid if each == name for line in pays
    )
    for ids, is_open, keeps in sheet.gates:
        if name not in ids or found is UNKNOWN:
            continue
        if is_open is None:
            found = None
        elif not is_open and found is not None and not (keeps and found < 0):
            found = 0
    return found


def _in_base(sheet, part):
    """Name the components of a base: a list, or all before it; gates are in no base."""
    if sheet.unknown:
        # What a kind does that is not known, it may do to any base after it.
        raise Unknown(sheet.unknown[0][1])
    if part["base"] != "TOTAL":
        return list(part["base"])
    return [name for name, kind, _ in sheet.paid if kind != "GATE"]


def _base(sheet, plan, part):
    """Add the line of a base."""
    found = _known_total(_counted(sheet, name) for name in _in_base(sheet, part))
    if found is UNKNOWN:
        raise Unknown("the base of " + part["id"])
    return sheet.add(part["id"] + ".base", plan["currency"], found)


class _NotKnown:
    """The value of a line that cannot be computed again."""


UNKNOWN = _NotKnown()


def _known_total(values):
    values = list(values)
    return UNKNOWN if UNKNOWN in values else total(values)


def _payout(sheet, plan, amounts):
    currency = plan["currency"]
    found = sheet.add("subtotal", currency, _known_total(sheet.value(each) for each in amounts))
    parts = [found]
    for name, choose in (("cap", min), ("floor", max)):
        if plan.get(name) is None:
            continue
        (limit, named), so_far = _limit(sheet, plan, name), _known_total(parts)
        change = so_far
        if so_far is not UNKNOWN:
            known = limit is not None and so_far is not None
            change = choose(0, limit - so_far) if known else None
        parts.append(sheet.add(name + ".amount", currency, change, **named))
    sheet.add("payout", currency, _known_total(parts))


def _unit(plan, metric):
    if metric == "score":
        return "POINT"
    if metric not in plan["units"]:
        raise Unknown("the unit of " + metric)
    return plan["units"][metric]


def _condition(sheet, plan, part, name):
    """Add the line of a condition; True when the component has none."""
    rule = part.get(name)
    if rule is None:
        return True
    unit = _unit(plan, rule["metric"])
    limit = constant(rule["value"], unit)
    edge = limit[0]
    if sheet.days is not None and part["id"] in sheet.days.thresholds and unit not in WHOLE_UNITS:
        if part.get("fallback") == "MINIMUM_ONLY":
            raise Unknown("a minimum by days for few peers")
        share = sheet.days.share(sheet)
        edge = None if share is None else edge * share
        line = "%s.%s.threshold" % (part["id"], name)
        sheet.add(line, unit, rounded(edge, sheet.mode), whole=limit)
    held = compare(sheet.actual(rule["metric"], unit), rule["comparison"], edge)
    sheet.add(part["id"] + "." + name, "TRUTH", truth(held), threshold=limit)
    return held


def _pay(sheet, plan, part, amount, needed, **constants):
    """Add the amount: what is missing follows the component's own policy."""
    if any(each is None for each in needed):
        amount = 0 if part["missing"] == "ZERO" else None
    else:
        amount = rounded(amount(), plan["rounding"])
        if amount is None and part["missing"] == "ZERO":
            amount = 0
    sheet.add(part["id"] + ".amount", plan["currency"], amount, **constants)


def _met(sheet, plan, part):
    metric, unit = part["metric"], _unit(plan, part["metric"])
    found, target = sheet.actual(metric, unit), sheet.number(metric + ".target", unit)
    met = compare(found, part["comparison"], target)
    sheet.add(part["id"] + ".met", "TRUTH", truth(met))
    return found, target, met


def bonus_when_met(sheet, plan, part):
    """Pay a flat amount when the target is met."""
    _, _, met = _met(sheet, plan, part)
    minimum = _condition(sheet, plan, part, "minimum")
    flat = constant(part["amount"], plan["currency"])
    _pay(sheet, plan, part, lambda: flat[0] if met and minimum else 0, [met, minimum], flat=flat)


def rate_on_excess(sheet, plan, part):
    """Pay a rate on what lies above the target, once it is met."""
    found, target, met = _met(sheet, plan, part)
    minimum = _condition(sheet, plan, part, "minimum")
    over = None if met is None else (found - target if met else 0)
    sheet.add(part["id"] + ".excess", plan["currency"], rounded(over, plan["rounding"]))
    rate = constant(part["rate"], "RATIO")
    _pay(
        sheet, plan, part,
        lambda: Fraction(rate[0], ONE) * over if minimum else 0, [over, minimum], rate=rate,
    )  # fmt: skip


def rate(sheet, plan, part):
    """Pay a rate on the actual."""
    found = sheet.actual(part["metric"], _unit(plan, part["metric"]))
    minimum = _condition(sheet, plan, part, "minimum")
    each = constant(part["rate"], "RATIO")

    def amount():
        if not minimum or (found < 0 and part["negative"] == "ZERO"):
            return 0
        return Fraction(each[0], ONE) * found

    _pay(sheet, plan, part, amount, [found, minimum], rate=each)


def kicker(sheet, plan, part):
    """Pay a percentage of other components when a condition holds."""
    rule = part["condition"]
    held = _condition(sheet, plan, part, "condition")
    base = _base(sheet, plan, part)
    percent = constant(part["percent"], "RATIO")
    _pay(
        sheet, plan, part,
        lambda: Fraction(percent[0], ONE) * base if held else 0,
        [held] if held is False else [held, base],
        percent=percent, threshold=constant(rule["value"], _unit(plan, rule["metric"])),
    )  # fmt: skip


def _middle(sheet, part, unit):
    """Return the exact median of the peers: half of the sum of the middle pair."""
    head = part["id"] + ".peers."
    pair = []
    for name in ("lo", "hi"):
        top = sheet.number(head + name + "_num", unit)
        bottom = sheet.number(head + name + "_den")
        pair.append(None if top is None or not bottom else Fraction(top, bottom))
    return None if None in pair else (pair[0] + pair[1]) / 2


def reward_above_median(sheet, plan, part):
    """Pay those above the median of their peers."""
    unit = _unit(plan, part["metric"])
    found, size = sheet.actual(part["metric"], unit), sheet.number(part["id"] + ".peers.size")
    median = _middle(sheet, part, unit)
    least = (part["minimumCohort"], "NUMBER")
    sheet.add(part["id"] + ".median", unit, rounded(median, plan["rounding"]), minimum_cohort=least)
    above = compare(found, "MORE_THAN", median)
    sheet.add(part["id"] + ".above", "TRUTH", truth(above))
    minimum = _condition(sheet, plan, part, "minimum")
    flat = constant(part.get("amount"), plan["currency"])
    each = constant(part.get("rate"), "RATIO")
    small = size is not None and size < max(part["minimumCohort"], 1)

    def amount():
        held, edge = above and minimum, median
        if small:
            # Too few for a median: the minimum alone decides, or nothing is paid.
            held = minimum and part["fallback"] == "MINIMUM_ONLY" and "minimum" in part
            edge = steps(part["minimum"]["value"], unit) if held else None
        if not held:
            return 0
        paid = Fraction(flat[0] if flat else 0)
        return paid + (Fraction(each[0], ONE) * max(found - edge, 0) if each else 0)

    needed = [found, size, minimum] if small else [found, size, above, minimum]
    _pay(sheet, plan, part, amount, needed, flat=flat, rate=each)


def top_share(sheet, plan, part):
    """Pay those whose rank is within the best share of their peers."""
    head = part["id"] + ".peers."
    found = sheet.actual(part["metric"], _unit(plan, part["metric"]))
    size, rank = sheet.number(head + "size"), sheet.number(head + "rank")
    tied, share = sheet.number(head + "tied"), constant(part["share"], "RATIO")
    places = None
    if size is not None:
        places = max(rounded(Fraction(size * share[0], ONE), part["rounding"]), part["least"])
    sheet.add(part["id"] + ".places", "NUMBER", places, share=share)
    top = None
    if places is not None and rank is not None and tied is not None:
        top = (rank if part["tie"] == "INCLUDE_ALL" else rank + tied - 1) <= places
    sheet.add(part["id"] + ".top", "TRUTH", truth(top))
    flat = constant(part["amount"], plan["currency"])
    small = size is not None and size < max(part["minimumCohort"], 1)
    needed = [found, size] if small else [found, size, top]
    _pay(sheet, plan, part, lambda: flat[0] if top and not small else 0, needed, flat=flat)


def tiered(sheet, plan, part):
    """Pay by a table of rates, over the period or over a span to date."""
    metric, unit = part["metric"], _unit(plan, part["metric"])
    found = sheet.actual(metric, unit)
    target = goal = None
    if part["measure"] != "ACTUAL" and "span" not in part:
        target = sheet.number(metric + ".target", unit)
    if "span" in part:
        found, target = _to_date(sheet, part, metric, unit, found)
    ends = [Fraction(each["upTo"]) for each in part["tiers"] if each.get("upTo") is not None]
    rates = [steps(each["rate"], "RATIO") for each in part["tiers"]]
    scale = 10 ** DECIMALS[unit]
    if part["measure"] == "EXCESS_OVER_TARGET":
        found = None if found is None or target is None else max(found - target, Fraction(0))
    elif found is not None and part["negative"] == "ZERO":
        found = max(found, Fraction(0))
    if part["measure"] == "ATTAINMENT":
        if found is None or target is None or target <= 0:
            found = goal = None
        else:
            goal = Fraction(found) / target
        # The tiers end at parts of the target.
        scale = target
        sheet.add(
            part["id"] + ".attainment", "RATIO",
            rounded(None if goal is None else goal * ONE, plan["rounding"]),
        )  # fmt: skip
    elif part["measure"] not in ("ACTUAL", "EXCESS_OVER_TARGET"):
        raise Unknown("the measure of tiers " + part["measure"])
    elif sheet.days is not None and part["id"] in sheet.days.thresholds:
        share = sheet.days.share(sheet)
        # A single open tier has no end to take by days.
        if share is not None or ends:
            found, scale = (None, 0) if share is None else (found, scale * share)
    place = by = None
    if found is not None:
        ends = [end * scale for end in ends]
        is_upper = part["boundary"] == "UPPER_TIER"
        place = sum(1 for end in ends if found > end or (is_upper and found == end))
        by = _tier_rate(part["mode"], found, ends, rates, place)
    sheet.add(part["id"] + ".tier", "NUMBER", None if place is None else place + 1)
    sheet.add(part["id"] + ".rate", "RATIO", rounded(by, plan["rounding"]))

    def amount():
        if part["mode"] != "MARGINAL":
            return found * by / ONE
        edges, paid = [Fraction(0)] + ends[:place], Fraction(0)
        for low, high, each in zip(edges, edges[1:] + [found], rates):
            paid += (high - low) * each / ONE
        return paid

    if "span" not in part:
        _pay(sheet, plan, part, amount, [found])
        return
    so_far = None if found is None else rounded(amount(), plan["rounding"])
    sheet.add(part["id"] + ".to_date", plan["currency"], so_far)
    earned = sheet.number(part["id"] + ".earned", plan["currency"])
    _pay(sheet, plan, part, lambda: so_far - earned, [so_far, earned])


def _to_date(sheet, part, metric, unit, found):
    """Add the line of the value of the span so far; return it and what it is held against."""
    head = part["id"] + "."
    top, bottom = sheet.number(head + "before.num", unit), sheet.number(head + "before.den")
    before = None if top is None or not bottom else Fraction(top, bottom)
    if part["missing"] == "ZERO" and found is None:
        found = 0
    whole = None if found is None or before is None else Fraction(found) + before
    sheet.add(head + "total", unit, rounded(whole, sheet.mode))
    target = None
    if part.get("spanTarget") == "SPAN":
        target = sheet.number(head + "goal", unit)
    elif part.get("spanTarget") == "TO_DATE":
        # A goal that nobody set makes the sum missing, in this period and in an earlier one.
        goals = sheet.number(metric + ".target", unit), sheet.number(head + "goal_before", unit)
        target = total(goals)
    elif part["measure"] != "ACTUAL":
        raise Unknown("the target of the span of " + part["id"])
    return whole, target


def _tier_rate(mode, found, ends, rates, place):
    """Return the rate in RATIO steps, exactly."""
    if mode in ("WHOLE", "MARGINAL"):
        return Fraction(rates[place])
    if mode == "INTERPOLATED":
        return Fraction(straight(list(zip(ends, rates)), found) if ends else rates[0])
    if mode == "ADDITIVE_PRORATED":
        passed = Fraction(sum(rates[:place]))
        if place == len(ends):
            return passed
        low = ends[place - 1] if place else 0
        return passed + rates[place] * max(Fraction(0), found - low) / (ends[place] - low)
    raise Unknown("the mode of tiers " + mode)


def score_pay(sheet, plan, part):
    """Pay an amount times a curve over the score."""
    score, flat = sheet.number("score", "POINT"), constant(part["amount"], plan["currency"])
    points = [(steps(each["score"], "POINT"), steps(each["pays"], "RATIO"))
              for each in part["points"]]  # fmt: skip
    percent = None
    if score is not None:
        nothing = score < points[0][0] and part["below"] == "NOTHING"
        percent = Fraction(0) if nothing else Fraction(straight(points, score))
    sheet.add(part["id"] + ".percent", "RATIO", rounded(percent, plan["rounding"]))
    _pay(sheet, plan, part, lambda: flat[0] * percent / ONE, [score], flat=flat)


def _attained(sheet, plan, name, metric):
    """Add the line of an attainment, actual / target; None when the target is nothing or less."""
    unit = _unit(plan, metric)
    found, target = sheet.actual(metric, unit), sheet.number(metric + ".target", unit)
    share = None
    if found is not None and target is not None and target > 0:
        share = Fraction(found) / target * ONE
    sheet.add(name, "RATIO", rounded(share, plan["rounding"]))
    return share


def _side(sheet, plan, side, name):
    """Return a value on an axis with the unit of its edges; an attainment is a line."""
    if side["axis"] == "ATTAINMENT":
        return _attained(sheet, plan, name, side["metric"]), "RATIO"
    unit = _unit(plan, side["metric"])
    return sheet.actual(side["metric"], unit), unit


def _passes(at, edge, boundary):
    return at > edge or (at == edge and boundary == "UPPER_TIER")


def _curve(part, points, at, below, unit):
    """Read a curve: ``below`` before the first point, straight between, level or a slope beyond.

    The slope is so much for one whole unit of what the curve runs over.
    """
    if not _passes(at, points[0][0], part["boundary"]):
        return Fraction(below)
    edge, height = points[-1]
    if at > edge and part["beyond"] == "SLOPE":
        return height + steps(part["slope"], "RATIO") * Fraction(at - edge) / 10 ** DECIMALS[unit]
    return Fraction(straight(points, at))


def pay_curve(sheet, plan, part):
    """Pay an amount times a curve over the attainment."""
    share = _attained(sheet, plan, part["id"] + ".attainment", part["metric"])
    points = [(steps(each["at"], "RATIO"), steps(each["pays"], "RATIO"))
              for each in part["points"]]  # fmt: skip
    percent = None
    if share is not None:
        below = points[0][1] if part["below"] == "FIRST_POINT" else 0
        percent = _curve(part, points, share, below, "RATIO")
    sheet.add(part["id"] + ".percent", "RATIO", rounded(percent, plan["rounding"]))
    minimum, flat = (
        _condition(sheet, plan, part, "minimum"), constant(part["amount"], plan["currency"])
    )  # fmt: skip
    _pay(
        sheet, plan, part,
        lambda: flat[0] * percent / ONE if minimum else 0, [percent, minimum], flat=flat,
    )  # fmt: skip


def _times(sheet, plan, part, factor):
    """Pay what a factor changes of a base."""
    base = _base(sheet, plan, part)

    def amount():
        if base < 0 and part["negative"] == "ZERO":
            return 0
        return base * (factor - ONE) / ONE

    _pay(sheet, plan, part, amount, [factor, base])


def multiplier(sheet, plan, part):
    """Pay what a factor from a table or a curve changes of a base."""
    at, unit = _side(sheet, plan, part, part["id"] + ".attainment")
    points = [(steps(each["at"], unit), steps(each["factor"], "RATIO"))
              for each in part["points"]]  # fmt: skip
    factor, below = None, steps(part["below"], "RATIO")
    if at is not None and part["form"] == "PIECEWISE":
        factor = _curve(part, points, at, below, unit)
    elif at is not None and part["form"] == "STEP":
        factor = Fraction(below)
        for edge, gives in points:
            if _passes(at, edge, part["boundary"]):
                factor = Fraction(gives)
    elif at is not None:
        raise Unknown("the factor " + part["form"])
    sheet.add(part["id"] + ".factor", "RATIO", rounded(factor, plan["rounding"]))
    _times(sheet, plan, part, factor)


def gate(sheet, plan, part):
    """Take away what a base pays when a condition fails."""
    rule = part["condition"]
    unit = _unit(plan, rule["metric"])
    limit = constant(rule["value"], unit)
    held = compare(sheet.actual(rule["metric"], unit), rule["comparison"], limit[0])
    if held is None:
        held = {"OPEN": True, "SHUT": False}.get(part["unmeasured"])
    sheet.add(part["id"] + ".passed", "TRUTH", truth(held), threshold=limit)
    ids, keeps = _in_base(sheet, part), part["negative"] == "KEEP"
    counted = [_counted(sheet, name) for name in ids]
    if UNKNOWN in counted:
        raise Unknown("the base of " + part["id"])
    if keeps:
        counted = [None if each is None else max(each, 0) for each in counted]
    base = sheet.add(part["id"] + ".base", plan["currency"], total(counted))
    if held is None:
        amount = None
    elif held:
        amount = 0
    elif base is None:
        amount = 0 if part["missing"] == "ZERO" else None
    else:
        amount = -base
    sheet.add(part["id"] + ".amount", plan["currency"], amount, threshold=limit)
    sheet.gates.append((ids, held, keeps))


def matrix(sheet, plan, part):
    """Pay an amount, or a factor of a base, from a table of two sides."""
    places = []
    sides = [
        _side(sheet, plan, part[name], "%s.%s_attainment" % (part["id"], word))
        for name, word in (("rows", "row"), ("columns", "column"))
    ]
    for (at, unit), name, word in zip(sides, ("rows", "columns"), ("row", "column")):
        side, place = part[name], None
        if at is not None:
            edges = [steps(edge, unit) for edge in side["edges"]]
            place = sum(1 for edge in edges if _passes(at, edge, side["boundary"]))
        places.append(place)
        sheet.add("%s.%s" % (part["id"], word), "NUMBER", None if place is None else place + 1)
    cell = None if None in places else part["cells"][places[0]][places[1]]
    if part["pays"] == "FACTOR":
        factor = None if cell is None else steps(cell, "RATIO")
        sheet.add(part["id"] + ".factor", "RATIO", factor)
        _times(sheet, plan, part, factor)
    elif part["pays"] == "AMOUNT":
        _pay(sheet, plan, part, lambda: steps(cell, plan["currency"]), [cell])
    else:
        raise Unknown("the matrix " + part["pays"])


def _units_paid(found, unit, part):
    """Return how many units are paid: with their parts or only whole ones."""
    units = Fraction(found) / 10 ** DECIMALS[unit]
    if units < 0 and part["negative"] == "ZERO":
        return Fraction(0)
    return Fraction(rounded(units, "DOWN")) if part["parts"] == "WHOLE_ONLY" else units


def _window(sheet, plan, part):
    """Add the line of a value over days of its own; return it, its unit, and whether it is due."""
    name, unit = part["id"] + ".window", _unit(plan, part["metric"])
    found = sheet.exact(name, unit)
    days = {key: (date.fromisoformat(part[key]).toordinal(), "DATE") for key in ("from", "to")}
    sheet.add(name + ".actual", unit, rounded(found, plan["rounding"]), **days)
    return found, unit, sheet.number(part["id"] + ".due", "TRUTH")


def _if_due(due, value):
    """List what an amount waits for: when nothing is due, the value does not matter."""
    return [due] if due == 0 else [due, value]


def _once(sheet, plan, part, found, unit, due):
    """Pay an amount when a value over days passes another."""
    limit, flat = constant(part["value"], unit), constant(part["amount"], plan["currency"])
    held = compare(found, part["comparison"], limit[0])
    sheet.add(part["id"] + ".condition", "TRUTH", truth(held), threshold=limit)
    _pay(
        sheet, plan, part, lambda: flat[0] if held and due else 0, _if_due(due, held),
        flat=flat, threshold=limit,
    )  # fmt: skip


def spiff(sheet, plan, part):
    """Pay a special programme over days of its own."""
    found, unit, due = _window(sheet, plan, part)
    if part["form"] == "BONUS":
        _once(sheet, plan, part, found, unit, due)
    elif part["form"] == "RATE":
        each = constant(part["rate"], "RATIO")

        def by_rate():
            if not due or (found < 0 and part["negative"] == "ZERO"):
                return 0
            return Fraction(each[0], ONE) * found

        _pay(sheet, plan, part, by_rate, _if_due(due, found), rate=each)
    elif part["form"] == "PER_UNIT":
        flat = constant(part["amount"], plan["currency"])
        _pay(
            sheet, plan, part,
            lambda: flat[0] * _units_paid(found, unit, part) if due else 0, _if_due(due, found),
            flat=flat,
        )  # fmt: skip
    else:
        raise Unknown("the programme " + part["form"])


def project_prize(sheet, plan, part):
    """Pay once for a project, in the period that contains its last day."""
    _once(sheet, plan, part, *_window(sheet, plan, part))


def points(sheet, plan, part):
    """Pay an amount for each point."""
    unit = _unit(plan, part["metric"])
    found, flat = sheet.actual(part["metric"], unit), constant(part["amount"], plan["currency"])
    minimum = _condition(sheet, plan, part, "minimum")
    _pay(
        sheet, plan, part,
        lambda: flat[0] * _units_paid(found, unit, part) if minimum else 0, [found, minimum],
        flat=flat,
    )  # fmt: skip


# Kinds that look at other people. What the others did is taken as it was sealed.


def _counts(sheet, part, head):
    """Add the line that says whether the person counts among the others."""
    found = sheet.number(part["id"] + head + "counted", "TRUTH")
    return sheet.add(part["id"] + ".counts", "TRUTH", found)


def _is_small(part, size):
    return size is not None and size < max(part["minimumCohort"], 1)


def _ranked(sheet, part):
    head = part["id"] + ".peers."
    return [sheet.number(head + name) for name in ("size", "rank", "tied")]


def top_bands(sheet, plan, part):
    """Pay an amount by the band that a rank lies in."""
    found = sheet.actual(part["metric"], _unit(plan, part["metric"]))
    (size, rank, tied), counts = _ranked(sheet, part), _counts(sheet, part, ".peers.")
    _tie_breaks(sheet, plan, part)
    share, ends = 0, []
    for number, band in enumerate(part["bands"], 1):
        share += steps(band["share"], "RATIO")
        end = None
        if size is not None:
            end = max(rounded(Fraction(size * share, ONE), part["rounding"]), part["least"])
        ends.append(end)
        sheet.add(
            "%s.places_%d" % (part["id"], number), "NUMBER", end,
            share=(share, "RATIO"), number=(number, "NUMBER"),
        )  # fmt: skip
    place = None
    if size is not None and rank is not None and tied is not None:
        last = rank + tied - 1 if part["tie"] == "EXCLUDE_ALL" else rank
        place = next((number for number, end in enumerate(ends, 1) if last <= end), 0)
    sheet.add(part["id"] + ".band", "NUMBER", place)

    def amount():
        if not counts or _is_small(part, size) or not place:
            return 0
        return steps(part["bands"][place - 1]["amount"], plan["currency"])

    _pay(sheet, plan, part, amount, _awaited(part, found, size, counts, place))


def _awaited(part, found, size, counts, place):
    """List what an amount by rank waits for: no rank, for who does not count or has few peers."""
    if counts == 0:
        return [found]
    if _is_small(part, size):
        return [found, size, counts]
    return [found, size, counts, place]


def _tie_breaks(sheet, plan, part):
    for metric in part.get("tieBreak") or ():
        sheet.actual(metric, _unit(plan, metric))


def rank_table(sheet, plan, part):
    """Pay an amount by rank; equals may share what their places pay."""
    found = sheet.actual(part["metric"], _unit(plan, part["metric"]))
    (size, rank, tied), counts = _ranked(sheet, part), _counts(sheet, part, ".peers.")
    _tie_breaks(sheet, plan, part)
    prizes = [steps(each, plan["currency"]) for each in part["amounts"]]

    def amount():
        if not counts or _is_small(part, size):
            return 0
        if part["rank"] == "FRACTIONAL":
            return Fraction(sum(prizes[rank - 1 : rank - 1 + tied]), tied)
        return prizes[rank - 1] if rank <= len(prizes) else 0

    place = None if rank is None or tied is None else rank
    _pay(sheet, plan, part, amount, _awaited(part, found, size, counts, place))


def _percentile(sheet, part, unit, size):
    """Return the exact percentile from the two values around it."""
    head, share = part["id"] + ".peers.", Fraction(steps(part["percentile"], "RATIO"), ONE)
    pair = []
    for name in ("lo", "hi"):
        top, bottom = sheet.number(head + name + "_num", unit), sheet.number(head + name + "_den")
        pair.append(None if top is None or not bottom else Fraction(top, bottom))
    if None in pair or size is None:
        return None
    if part["method"] == "R7_INCLUSIVE":
        at = share * (size - 1) + 1
    elif part["method"] == "R6_EXCLUSIVE":
        at = min(max(share * (size + 1), Fraction(1)), Fraction(size))
    elif part["method"] == "NEAREST_RANK":
        at = Fraction(0)
    else:
        raise Unknown("the percentile " + part["method"])
    return pair[0] + (pair[1] - pair[0]) * (at - at.numerator // at.denominator)


def above_percentile(sheet, plan, part):
    """Pay those above a percentile of their peers."""
    unit, head = _unit(plan, part["metric"]), part["id"] + ".peers."
    found, size = sheet.actual(part["metric"], unit), sheet.number(head + "size")
    counts = _counts(sheet, part, ".peers.")
    edge = _percentile(sheet, part, unit, size)
    if part["members"] == "PRORATED":
        days, whole = sheet.number(head + "days"), sheet.number(head + "period_days")
        edge = None if edge is None or days is None or not whole else edge * days / whole
    share = (steps(part["percentile"], "RATIO"), "RATIO")
    sheet.add(part["id"] + ".percentile", unit, rounded(edge, plan["rounding"]), share=share)
    above = compare(found, "MORE_THAN", edge)
    sheet.add(part["id"] + ".above", "TRUTH", truth(above))
    minimum = _condition(sheet, plan, part, "minimum")
    small, line = _is_small(part, size), edge
    if small:
        is_alone = part["fallback"] == "MINIMUM_ONLY" and "minimum" in part
        held = minimum if is_alone else False
        line = steps(part["minimum"]["value"], unit) if is_alone else 0
    else:
        held = above and minimum
    needed = [found, size, counts, minimum] if small else [found, size, counts, above, minimum]
    _above(sheet, plan, part, found, line, counts and held, [found] if counts == 0 else needed)


def _above(sheet, plan, part, found, line, held, needed):
    """Pay a flat amount and a rate on what lies above a line."""
    flat, each = constant(part.get("amount"), plan["currency"]), constant(part.get("rate"), "RATIO")

    def amount():
        if not held:
            return 0
        paid = Fraction(flat[0] if flat else 0)
        return paid + (Fraction(each[0], ONE) * max(found - line, 0) if each else 0)

    _pay(sheet, plan, part, amount, needed, flat=flat, rate=each)


def reward_above_line(sheet, plan, part):
    """Pay those above a line that nobody moves any more."""
    unit = _unit(plan, part["metric"])
    found = sheet.actual(part["metric"], unit)
    if part["line"] == "VALUE":
        line = Fraction(steps(part["value"], unit))
    elif part["line"] == "MEDIAN_BEFORE":
        pair = []
        for name in ("lo", "hi"):
            top = sheet.number("%s.before.%s_num" % (part["id"], name), unit)
            bottom = sheet.number("%s.before.%s_den" % (part["id"], name))
            pair.append(None if top is None or not bottom else Fraction(top, bottom))
        line = None if None in pair else (pair[0] + pair[1]) / 2
    else:
        raise Unknown("the line " + part["line"])
    sheet.add(part["id"] + ".line", unit, rounded(line, plan["rounding"]))
    above = compare(found, "MORE_THAN", line)
    sheet.add(part["id"] + ".above", "TRUTH", truth(above))
    minimum = _condition(sheet, plan, part, "minimum")
    _above(sheet, plan, part, found, line, above and minimum, [found, above, minimum])


def _team(sheet, plan, part, name, metric):
    """Add the line of a team's value, and return it with its unit."""
    unit = _unit(plan, metric)
    found = sheet.exact(part["id"] + "." + name, unit)
    sheet.add("%s.%s.actual" % (part["id"], name), unit, rounded(found, plan["rounding"]))
    return found, unit


def pool(sheet, plan, part):
    """Pay a part of what a team earned together, by a key."""
    terms, head, currency = part["pool"], part["id"] + ".pool.", plan["currency"]
    team = (None, None)
    if terms["of"] in ("RATE", "PER_UNIT"):
        team = _team(sheet, plan, part, "team", terms["metric"])
    held = _team_condition(sheet, plan, part)
    counts = _counts(sheet, part, ".pool.")
    minimum = _condition(sheet, plan, part, "minimum")
    key, unit = _pool_key(sheet, plan, part)
    if counts == 0 or minimum is False:
        key = 0
    elif counts is None or minimum is None:
        key = None
    elif key is not None:
        key = max(key, 0)
    sheet.add(part["id"] + ".key", unit, key)
    whole, named = _whole_pool(sheet, plan, part, team, held)
    sheet.add(part["id"] + ".whole", currency, whole, **named)
    keys, extra = sheet.number(head + "keys", unit), sheet.number(head + "extra", "TRUTH")

    def amount():
        if not keys:
            return 0
        share = Fraction(whole * key, keys)
        return rounded(share, "DOWN") + (-extra if whole < 0 else extra)

    _pay(sheet, plan, part, amount, [whole, key, keys, extra])


def _team_condition(sheet, plan, part):
    """Add the lines of a pool's condition; True when it has none."""
    rule = part.get("condition")
    if rule is None:
        return True
    found, unit = _team(sheet, plan, part, "team_held", rule["metric"])
    limit, named = None, {}
    if rule["against"] == "TEAM_TARGET":
        limit = sheet.number(part["id"] + ".team_held.target", unit)
    elif rule["against"] == "VALUE":
        named["threshold"] = constant(rule["value"], unit)
        limit = named["threshold"][0]
    else:
        raise Unknown("a condition against " + rule["against"])
    held = compare(found, rule["comparison"], limit)
    sheet.add(part["id"] + ".condition", "TRUTH", truth(held), **named)
    return held


def _pool_key(sheet, plan, part):
    """Return a person's key and its unit, before it is known whether the person takes part."""
    kind = part["key"]
    if kind == "EQUAL":
        return 1, "NUMBER"
    if kind == "DAYS":
        return sheet.number(part["id"] + ".pool.days"), "NUMBER"
    if kind == "SCORE":
        return sheet.number("score", "POINT"), "POINT"
    if kind == "METRIC":
        unit = _unit(plan, part["metric"])
        return rounded(sheet.actual(part["metric"], unit), plan["rounding"]), unit
    raise Unknown("the key " + kind)


def _whole_pool(sheet, plan, part, team, held):
    """Return what the team earned, and the numbers of the document that say how."""
    terms, (found, unit) = part["pool"], team
    flat = constant(terms.get("amount"), plan["currency"])
    each, kind = constant(terms.get("rate"), "RATIO"), terms["of"]
    if kind == "FIXED":
        whole = Fraction(flat[0])
    elif kind == "PER_HEAD":
        heads = sheet.number(part["id"] + ".pool.heads")
        whole = None if heads is None else Fraction(flat[0] * heads)
    elif kind == "RATE":
        whole = None if found is None else Fraction(each[0], ONE) * found
    elif kind == "PER_UNIT":
        whole = None if found is None else Fraction(flat[0]) * found / 10 ** DECIMALS[unit]
    else:
        raise Unknown("the pool " + kind)
    if whole is not None and terms.get("negative") == "ZERO":
        whole = max(whole, Fraction(0))
    named = {"rate": each} if kind == "RATE" else {"flat": flat}
    # A condition that was missed leaves no pool, whatever the team reached otherwise.
    if held is False:
        return 0, named
    return (None if held is None else rounded(whole, plan["rounding"])), named


# A period that was cut, or taken by days ----------------------------------------------------------

WHOLE_UNITS = ("RATIO", "POINT")  # half a month does not halve them
BASES = {"CALENDAR_DAYS": "calendar_days", "WORKING_DAYS": "working_days"}


class By:
    """What of a document is taken by days, and by a newcomer's ramp."""

    def __init__(self, document, how, part):
        block, ramp = document.get("proration") or {}, document.get("ramp") or {}
        is_taken = how["byDays"] and block
        self.basis = BASES.get(block.get("basis"))
        self.targets = set(block["targets"]) if is_taken else set()
        self.amounts = set(block.get("amounts", ())) if is_taken else set()
        self.thresholds = set(block.get("thresholds", ())) if is_taken else set()
        self.ramped = set(ramp["metrics"]) if how["ramped"] and ramp else set()
        self.part = part  # "score" or "pay"

    def takes(self, name):
        """Say whether an input is a target or a baseline of which a part counts."""
        metric, _, which = name.rpartition(".")
        if which not in ("target", "baseline"):
            return False
        return metric in self.targets or (which == "target" and metric in self.ramped)

    def share(self, sheet):
        """Return the part of the period's days; None when they are not known."""
        here, whole = (sheet.number(self.basis + end) for end in (".present", ".period"))
        return None if here is None or not whole else Fraction(here, whole)

    def target(self, sheet, name, unit):
        """Take the part of a target or baseline: days and ramp multiplied, rounded once."""
        metric, _, which = name.rpartition(".")
        found, factors = sheet.number("%s.full_%s" % (metric, which), unit), []
        if metric in self.targets:
            factors.append(self.share(sheet))
        if which == "target" and metric in self.ramped:
            head = "ramp.%s." % self.part
            share, full = sheet.number(head + "share"), sheet.number(head + "full")
            factors.append(None if share is None or not full else Fraction(share, full))
        if found is None or None in factors:
            return None
        for each in factors:
            found *= each
        return rounded(found, sheet.mode)


class PartInputs:
    """The inputs of one part of a period under the names that its document uses."""

    def __init__(self, inputs, prefix, is_whole):
        self.inputs, self.prefix, self.is_whole = inputs, prefix, is_whole

    def named(self, name):
        """Return the name an input was sealed under: its part's, or the whole period's."""
        if name == "score" or name.endswith("_days.period"):
            return name
        if self.is_whole and name.endswith((".num", ".den", "_days.present")):
            return name
        is_shared = self.prefix + name not in self.inputs and name in self.inputs
        return (
            name
            if is_shared and not name.endswith(("target", "baseline"))
            else (self.prefix + name)
        )

    def get(self, name):
        """Return an input, or nothing."""
        return self.inputs.get(self.named(name))


def shaped_sheet(part, documents, how, inputs):
    """Compute the lines of one document by days, or of the documents of all segments together.

    ``part`` is ``score`` or ``pay``; ``documents`` lie at the places of the segments.
    """
    compute = score_sheet if part == "score" else pay_sheet
    if not how["places"]:
        only = documents[0]
        return None if only is None else compute(only, inputs, By(only, how, part))
    there = [place for place in how["places"] if documents[place] is not None]
    if not there:
        return None
    last = documents[there[-1]]
    block = last["proration"]
    is_whole = block["split"] != "DAYS"
    if block["split"] not in ("DAYS", "FULL", "ACTUALS"):
        raise Unknown("the split " + block["split"])
    sheet, heads = Sheet(inputs, last["rounding"]), []
    for place in there:
        head, document = "s%d." % (place + 1), documents[place]
        seen = PartInputs(inputs, head, is_whole)
        own = compute(document, seen, By(document, how, part))
        heads.append(head)
        sheet.unknown += [(head + name, what) for name, what in own.unknown]
        for name, (value, unit, named) in own.lines.items():
            sheet.lines[head + name] = (value, unit, named)
        for name, unit in own.units.items():
            sheet.units[seen.named(name)] = unit
    if part == "pay":
        # The days of a part without a plan count: they pay nothing. A score is the mean of what
        # was scored.
        all_heads = ["s%d." % (place + 1) for place in how["places"]]
        _paid_together(sheet, last, all_heads, set(heads))
    else:
        whole, weights = _weights(sheet, block, heads)
        scores = [sheet.value(head + "score") for head in heads]
        sheet.add("score", "POINT", _mean(sheet, scores, weights, whole))
    return sheet


def _paid_together(sheet, plan, heads, paying):
    """Add up what the parts pay; parts of a whole period count by their weights."""
    currency = plan["currency"]
    if plan["proration"]["split"] == "DAYS":
        paid = [sheet.value(head + "payout") for head in heads if head in paying]
        sheet.add("payout", currency, _known_total(paid))
        return
    if sheet.unknown:
        raise Unknown(sheet.unknown[0][1])
    names = list(sheet.lines)
    whole, weights = _weights(sheet, plan["proration"], heads)
    parts = []
    for head, weight in zip(heads, weights):
        if head not in paying:
            continue
        percent = _mean(sheet, [ONE], [weight], whole)
        sheet.add(head + "percent", "RATIO", percent)
        for name in names:
            if name.startswith(head) and name.endswith(".amount"):
                paid = _mean(sheet, [sheet.value(name)], [weight], whole)
                parts.append(sheet.add(name + ".part", currency, paid))
    sheet.add("payout", currency, total(parts))


def _mean(sheet, values, weights, whole):
    """Weigh values, rounded once; None when one is missing or nothing weighs."""
    if None in values or None in weights or not whole:
        return None
    added = sum(value * weight for value, weight in zip(values, weights))
    return rounded(Fraction(added, whole), sheet.mode)


def _weights(sheet, block, heads):
    """Return what all parts weigh and what each does: days, or what was achieved in it."""
    days = BASES[block["basis"]]
    present = [sheet.number(head + days + ".present") for head in heads]
    if block["split"] != "ACTUALS":
        return sheet.add(days + ".whole", "NUMBER", total(present)), present
    # Its unit is known where a part reads it.
    read = [sheet.units.get(head + block["by"] + ".num") for head in ["", *heads]]
    unit = next((each for each in read if each is not None), "NUMBER")
    achieved = [sheet.number("%s%s.achieved" % (head, block["by"]), unit) or 0 for head in heads]
    known = sum(achieved) > 0 and min(achieved) >= 0
    sheet.add("weight.known", "TRUTH", truth(known))
    weights = achieved if known else present
    for head, weight in zip(heads, weights):
        sheet.add(head + "weight.present", "NUMBER", weight)
    return sheet.add("weight.whole", "NUMBER", total(weights)), weights


CARD_FIELDS = {
    "format", "key", "name", "rounding", "weightTotal", "missing", "combine", "items",
    "adjustments", "team", "cap", "floor", "proration", "ramp",
}  # fmt: skip
ITEM_FIELDS = {
    "metric", "unit", "dimension", "direction", "comparison", "weight", "cap", "floor", "curve",
}  # fmt: skip
ADJUSTMENT_FIELDS = {
    "id", "name", "kind", "form", "metric", "unit", "points", "cap", "comparison", "value",
    "missing",
}  # fmt: skip
PLAN_FIELDS = {
    "format", "key", "name", "cadence", "currency", "rounding", "units", "components", "cap",
    "floor",
    # How earnings are settled on the pay sheet changes no line of a calculation.
    "settlement",
    # Nor does what is taken by days, for whom the sealed content has no ``shape``.
    "proration",
    "ramp",
}  # fmt: skip
COMMON_FIELDS = {"id", "kind", "name", "missing", "cap", "floor"}
_PEERS = {"metric", "peerGroup", "minimumCohort", "fallback"}
_DAYS = {"metric", "from", "to", "comparison", "value", "amount"}
# Each kind with the fields that are understood: one more may change what is paid.
KINDS = {
    "BONUS_WHEN_MET": (bonus_when_met, {"metric", "comparison", "amount", "minimum"}),
    "RATE_ON_EXCESS": (rate_on_excess, {"metric", "comparison", "rate", "minimum"}),
    "RATE": (rate, {"metric", "rate", "negative", "minimum"}),
    "KICKER": (kicker, {"percent", "base", "condition"}),
    "REWARD_ABOVE_MEDIAN": (reward_above_median, _PEERS | {"minimum", "rate", "amount"}),
    "TOP_SHARE": (top_share, _PEERS | {"share", "rounding", "least", "tie", "amount"}),
    "TIERED": (
        tiered,
        {"metric", "measure", "mode", "boundary", "negative", "tiers", "span", "spanTarget"}
        | {"spanStart"},  # which earlier periods count is said by the inputs that were sealed
    ),
    "SCORE_PAY": (score_pay, {"amount", "points", "below"}),
    "PAY_CURVE": (
        pay_curve,
        {"metric", "amount", "points", "boundary", "below", "beyond", "slope", "minimum"},
    ),
    "MULTIPLIER": (
        multiplier,
        {"metric", "axis", "form", "points", "boundary", "below", "beyond", "slope", "base"}
        | {"negative"},
    ),
    "GATE": (gate, {"base", "condition", "negative", "unmeasured"}),
    "MATRIX": (matrix, {"rows", "columns", "pays", "cells", "base", "negative"}),
    "SPIFF": (spiff, _DAYS | {"form", "pays", "rate", "parts", "negative"}),
    "PROJECT_PRIZE": (project_prize, _DAYS),
    "POINTS": (points, {"metric", "amount", "parts", "negative", "minimum"}),
    "TOP_BANDS": (
        top_bands,
        _PEERS | {"members", "rank", "bands", "rounding", "least", "tie", "tieBreak"},
    ),
    "RANK_TABLE": (rank_table, _PEERS | {"members", "rank", "tieBreak", "amounts"}),
    "ABOVE_PERCENTILE": (
        above_percentile,
        _PEERS | {"members", "percentile", "method", "rate", "amount", "minimum"},
    ),
    "REWARD_ABOVE_LINE": (
        reward_above_line,
        {"metric", "line", "value", "peerGroup", "rate", "amount", "minimum"},
    ),
    "POOL": (pool, {"team", "pool", "condition", "members", "key", "metric", "minimum"}),
}


# --------------------------------------------------------------------------------------------------
# Checking: from the signature down to the last line. What stands above vouches for what is below,
# so the first thing that does not fit is the thing that was changed.

RUN_FIELDS = {
    "run": "id", "entity": "entity", "period": "period", "mode": "mode", "knownAt": "knownAt",
    "final": "final",
}  # fmt: skip
CHECKPOINT_FIELDS = (
    "format", "entity", "number", "size", "lastSeq", "root", "at", "previous", "publicKey",
)  # fmt: skip


class Report:
    """What was checked, in order, and what could not be."""

    def __init__(self):
        self.said = []  # (code of a sentence, values)
        self.gaps = []  # the same, for what keeps the proof from being whole
        self.taken = []  # the same, for what is believed because it was sealed
        self.wrong = None
        self.content = None  # what was sealed, once it is known to be

    def add(self, code, **values):
        """Note something that holds."""
        self.said.append((code, values))

    def take(self, code, **values):
        """Note something that is taken as it was sealed: nothing here computes it again."""
        self.taken.append((code, values))

    def gap(self, code, **values):
        """Note something that could not be shown."""
        self.gaps.append((code, values))


def verify(proof, keys=()):
    """Check a proof; trusted are the public keys given, in hex. Return the report."""
    report = Report()
    try:
        _verify(proof, [key.lower() for key in keys], report)
    except Wrong as wrong:
        report.wrong = wrong
    except Unreadable:
        raise
    except Exception as broken:  # whatever a strange document makes of itself, it is no proof
        raise Unreadable(type(broken).__name__) from broken
    return report


def _verify(proof, keys, report):
    found = FORMATS.get(proof.get("format") if isinstance(proof, dict) else None)
    if found is None:
        raise Unreadable("attain.proof/1")
    check, kind, action = found
    seal, run = proof["seal"], proof["run"]
    if seal is None:
        content = proof["content"]
        report.gap({"TRIAL": "not_sealed", "PAY": "not_locked"}.get(run["mode"], "before_seals"))
    else:
        content = _sealed(proof, seal, keys, report, kind, action)
    report.content = content
    check(proof, content, report)


def _verify_statement(proof, content, report):
    seal = proof["seal"]
    _documents(proof["documents"], content, report)
    _subject(proof, content)
    if seal is not None:
        _facts(seal, content, proof["documents"].get("plan"), report)
    sheets = _sheets(proof["documents"], content, report)
    _lines(proof["statement"], sheets, content, report)
    _totals(sheets, content, report)
    _as_shown(proof, sheets)
    for name in sorted(_spans(proof["documents"].get("plan"))):
        report.take("taken_earned", name=name + ".earned")


def _spans(plan):
    """List the components of a plan that run to date, by id."""
    parts = (plan or {}).get("components", ())
    return {part["id"]: part for part in parts if "span" in part}


def _sealed(proof, seal, keys, report, kind, action):
    """Check the seal; return the content that was sealed of the person."""
    if seal["trail"] is None:
        report.gap("not_yet")
    else:
        _trail(seal, proof["run"], keys, report, action)
    content = _leaf(proof, seal, seal["result"], kind, "seal.result")
    report.add("ok_leaf", size=seal["size"])
    for place, each in enumerate(seal["cohorts"]):
        _leaf(proof, seal, each, "cohort", "seal.cohorts[%d]" % place)
    return content


def _trail(seal, run, keys, report, action):
    trail, checkpoint = seal["trail"], seal["trail"]["checkpoint"]
    _shape(checkpoint, set(CHECKPOINT_FIELDS) | {"signature"}, "seal.trail.checkpoint")
    body = canonical({name: checkpoint[name] for name in CHECKPOINT_FIELDS})
    key, signature = _hex(checkpoint["publicKey"]), _hex(checkpoint["signature"])
    if not ed25519_is_signed(key, body, signature):
        raise Wrong("seal.trail.checkpoint", "signature")
    if keys and checkpoint["publicKey"] not in keys:
        raise Wrong("seal.trail.checkpoint", "untrusted", said=checkpoint["publicKey"])
    report.add(
        "ok_signature", number=checkpoint["number"], at=checkpoint["at"],
        key=checkpoint["publicKey"],
    )  # fmt: skip
    report.add("ok_trusted" if keys else "ask_key")
    row = trail["row"]
    leaf = leaf_hash(_row_content(row))
    _included(leaf, trail, checkpoint["size"], checkpoint["root"], "seal.trail.row")
    if trail["format"] != "attain.trail_inclusion/1" or row["action"] != action:
        raise Wrong("seal.trail.row", "shape")
    details = read_strictly(row["details"])
    for where, said, found in (
        ("seal.root", seal["root"], details["root"]),
        ("seal.size", str(seal["size"]), details["leaves"]),
        ("run.id", run["id"], row["subject"]),
        ("run.entity", run["entity"], row["entity"]),
        ("run.entity", run["entity"], checkpoint["entity"]),
        ("seal.result", "attain.sealed/1", details["format"]),
    ):
        _same(where, said, found)
    report.add("ok_trail", index=trail["index"], run=run["id"])


def _row_content(row):
    """Write a row of the trail as it is hashed."""
    names = ["entity", "account", "action", "subject", "at"]
    acting = row.get("onBehalfOf") is not None
    _shape(row, set(names) | {"details"} | ({"onBehalfOf"} if acting else set()), "seal.trail.row")
    said = {name: row[name] for name in names}
    said["format"] = "attain.audit_event/2" if acting else "attain.audit_event/1"
    if acting:
        said["onBehalfOf"] = row["onBehalfOf"]
    try:
        said["details"] = read_strictly(row["details"])
    except Unreadable as broken:
        raise Wrong("seal.trail.row", "shape") from broken
    return canonical(said)


def _leaf(proof, seal, included, kind, where):
    """Check one sealed document: its place in the tree of the run, and whose run it is."""
    document = included["document"]
    leaf = leaf_hash(canonical(document))
    _included(leaf, included, seal["size"], seal["root"], where)
    _shape(document, set(RUN_FIELDS) | {"format", "kind", "content", "salt"}, where)
    if (document["format"], document["kind"]) != ("attain.sealed/1", kind):
        raise Wrong(where, "shape")
    for name, field in RUN_FIELDS.items():
        _same("run." + field, proof["run"][field], document[name])
    return document["content"]


def _included(leaf, included, size, root, where):
    index, path = included["index"], [_hex(step) for step in included["path"]]
    if not isinstance(size, int) or not isinstance(index, int) or isinstance(index, bool):
        raise Wrong(where, "shape")
    if len(path) > 64 or root_from(leaf, index, size, path) != _hex(root):
        raise Wrong(where, "inclusion")


def _documents(documents, content, report):
    """Check that scorecard and plan are those whose hashes were sealed."""
    for name in ("scorecard", "plan"):
        document = documents.get(name)
        found = None if document is None else sha256_hex(canonical(document))
        if found != content[name]:
            raise Wrong("documents." + name, "hash")
    if "segments" in documents:
        shape = _shape_of(content) or {"score": {"documents": []}, "pay": {"documents": []}}
        found = {sha256_hex(canonical(each)) for each in documents["segments"]}
        named = {each for part in ("score", "pay") for each in shape[part]["documents"] if each}
        if found != named:
            raise Wrong("documents.segments", "hash")
    report.add("ok_documents")


def _shape_of(content):
    """Read how the rules were applied, as it was sealed; None when plainly."""
    return None if content.get("shape") is None else read_strictly(content["shape"])


def _by_shape(documents, shape, inputs):
    """Compute the lines of a period that was cut or taken by days."""
    known = {sha256_hex(canonical(each)): each for each in documents["segments"]}
    sheets = {}
    for part in ("score", "pay"):
        how = shape[part]
        own = [None if each is None else known[each] for each in how["documents"]]
        if part == "pay":
            score = sheets["score"].value("score") if "score" in sheets else None
            inputs = dict(inputs, score=score)
        sheet = shaped_sheet(part, own, how, inputs) if own else None
        if sheet is not None:
            sheets[part] = sheet
    return sheets


def _subject(proof, content):
    """Check whose statement it is, of when, and by which rules."""
    statement, documents = proof["statement"], proof["documents"]
    _shape(statement, {"format", "engine", "subject", "currency", "score", "pay"}, "statement")
    wanted = {
        "person": content["person"],
        "period": proof["run"]["period"],
        "scorecard": content["scorecard"] or "",
        "plan": content["plan"] or "",
    }
    if content.get("shape") is None:
        _shape(statement["subject"], set(wanted), "statement.subject")
    for name, found in wanted.items():
        _same("statement.subject." + name, statement["subject"][name], found)
    plan = documents.get("plan")
    currency = plan["currency"] if plan else None
    for where, said, found in (
        ("statement.format", statement["format"], "attain.statement/1"),
        ("statement.engine", statement["engine"], content["engine"]),
        ("seal.result", content["currency"], currency),
        ("statement.currency", statement["currency"], currency or ""),
    ):
        _same(where, said, found)


# What a component shares with its group, and what of that is one person's alone.
SHARED = ("peers.", "pool.", "team.", "team_held.")
PERSONAL = (
    "peers.rank", "peers.tied", "peers.counted", "peers.days", "pool.extra", "pool.counted",
    "pool.days",
)  # fmt: skip


def _facts(seal, content, plan, report):
    """Check that the peer facts among the inputs are the sealed ones of the group."""
    inputs, wanted = content["inputs"], dict(content["cohorts"])
    parts = {part["id"]: part for part in (plan or {}).get("components", ())}
    for place, each in enumerate(seal["cohorts"]):
        where, facts = "seal.cohorts[%d]" % place, each["document"]["content"]
        name = facts["component"]
        # A period that was cut may have been paid by several plans.
        is_own = facts["plan"] == content["plan"] or content.get("shape") is not None
        if wanted.get(name) != sha256_hex(canonical(facts)) or not is_own:
            raise Wrong(where, "hash")
        del wanted[name]
        part = parts.get(name, {})
        if part.get("kind") != "POOL":
            _same(where, facts["measure"], part.get("metric", facts["measure"]))
        group = part.get("peerGroup", part.get("team", facts["peerGroup"]))
        _same(where, facts["peerGroup"], group)
        head, own = name + ".", {}
        for key, value in inputs.items():
            short = key[len(head) :]
            if key.startswith(head) and short.startswith(SHARED) and short not in PERSONAL:
                own[short] = value
        if own != facts["facts"]:
            raise Wrong(where, "differs", said=facts["facts"], found=own)
    left = [name for name, found in wanted.items() if found is not None]
    if left:
        raise Wrong("seal.cohorts", "lost_line")
    report.add("ok_cohorts", count=len(seal["cohorts"]))
    if seal["cohorts"] or content["cohorts"]:
        # Who comes to a closed period late is placed beside its group, and not in it.
        if seal["result"]["document"]["mode"] == "POSTED":
            _possible(inputs)
        report.take("taken_peers", count=len(seal["cohorts"]))


def _possible(inputs):
    """Check that no fact of a group contradicts another: a rank lies within its group."""
    for name, value in sorted(inputs.items()):
        head, _, last = name.rpartition(".")
        if last != "size" or value is None or inputs.get(head + ".counted") == "0":
            continue
        size, where = int(value), "the input " + head
        rank, tied = inputs.get(head + ".rank"), inputs.get(head + ".tied")
        if rank is not None and not 1 <= int(rank) <= size:
            raise Wrong(where + ".rank", "peers", said=rank, found=value)
        if None not in (rank, tied) and not 1 <= int(tied) <= size - int(rank) + 1:
            raise Wrong(where + ".tied", "peers", said=tied, found=value)
        pair = []
        for end in ("lo", "hi"):
            top, bottom = (
                inputs.get(head + "." + end + "_num"),
                inputs.get(head + "." + end + "_den"),
            )
            pair.append(
                None if top is None or not int(bottom or 0) else Fraction(int(top), int(bottom))
            )
        if None not in pair and pair[0] > pair[1]:
            raise Wrong(where + ".lo_num", "peers", said=str(pair[0]), found=str(pair[1]))


def _sheets(documents, content, report):
    """Compute the lines of scorecard and plan from the sealed inputs."""
    inputs = {name: _whole(value) for name, value in content["inputs"].items()}
    sheets = {}
    card, plan = documents.get("scorecard"), documents.get("plan")
    score = None
    gap = None
    if content["engine"] not in ENGINES:
        gap = "the engine version " + content["engine"]
    elif content.get("shape") is not None and "segments" not in documents:
        gap = "the documents of the segments, which this proof does not bring along"
    if gap:
        for name in ("score", "pay"):
            sheets[name] = Sheet(inputs, "HALF_UP")
            sheets[name].unknown.append(("", gap))
        return sheets
    try:
        if content.get("shape") is not None:
            return _by_shape(documents, _shape_of(content), inputs)
        if card is not None:
            sheets["score"] = score_sheet(card, inputs)
            score = sheets["score"].value("score")
        if plan is not None:
            sheets["pay"] = pay_sheet(plan, dict(inputs, score=score))
    except Unknown as unknown:
        # What leans on a score that is not known is not known either.
        for name in ("score", "pay"):
            if name not in sheets:
                sheets[name] = Sheet(inputs, "HALF_UP")
                sheets[name].unknown.append(("", unknown.what))
    return sheets


def _lines(statement, sheets, content, report):
    """Hold every line against what was computed; the first that differs is named."""
    count = 0
    for part in ("score", "pay"):
        sheet = sheets.get(part) or Sheet({}, "HALF_UP")
        seen = set()
        for line in statement[part]:
            _shape(line, {"name", "code", "unit", "value", "inputs", "problems"}, "line")
            name = line["name"]
            if name in seen:
                raise Wrong(_line(name), "twice")
            seen.add(name)
            gap = _why_unknown(sheet, name)
            if gap is not None:
                report.gap("cannot", line=name, what=gap)
            elif name not in sheet.lines:
                raise Wrong(_line(name), "extra_line")
            else:
                _check_line(sheet, line)
                count += 1
        lost = [name for name in sheet.lines if name not in seen]
        if lost:
            raise Wrong(_line(lost[0]), "lost_line")
    report.add("ok_lines", count=count)


def _line(name):
    return "line " + name


def _why_unknown(sheet, name):
    """Say why a line cannot be computed again; None when it can."""
    for head, what in sheet.unknown:
        if name.startswith(head):
            return what
    if name in sheet.lines and sheet.lines[name][0] is UNKNOWN:
        return sheet.unknown[0][1]
    return None


def _check_line(sheet, line):
    name = line["name"]
    value, unit, constants = sheet.lines[name]
    _value(name, line["value"], value)
    if line["unit"] != unit:
        raise Wrong(_line(name), "unit", said=line["unit"], found=unit)
    for each in line["inputs"]:
        key, said, counted = each
        if key in constants:
            found, wanted = constants[key]
        elif key in sheet.lines:
            found, wanted = sheet.lines[key][:2]
        elif key in sheet.units:
            found, wanted = sheet.inputs.get(key), sheet.units[key]
        else:
            raise Wrong(_line(name), "unknown_input", name=key)
        if found is not UNKNOWN and said != _text(found):
            raise Wrong(_line(name), "input", name=key, said=said, found=_text(found))
        if counted != wanted:
            raise Wrong(_line(name), "unit", said=counted, found=wanted)
    _check_words(name, line, value)


def _check_words(name, line, value):
    """Check that the sentence and the problems of a line can be those of its value."""
    code = line["code"]
    fits = {"_yes": value == 1, "_no": value == 0, "_missing": value is None}
    for ending, fitting in fits.items():
        if code.endswith(ending) and not fitting:
            raise Wrong(_line(name), "code", said=code)
    if not code.startswith("line_"):
        raise Wrong(_line(name), "code", said=code)
    read = {each[0] for each in line["inputs"]} | {name}
    for _, path in line["problems"]:
        if path not in read:
            raise Wrong(_line(name), "problem", said=path)


def _value(name, said, found):
    if said != _text(found):
        raise Wrong(_line(name), "value", said=said, found=_text(found))


def _totals(sheets, content, report):
    """Check that what was sealed as score, amounts and payout is what the lines give."""
    gap = any(sheet.unknown for sheet in sheets.values())
    score, pay = sheets.get("score"), sheets.get("pay")
    if score is not None and not score.unknown:
        _same("seal.result", content["score"], _text(score.value("score")))
    if pay is None or gap:
        if pay is None and (content["payout"] is not None or content["amounts"]):
            raise Wrong("seal.result", "shape")
        return
    _same("seal.result", content["payout"], _text(pay.value("payout")))
    ending = ".part" if any(name.endswith(".part") for name in pay.lines) else ".amount"
    amounts = {name: _text(line[0]) for name, line in pay.lines.items() if name.endswith(ending)}
    _same("seal.result", content["amounts"], amounts)
    report.add("ok_total")


def _as_shown(proof, sheets):
    """Check the decimals that a person reads, and the hash of the statement."""
    statement = proof["statement"]
    _shape(proof["shown"], {"score", "pay"}, "shown")
    for part in ("score", "pay"):
        shown, lines = proof["shown"][part], {each["name"]: each for each in statement[part]}
        for name, line in lines.items():
            if name not in shown:
                raise Wrong("shown " + name, "lost_line")
            wanted = show(_whole(line["value"]), line["unit"])
            if shown[name] != wanted:
                raise Wrong("shown " + name, "value", said=shown[name], found=wanted)
        for name in shown:
            if name not in lines:
                raise Wrong("shown " + name, "extra_line")
    if proof["hash"] != sha256_hex(canonical(statement)):
        raise Wrong("hash", "hash")


def _same(where, said, found):
    if said != found or type(said) is not type(found):
        raise Wrong(where, "differs", said=said, found=found)


def _shape(value, names, where):
    if not isinstance(value, dict) or set(value) != set(names):
        raise Wrong(where, "shape")


def _hex(text):
    if not isinstance(text, str) or text != text.lower():
        raise Unreadable("hex")
    return bytes.fromhex(text)


def _whole(text):
    """Read a whole number as it is sealed: the shortest decimal text, or nothing."""
    if text is None:
        return None
    if not isinstance(text, str) or str(int(text)) != text:
        raise Unreadable("a number is a text of whole steps")
    return int(text)


def _text(value):
    return None if value is None else str(value)


# --------------------------------------------------------------------------------------------------
# Pay sheets and corrections: docs/pay.md, docs/periods.md.

CAUSES = (
    "LATE_FACTS", "CORRECTED_FACTS", "CREDIT_NOTES", "LINKS", "ORGANISATION", "GOALS", "RULES",
    "RATES", "EARLIER",
)  # fmt: skip
HELD = "CREDIT_NOTE_HELD"  # beside the walk: what a credit note would have raised
LATE = "LATE"  # booked without a cause, after its period was paid
SETTLEMENTS = ("1",)
BALANCES = {
    "DRAW": ("draw.draw_before", "draw.balance"),
    "HOLDBACK": ("holdback.held_before", "holdback.balance"),
    "CARRIED": ("carried.before", "carried.balance"),
}
SHEET_FIELDS = {
    "format", "engine", "subject", "currency", "rounding", "settlement", "policy", "causes",
    "inputs", "lines",
}  # fmt: skip
TERM_FIELDS = {
    "": {"timing", "draw", "guarantee", "holdback"},
    "timing": {"monthsAfter", "day"},
    "draw": {"recoverable", "amount", "fromMonth", "toMonth", "recovery"},
    "guarantee": {"amount", "months"},
    "holdback": {"share", "base", "release"},
}


def settled_lines(sheet):
    """Compute every line of a pay sheet from its terms, its policy and its inputs."""
    terms, policy, money = sheet["settlement"] or {}, sheet["policy"], sheet["currency"]
    _known_terms(sheet, terms, policy)
    given = {name: _whole(value) for name, value in sheet["inputs"].items()}
    period, month = sheet["subject"]["period"], given["sheet.month"]
    lines, paid = {}, ["sheet.earned"]
    lines["sheet.earned"] = given["sheet.earned_net"]
    nets = {}
    for cause in sheet["causes"]:
        name = "adjustment." + cause
        lines[name] = given["adjusted." + cause]
        nets.setdefault(cause.partition(".")[0], []).append(lines[name])
        paid.append(name)
    if period in nets:
        nets[period].append(lines["sheet.earned"])
    for origin, parts in nets.items():
        lines["origin." + origin] = sum(parts)
    whole = [lines["origin." + origin] for origin in nets]
    if period not in nets:
        whole.insert(0, lines["sheet.earned"])
    due = lines["sheet.due"] = sum(max(net, 0) for net in whole)
    guarantee, draw, holdback = (terms.get(name) for name in ("guarantee", "draw", "holdback"))
    assured = drawn = 0
    if guarantee:
        holds = month is not None and month <= guarantee["months"]
        assured = lines["guarantee.minimum"] = steps(guarantee["amount"], money) if holds else 0
    if draw:
        holds = month is not None and draw["fromMonth"] <= month <= draw["toMonth"]
        drawn = lines["draw.minimum"] = steps(draw["amount"], money) if holds else 0
    least, there = max(assured, drawn, 0), due
    if holdback:
        share = Fraction(str(holdback["share"])) * max(given["sheet.holdback_base"], 0)
        kept = min(rounded(share, sheet["rounding"]), max(due - least, 0))
        lines["holdback.withheld"] = -kept
        there -= kept
        paid.append("holdback.withheld")
    payable = there
    if guarantee:
        lines["guarantee.paid"] = max(assured - there, 0)
        payable += lines["guarantee.paid"]
        paid.append("guarantee.paid")
    if draw:
        lines["draw.paid"] = max(drawn - payable, 0)
        payable += lines["draw.paid"]
        paid.append("draw.paid")
    back = 0
    if draw and draw["recoverable"]:
        back = _recovered(draw, money, month, there, assured, given["draw.draw_before"])
        lines["draw.recovered"] = -back
        paid.append("draw.recovered")
    lines["holdback.released"] = given["holdback.due_now"]
    paid.append("holdback.released")
    payable += given["holdback.due_now"] - back
    _taken_back(lines, policy, given, whole, max(payable - least, 0))
    paid += ["clawback.before", "clawback.carried"]
    lines["sheet.paid"] = sum(lines[name] for name in paid)
    moved = lines["draw.paid"] - back if draw and draw["recoverable"] else 0
    lines["draw.balance"] = given["draw.draw_before"] + moved
    held = lines.get("holdback.withheld", 0) + lines["holdback.released"]
    lines["holdback.balance"] = given["holdback.held_before"] - held
    lines["carried.balance"] = lines["clawback.carried"]
    return lines


def _known_terms(sheet, terms, policy):
    """Refuse to settle by terms that are not understood: one word more may change what is paid."""
    if sheet["engine"] not in SETTLEMENTS:
        raise Unknown("the settlement version " + str(sheet["engine"]))
    strange = set(terms) - TERM_FIELDS[""]
    for name in TERM_FIELDS[""] & set(terms):
        strange |= set(terms[name]) - TERM_FIELDS[name]
    limits = policy["clawback"]
    strange |= set(limits) - {"wage", "shareOfWage", "keepsMinimumWage"}
    if strange:
        raise Unknown("the field " + sorted(strange)[0])
    if limits["wage"] not in ("RECORDED", "RECORDED_AND_DUE"):
        raise Unknown("the wage " + str(limits["wage"]))


def _recovered(draw, money, month, there, assured, before):
    """Return what pays a draw back: a share of what exceeds its amount, never more than is owed."""
    terms = draw["recovery"]
    if month is None or month < terms["fromMonth"]:
        return 0
    exceeds = max(there - max(assured, steps(draw["amount"], money)), 0)
    return min(before, rounded(Fraction(str(terms["share"])) * exceeds, "DOWN"))


def _taken_back(lines, policy, given, nets, most):
    """Add the lines of the clawback: all that is asked, within every limit of the policy."""
    limits, wage = policy["clawback"], given["wage.wage"]
    before = given["carried.before"]
    asked = lines["clawback.asked"] = before + sum(max(-net, 0) for net in nets)
    if wage is not None and limits["wage"] == "RECORDED_AND_DUE":
        wage += lines["sheet.due"]
    if limits.get("shareOfWage") is not None:
        share = None
        if wage is not None:
            share = rounded(Fraction(str(limits["shareOfWage"])) * max(wage, 0), "DOWN")
        lines["clawback.share_limit"] = share
        most = min(most, share or 0)
    if limits["keepsMinimumWage"]:
        minimum = given["wage.minimum_wage"]
        rest = None if None in (wage, minimum) else max(wage - minimum, 0)
        lines["clawback.rest_limit"] = rest
        most = min(most, rest or 0)
    lines["clawback.taken"] = min(asked, most)
    lines["clawback.before"] = -before
    lines["clawback.carried"] = asked - lines["clawback.taken"]


def _verify_sheet(proof, content, report):
    """Check a pay sheet: its lines from its inputs, and its inputs from sealed entries."""
    sheet, run = proof["sheet"], proof["run"]
    _shape(sheet, SHEET_FIELDS, "sheet")
    for name, found in (
        ("person", content["person"]), ("entity", run["entity"]), ("period", run["period"]),
    ):  # fmt: skip
        _same("sheet.subject." + name, sheet["subject"][name], found)
    _same("sheet.currency", sheet["currency"], content["currency"])
    if set(sheet["inputs"]) != set(content["inputs"]):
        raise Wrong("sheet.inputs", "shape")
    for name, found in content["inputs"].items():
        if sheet["inputs"][name] != found:
            raise Wrong("sheet.inputs." + name, "differs", said=sheet["inputs"][name], found=found)
    for name in ("settlement", "policy"):
        document = sheet[name]
        if content[name] != (None if document is None else sha256_hex(canonical(document))):
            raise Wrong("sheet." + name, "hash")
    heads = sorted(
        name[len("adjusted.") :] for name in sheet["inputs"] if name.startswith("adjusted.")
    )
    if sheet["causes"] != heads:
        raise Wrong("sheet.causes", "differs", said=sheet["causes"], found=heads)
    try:
        lines = settled_lines(sheet)
    except Unknown as unknown:
        report.gap("cannot", line="sheet.earned", what=unknown.what)
        lines = None
    if lines is not None:
        _sheet_lines(proof, sheet, lines)
        _same("seal.result", content["paid"], _text(lines["sheet.paid"]))
        report.add("ok_sheet", count=len(lines))
    if proof["hash"] != sha256_hex(canonical(sheet)):
        raise Wrong("hash", "hash")
    if content["sheet"] != proof["hash"]:
        raise Wrong("sheet", "hash")
    _added_up(sheet, content, report)
    report.take("taken_sheet")


def _sheet_lines(proof, sheet, lines):
    seen = {}
    for name, code, said in sheet["lines"]:
        if name in seen:
            raise Wrong(_line(name), "twice")
        if name not in lines:
            raise Wrong(_line(name), "extra_line")
        seen[name] = said
        _value(name, said, lines[name])
        fits = (code == "line_missing") == (lines[name] is None) and code.startswith("line_")
        if not fits or (code.endswith("_none") and lines[name] != 0):
            raise Wrong(_line(name), "code", said=code)
    for name in lines:
        if name not in seen:
            raise Wrong(_line(name), "lost_line")
    if set(proof["shown"]) != set(seen):
        raise Wrong("shown", "shape")
    for name, said in seen.items():
        wanted = show(_whole(said), sheet["currency"])
        if proof["shown"][name] != wanted:
            raise Wrong("shown " + name, "value", said=proof["shown"][name], found=wanted)


def _component(line):
    """Name the component of an amount line: without the part of a cut period."""
    head, _, rest = line.partition(".")
    is_part = head[:1] == "s" and head[1:].isdigit()
    name = rest if is_part else line
    return name[: -len(".amount")] if name.endswith(".amount") else name


def _added_up(sheet, content, report):
    """Add up again what the inputs say: the entries of the ledger, and what was carried over."""
    period, sums = sheet["subject"]["period"], {}
    named = (sheet["settlement"] or {}).get("holdback", {}).get("base", "TOTAL")
    base = own = 0
    for _, _, line, booked_in, origin, cause, _, amount in content["entries"]:
        if booked_in == origin == period and cause is None:
            own += int(amount)
            base += int(amount) if named == "TOTAL" or _component(line) in named else 0
        else:
            name = "adjusted.%s.%s" % (origin, cause or LATE)
            sums[name] = sums.get(name, 0) + int(amount)
    sums["sheet.earned_net"], sums["sheet.holdback_base"] = own, base
    report.add("ok_entries", count=len(content["entries"]))
    for kind, (before, _) in BALANCES.items():
        sums[before] = sum(int(each[3]) for each in content["carried"] if each[0] == kind)
    sums["holdback.due_now"] = sum(int(each[3]) for each in content["released"])
    heads = [name for name in content["inputs"] if name.startswith("adjusted.")]
    for name in sorted({*sums, *heads}):
        value = content["inputs"].get(name)
        if value != str(sums.get(name, 0)) and (value or sums.get(name)):
            raise Wrong("sheet.inputs." + name, "sum", said=value, found=str(sums.get(name, 0)))
    report.add("ok_carried", count=len({tuple(each[1:3]) for each in content["carried"]}))


def _verify_correction(proof, content, report):
    """Check a correction: cause by cause the parts make the whole."""
    said = proof["correction"]
    _shape(said, {"person", "base", "bookedIn", "amounts", "lines"}, "correction")
    for name in ("person", "base", "bookedIn"):
        _same("correction." + name, said[name], content[name])
    lines, amounts = content["lines"], content["amounts"]
    words = ("component", "currency", "cause", "booked", "delta", "amount")
    _as_sealed(said["lines"], lines, words, 3)
    _as_sealed(said["amounts"], amounts, ("component", "currency", "before", "after"), 1)
    walked = {}
    for component, currency, cause, booked, delta, amount in lines:
        where = "correction %s %s" % (component, cause)
        if int(booked) + int(delta) != int(amount):
            raise Wrong(where, "sum", said=amount, found=str(int(booked) + int(delta)))
        if cause not in CAUSES and cause != HELD:
            report.gap("cannot", line=where, what=cause)
        walked.setdefault((component, currency), 0)
        walked[component, currency] += int(amount) if cause in CAUSES else 0
    report.add("ok_correction", count=len(lines))
    for component, currency, before, after in amounts:
        found = int(before) + walked.pop((component, currency), 0)
        if found != int(after):
            raise Wrong("correction " + component, "sum", said=after, found=str(found))
    if walked:
        raise Wrong("correction " + sorted(walked)[0][0], "lost_line")
    report.add("ok_walk", count=len(amounts))
    report.take("taken_causes")


def _as_sealed(said, found, words, named):
    """Check rows that are written with names against those that were sealed without."""
    if len(said) != len(found):
        raise Wrong("correction", "shape")
    for row, sealed in zip(said, found):
        _shape(row, set(words), "correction")
        where = "correction " + " ".join(
            each for place, each in enumerate(sealed[:named]) if place != 1
        )
        for word, value in zip(words, sealed):
            if row[word] != value:
                raise Wrong(where, "differs", said=row[word], found=value)


# Of each format: what checks it, the kind of its leaf, the row of the trail that names the root.
FORMATS = {
    "attain.proof/1": (_verify_statement, "result", "calculationSeal"),
    "attain.pay_proof/1": (_verify_sheet, "paySheet", "payBatchSeal"),
    "attain.correction_proof/1": (_verify_correction, "correction", "calculationSeal"),
}


# --------------------------------------------------------------------------------------------------
# A pack of evidence: its documents are held against each other, and against a signed manifest.

MOST_BYTES = 200_000_000
MANIFEST = "manifest.json"


def read_pack(place):
    """Read the files of a pack, a ZIP file or a folder, by name; None when it is a single file."""
    files, size = {}, 0
    if Path(place).is_dir():
        for each in sorted(Path(place).rglob("*")):
            if not each.is_file():
                continue
            size += each.stat().st_size
            if size > MOST_BYTES:
                raise Unreadable("too large")
            files[each.relative_to(place).as_posix()] = each.read_bytes()
        return files
    if not zipfile.is_zipfile(place):
        return None
    try:
        with zipfile.ZipFile(place) as archive:
            for entry in archive.infolist():
                size += entry.file_size
                if size > MOST_BYTES or entry.filename in files:
                    raise Unreadable("too large, or a name occurs twice")
                if not entry.is_dir():
                    files[entry.filename] = archive.read(entry)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, zlib.error) as broken:
        raise Unreadable("a broken ZIP file") from broken
    return files


class Pack:
    """What is known of a pack on the way through it."""

    def __init__(self, files, keys):
        self.files, self.keys = files, [key.lower() for key in keys]
        self.report = Report()  # about the pack as a whole
        self.proofs = {}  # by file: (document, report)
        self.manifest = None


def verify_pack(files, keys=()):
    """Check a pack: each proof, all of them together, and that every file is the packed one."""
    pack = Pack(files, keys)
    try:
        _open_pack(pack)
        for name in sorted(_proofs_in(files), key=lambda each: (each != "statement.json", each)):
            _prove_file(pack, name)
            if pack.proofs[name][1].wrong is not None:
                return pack
        _together(pack)
        _unchanged(pack)
    except Wrong as wrong:
        pack.report.wrong = wrong
    except Unreadable:
        raise
    except Exception as broken:  # a strange document may make anything of itself
        pack.report.wrong = Wrong("manifest.json", "broken_file")
        pack.report.wrong.__cause__ = broken
    return pack


def _proofs_in(files):
    folders = ("earlier/", "pay/", "corrections/")
    return [
        name for name in files
        if name == "statement.json" or (name.startswith(folders) and name.endswith(".json"))
    ]  # fmt: skip


def _open_pack(pack):
    """Read the manifest; what it says is believed at the end, when its signature was checked."""
    for name in (MANIFEST, "statement.json"):
        if name not in pack.files:
            raise Wrong(name, "lost_file")
    found = _document(pack, MANIFEST)
    _shape(found, {"format", "person", "run", "files", "publicKey", "signature"}, MANIFEST)
    if found["format"] != "attain.pack/1":
        raise Wrong(MANIFEST, "shape")
    pack.manifest = found


def _document(pack, name):
    try:
        return read_strictly(pack.files[name].decode("utf-8"))
    except (Unreadable, UnicodeDecodeError) as broken:
        raise Wrong(name, "broken_file") from broken


def _prove_file(pack, name):
    document = _document(pack, name)
    try:
        report = verify(document, pack.keys)
    except Unreadable as broken:
        raise Wrong(name, "broken_file") from broken
    pack.proofs[name] = document, report
    if report.wrong is None and report.content["person"] != pack.manifest["person"]:
        said, found = report.content["person"], pack.manifest["person"]
        report.wrong = Wrong("person", "other_person", said=said, found=found)


def _unchanged(pack):
    """Check the signature of the manifest, and that each file is the one it names."""
    said = dict(pack.manifest)
    signature, key = _hex(said.pop("signature")), said["publicKey"]
    if not ed25519_is_signed(_hex(key), canonical(said), signature):
        raise Wrong(MANIFEST, "signature")
    if pack.keys and key not in pack.keys:
        raise Wrong(MANIFEST, "untrusted", said=key)
    for name, found in sorted(said["files"].items()):
        if name not in pack.files:
            raise Wrong(name, "lost_file")
        if sha256_hex(pack.files[name]) != found:
            raise Wrong(name, "hash")
    strange = sorted(set(pack.files) - set(said["files"]) - {MANIFEST})
    if strange:
        raise Wrong(strange[0], "strange_file")
    main = pack.proofs["statement.json"][0]
    for name in said["run"]:
        _same(MANIFEST + " run." + name, said["run"][name], main["run"].get(name))
    pack.report.add("ok_manifest", key=key)
    proved = {*pack.proofs, "ledger.json"}
    for name, document in main["documents"].items():
        if name + ".json" in pack.files and _document(pack, name + ".json") == document:
            proved.add(name + ".json")
    listed = sorted(name for name in said["files"] if name not in proved)
    pack.report.take("only_listed", files=", ".join(listed))


def _of_format(pack, name):
    """List the proofs of a format: (file, document, what was sealed)."""
    return [
        (file, document, report.content)
        for file, (document, report) in sorted(pack.proofs.items())
        if document["format"] == name
    ]


def _together(pack):
    """Hold the documents of the pack against each other."""
    statements = _of_format(pack, "attain.proof/1")
    changes = _of_format(pack, "attain.correction_proof/1")
    sheets = _of_format(pack, "attain.pay_proof/1")
    same_groups([(document, content) for _, document, content in statements])
    main = pack.proofs["statement.json"]
    _tie_to_date(pack, main, statements, changes)
    for each in changes:
        _of_correction(pack, each, statements)
    _chained(pack, changes)
    for each in sheets:
        _of_pay(pack, each, main, changes, sheets)
    _in_ledger(pack, sheets)


def same_groups(proofs):
    """Check that proofs of one run name one root, and the same facts of the same group."""
    roots, facts = {}, {}
    for document, _ in proofs:
        seal = document["seal"]
        if seal is None:
            continue
        run = document["run"]["id"]
        if roots.setdefault(run, seal["root"]) != seal["root"]:
            raise Wrong("run " + run, "two_roots")
        for each in seal["cohorts"]:
            found = each["document"]["content"]
            key = run, found["plan"], found["component"], found["peerGroup"], found["group"]
            if facts.setdefault(key, found["facts"]) != found["facts"]:
                raise Wrong("group %s of %s" % (found["group"], found["component"]), "two_facts")


def earlier_periods(period, span):
    """List the periods of a span before one of them; None for a row of periods not known here."""
    name, _, shift = period.partition("@")
    tail = "@" + shift if shift else ""
    year, _, part = name.partition("-")
    lengths = {"QUARTER": 3, "HALF": 6, "YEAR": 12}
    if span not in lengths or part[:1] == "W":
        return None
    if part.isdigit():
        month, length = int(part), lengths[span]
        first = (month - 1) // length * length + 1
        return ["%s-%02d%s" % (year, each, tail) for each in range(first, month)]
    if part[:1] in ("Q", "H") and part[1:].isdigit():
        each_has = 3 if part[0] == "Q" else 6
        number, length = int(part[1:]), lengths[span] // each_has
        first = (number - 1) // max(length, 1) * max(length, 1) + 1
        return ["%s-%s%d%s" % (year, part[0], each, tail) for each in range(first, number)]
    return None


def _tie_to_date(pack, main, statements, changes):
    """Hold what a tier to date takes as earned against the sealed statements of earlier periods."""
    document, report = main
    content, run = report.content, document["run"]
    for identity, part in sorted(_spans(document["documents"].get("plan")).items()):
        name, line = identity + ".earned", identity
        if content["inputs"].get(name) is None:
            continue
        wanted, found, count, bases = earlier_periods(run["period"], part["span"]), 0, 0, {}
        for file, other, sealed in statements:
            period = other["run"]["period"]
            counts = part["spanStart"] == "SPAN" or sealed["plan"] == content["plan"]
            if not file.startswith("earlier/") or period not in (wanted or ()):
                continue
            bases[period] = other["run"]["id"]
            if counts:
                found += sum(
                    int(amount) for each, amount in sealed["amounts"].items()
                    if amount is not None and each.endswith(".amount") and _component(each) == line
                )  # fmt: skip
                count += 1
            else:
                bases[period] = None
        for _, other, sealed in changes:
            period, known = other["run"]["period"], other["run"]["knownAt"]
            if bases.get(period) == sealed["base"] and known <= run["knownAt"]:
                found += sum(
                    int(delta) for each, _, cause, _, delta, _ in sealed["lines"]
                    if cause in CAUSES and each.endswith(".amount") and _component(each) == line
                )  # fmt: skip
        nothing_before = wanted == [] or count
        if content["inputs"][name] == str(found) and nothing_before:
            report.taken = [each for each in report.taken if each[1].get("name") != name]
            pack.report.add("ok_to_date", name=name, count=count)
        elif wanted is not None and not set(wanted) - set(bases):
            # Every earlier period is here, and they gave something else.
            raise Wrong(
                "statement.json: the input " + name, "sum",
                said=content["inputs"][name], found=str(found),
            )  # fmt: skip


def _of_correction(pack, each, statements):
    """Check that a correction begins with the statement it corrects and ends with its own."""
    file, document, content = each
    run, joined = document["run"], False
    for other_file, other, sealed in statements:
        if other["run"]["id"] == content["base"]:
            place = 2
        elif other["run"]["id"] == run["id"]:
            place = 3
        else:
            continue
        joined = True
        for row in content["amounts"]:
            found = sealed["amounts"].get(row[0]) or "0"
            if row[place] != found:
                raise Wrong(
                    "%s: correction %s" % (file, row[0]), "differs_in_pack",
                    other=other_file, said=row[place], found=found,
                )  # fmt: skip
    if joined:
        pack.report.add("ok_corrected", period=run["period"])


def _chained(pack, changes):
    """Check that each correction begins with what the ones before it booked."""
    rows = {}
    for file, document, content in changes:
        key = document["run"]["period"], content["base"]
        rows.setdefault(key, []).append((document["run"]["knownAt"], file, content))
    for (period, _), found in sorted(rows.items()):
        booked = None
        for _, file, content in sorted(found, key=lambda one: one[:2]):
            mine = {tuple(line[:3]): line for line in content["lines"]}
            for key, amount in sorted((booked or {}).items()):
                said = mine.get(key, (None,) * 3 + ("0",))[3]
                if said != amount:
                    where = "%s: correction %s %s" % (file, key[0], key[2])
                    raise Wrong(where, "differs", said=said, found=amount)
            booked = dict(booked or {})
            booked.update((key, line[5]) for key, line in mine.items())
        if len(found) > 1:
            pack.report.add("ok_chained", period=period)


def _of_pay(pack, each, main, changes, sheets):
    """Hold a sheet against the statement it pays, the corrections it books, the sheets before."""
    file, document, content = each
    sealed, period = main[1].content, document["run"]["period"]
    entries = {}
    for entry in content["entries"]:
        entries.setdefault(entry[6], []).append(entry)
    if period == main[0]["run"]["period"] and sealed["currency"] == content["currency"]:
        _pays(pack, file, content, sealed, period, main[0]["run"]["id"])
    count, left = 0, set()
    for _, other, change in changes:
        run = other["run"]["id"]
        if run not in entries:
            continue
        wanted = sorted(
            (line[0], line[2], line[4]) for line in change["lines"]
            if line[4] != "0" and line[1] == content["currency"]
        )  # fmt: skip
        booked = [entry for entry in entries.pop(run) if entry[1] == "ADJUST"]
        found = sorted((entry[2], entry[5], entry[7]) for entry in booked)
        if wanted != found:
            raise Wrong("%s: entries of %s" % (file, run), "differs", said=found, found=wanted)
        count += 1
    if count:
        pack.report.add("ok_booked", period=period, count=count)
    for rest in entries.values():
        left |= {"adjusted.%s.%s" % (row[4], row[5] or LATE) for row in rest if row[5] is not None}
    for name in sorted(left):
        pack.proofs[file][1].take("taken_adjusted", name=name)
    _goes_on(pack, each, sheets)


def _pays(pack, file, content, sealed, period, run):
    """Check that a sheet takes what the statement earned, component by component."""
    sums = {}
    for _, kind, line, booked_in, origin, cause, by, amount in content["entries"]:
        if booked_in == origin == period and cause is None:
            sums[line] = sums.get(line, 0) + int(amount)
            if by == run and kind == "POST" and sealed["amounts"].get(line) != amount:
                raise Wrong(
                    "%s: entry of %s" % (file, line), "differs_in_pack", other="statement.json",
                    said=amount, found=sealed["amounts"].get(line),
                )  # fmt: skip
    earned = {name: int(amount) for name, amount in sealed["amounts"].items() if amount}
    is_same = {name: each for name, each in sums.items() if each} == {
        name: each for name, each in earned.items() if each
    }
    pack.report.add("ok_paid" if is_same else "older_posting", period=period)


def _goes_on(pack, each, sheets):
    """Check that what a sheet carries over is what the sheets before it left."""
    file, document, content = each
    others = {
        (other["run"]["id"], sealed["revision"]): (other, sealed) for _, other, sealed in sheets
        if sealed["currency"] == content["currency"]
    }  # fmt: skip
    for batch, revision in sorted({tuple(row[1:3]) for row in content["carried"]}):
        if (batch, revision) not in others:
            pack.proofs[file][1].take("taken_carried", batch=batch)
            continue
        other, sealed = others[batch, revision]
        lines = {line[0]: line[2] for line in other["sheet"]["lines"]}
        for kind, (before, after) in BALANCES.items():
            said = sum(
                int(row[3]) for row in content["carried"]
                if row[:3] == [kind, batch, revision]
            )  # fmt: skip
            found = int(lines[after]) - int(sealed["inputs"][before])
            if said != found:
                raise Wrong(
                    "%s: carried over, %s" % (file, after), "differs_in_pack",
                    other=other["run"]["period"], said=str(said), found=str(found),
                )  # fmt: skip
        pack.report.add("ok_left", period=document["run"]["period"], before=other["run"]["period"])


def _in_ledger(pack, sheets):
    """Check that the ledger of the pack says of each sealed entry what was sealed."""
    if "ledger.json" not in pack.files:
        raise Wrong("ledger.json", "lost_file")
    told = {each["id"]: each for each in _document(pack, "ledger.json")["entries"]}
    words = ("id", "kind", "component", "period", "originPeriod", "cause", "run")
    count, period = 0, pack.manifest["run"]["period"]
    for _, _, content in sheets:
        for entry in content["entries"]:
            if entry[3] != period:
                continue
            said = told.get(entry[0])
            where = "ledger.json entry " + entry[0]
            if said is None:
                raise Wrong(where, "lost_line")
            found = [said[word] for word in words] + [said["amount"], said["currency"]]
            currency = content["currency"]
            wanted = [*entry[:7], show(int(entry[7]), currency), currency]
            for one, other in zip(found, wanted):
                if one != other:
                    raise Wrong(where, "no_entry", said=one, found=other)
            count += 1
    if sheets:
        pack.report.add("ok_ledger", count=count)


# --------------------------------------------------------------------------------------------------
# The command.


def _heading(proof, texts):
    """Say in one sentence what a proof is of."""
    labels, run = proof.get("labels") or {}, proof["run"]
    if proof["format"] == "attain.pay_proof/1":
        paid = {line[0]: line[2] for line in proof["sheet"]["lines"]}["sheet.paid"]
        currency = proof["sheet"]["currency"]
        values = {"paid": currency + " " + show(int(paid), currency)}
        return texts["who_sheet"].format(
            person=proof["sheet"]["subject"]["person"], period=run["period"], **values
        )
    if proof["format"] == "attain.correction_proof/1":
        said = proof["correction"]
        return texts["who_correction"].format(
            person=said["person"], period=run["period"], into=said["bookedIn"]
        )
    pay, currency = proof["statement"]["pay"], proof["statement"]["currency"]
    payout = next((each["value"] for each in pay if each["name"] == "payout"), None)
    shown = texts["held"]
    if payout is not None and currency in DECIMALS:
        shown = currency + " " + show(int(payout), currency)
    person = labels.get("person") or proof["statement"]["subject"].get("person", "-")
    return texts["who"].format(person=person, period=run["period"], payout=shown)


def _tell_report(proof, report, texts, out):
    """Print what was checked of one proof."""
    if report.wrong is None:
        print(_heading(proof, texts), file=out)
        print("  " + texts["unproved"], file=out)
    for code, values in report.said:
        print("+ " + texts[code].format(**values), file=out)
    for each in (proof.get("labels") or {}).get("anchors") or ():
        print("  " + texts["anchor"].format(**each), file=out)
    _tell_rest(report, texts, out)


def _tell_rest(report, texts, out, head=""):
    for code, values in report.taken:
        print("= " + texts[code].format(**values), file=out)
    for code, values in report.gaps:
        print("? " + texts[code].format(**values), file=out)
    if report.wrong is not None:
        what = texts[report.wrong.what].format(**report.wrong.values)
        where = head + report.wrong.where
        print("! " + texts["wrong"].format(where=where, what=what), file=out)


def tell(proof, report, texts, out):
    """Print what was checked and what came of it; return the status."""
    print(texts["title"].format(version=VERSION), file=out)
    _tell_report(proof, report, texts, out)
    if report.wrong is not None:
        print(texts["verdict_wrong"], file=out)
        return WRONG
    print(texts["verdict_part" if report.gaps else "verdict_ok"], file=out)
    return INCOMPLETE if report.gaps else HOLDS


def tell_pack(pack, texts, out):
    """Print what was checked of a pack; return the status."""
    print(texts["title"].format(version=VERSION), file=out)
    if pack.manifest is not None:
        values = {"period": pack.manifest["run"]["period"], "count": len(pack.files)}
        print(texts["pack_of"].format(**values), file=out)
    wrong, gaps = pack.report.wrong is not None, False
    for name, (document, report) in pack.proofs.items():
        if report.wrong is not None:
            wrong = True
            _tell_rest(report, texts, out, name + ": ")
            continue
        gaps = gaps or bool(report.gaps)
        print(texts["file"].format(name=name), file=out)
        _tell_report(document, report, texts, out)
    for code, values in pack.report.said:
        print("+ " + texts[code].format(**values), file=out)
    _tell_rest(pack.report, texts, out)
    if wrong:
        print(texts["verdict_pack"], file=out)
        return WRONG
    print(texts["verdict_part" if gaps else "verdict_ok"], file=out)
    return INCOMPLETE if gaps else HOLDS


def _check_file(place, keys, texts, out):
    """Check one file or pack; return the status, and the proofs of statements in it."""
    files = read_pack(place)
    if files is not None:
        pack = verify_pack(files, keys)
        status = tell_pack(pack, texts, out)
        return status, [document for document, _ in pack.proofs.values()]
    with open(place, encoding="utf-8") as file:
        proof = read_strictly(file.read())
    return tell(proof, verify(proof, keys), texts, out), [proof]


def main(arguments=None, out=None):
    """Check the files named on the command line."""
    out = out or sys.stdout
    parser = argparse.ArgumentParser(prog="attain_verify.py", description=__doc__.split("\n")[0])
    parser.add_argument(
        "file", nargs="+", help="a proof (statement.json), a pack.zip or its folder"
    )
    parser.add_argument("--key", action="append", default=[], help="a public key you trust, in hex")
    parser.add_argument("--lang", choices=sorted(TEXTS), default="en")
    asked = parser.parse_args(arguments)
    texts, worst, proofs = TEXTS[asked.lang], HOLDS, []
    if hasattr(out, "reconfigure"):
        out.reconfigure(encoding="utf-8")
    for place in asked.file:
        try:
            status, found = _check_file(place, asked.key, texts, out)
            proofs += found
        except (Unreadable, OSError, UnicodeDecodeError) as broken:
            print(texts["verdict_bad"].format(what=broken), file=out)
            status = UNREADABLE
        worst = max(worst, status, key=(HOLDS, INCOMPLETE, UNREADABLE, WRONG).index)
    try:
        if worst in (HOLDS, INCOMPLETE):
            same_groups([(each, None) for each in proofs if "cohorts" in (each["seal"] or {})])
    except Wrong as wrong:
        print("! " + texts["wrong"].format(where=wrong.where, what=texts[wrong.what]), file=out)
        print(texts["verdict_wrong"], file=out)
        return WRONG
    return worst


if __name__ == "__main__":
    sys.exit(main())
