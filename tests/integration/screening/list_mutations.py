"""What may happen to a list on its way: cut, swapped, garbled, bombed. A mutation takes bytes and a seeded chance."""

from __future__ import annotations

import gzip
import random
from collections.abc import Callable

Mutation = Callable[[bytes, random.Random], bytes]
WILD = (
    "9" * 400, "-1", "1e999", "NaN", "null", "true", "[]", "{}", "\\ud800", "\\u0000", "\x00", "‮", "​",
    "=cmd()", "javascript:alert(1)", "9999-99-99", "0001-01-01", "2999-01-01", "😀", "'; DROP TABLE x; --", '"', "\\",
    ",", ";", "<", "&amp;", "&x;", "]]>", "<![CDATA[", "-0-", "\x1a", "\ufeff",
)  # fmt: skip
BOMB = (
    '<?xml version="1.0"?><!DOCTYPE z [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9))
    + "]>"
)


def cut(text: bytes, chance: random.Random) -> bytes:
    return text[: chance.randrange(len(text))]


def cut_head(text: bytes, chance: random.Random) -> bytes:
    return text[chance.randrange(len(text)) :]


def cut_out(text: bytes, chance: random.Random) -> bytes:
    a, b = sorted((chance.randrange(len(text)), chance.randrange(len(text))))
    return text[:a] + text[b:]


def flip(text: bytes, chance: random.Random) -> bytes:
    changed = bytearray(text)
    for _ in range(chance.choice((1, 3, 30))):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def garbage(text: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(text))
    return text[:at] + chance.randbytes(chance.choice((1, 16, 4000))) + text[at:]


def wild_word(text: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(text))
    return text[:at] + chance.choice(WILD).encode() + text[at:]


def wild_field(text: bytes, chance: random.Random) -> bytes:
    """One field of a line, or one value of JSON, replaced."""
    sign = chance.choice((b",", b'"', b":", b">", b"\n"))
    parts = text.split(sign)
    parts[chance.randrange(len(parts))] = chance.choice(WILD).encode()
    return sign.join(parts)


def huge_field(text: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(text))
    return (
        text[:at]
        + chance.choice((b"x", b"\xe8\x99\x9a", b"A B ")) * chance.choice((600, 30_000, 1_100_000))
        + text[at:]
    )


def lines(text: bytes, chance: random.Random) -> bytes:
    """Lines left out, doubled, shuffled or all on one."""
    found = text.splitlines(keepends=True)
    match chance.randrange(5):
        case 0:
            found.pop(chance.randrange(len(found)))
        case 1:
            found.insert(chance.randrange(len(found)), chance.choice(found))
        case 2:
            chance.shuffle(found)
        case 3:
            found = [line.rstrip(b"\n") for line in found]
        case _:
            found = found * chance.choice((2, 20))
    return b"".join(found)


def columns(text: bytes, chance: random.Random) -> bytes:
    """Two columns swapped, one left out or one more, in every line or in one."""
    found = [line.split(b",") for line in text.split(b"\n")]
    picked = found if chance.random() < 0.5 else [chance.choice(found)]
    a, b = chance.randrange(6), chance.randrange(6)
    for row in picked:
        if len(row) > max(a, b):
            match chance.randrange(3):
                case 0:
                    row[a], row[b] = row[b], row[a]
                case 1:
                    del row[a]
                case _:
                    row.insert(b, b"more")
    return b"\n".join(b",".join(row) for row in found)


def encoding(text: bytes, chance: random.Random) -> bytes:
    plain = text.decode("utf-8", "replace")
    return plain.encode(
        chance.choice(("utf-16", "utf-16-le", "latin-1", "gbk", "cp1251", "utf-8-sig", "utf-7")), "replace"
    )


def line_ends(text: bytes, chance: random.Random) -> bytes:
    return text.replace(b"\n", chance.choice((b"\r\n", b"\r", b"\n\n", b"\x00\n", b"\xe2\x80\xa8")))


def entities(text: bytes, chance: random.Random) -> bytes:
    """A bomb of entities, an outer entity, or an entity nobody declared."""
    head = chance.choice(
        (
            BOMB,
            '<!DOCTYPE z [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
            '<!DOCTYPE z SYSTEM "http://127.0.0.1/z.dtd">',
            "<!DOCTYPE z>",
            "",
        )
    ).encode()
    body = text.split(b"?>", 1)[-1]
    at = body.find(b">", chance.randrange(len(body))) + 1
    return head + body[:at] + chance.choice((b"&x;", b"&i;", b"&#0;", b"&#x10FFFF;", b"")) + body[at:]


def nested(text: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(text))
    sign = chance.choice((b"[", b'{"a":', b"<INDIVIDUAL>", b"<a>"))
    return text[:at] + sign * chance.choice((3, 40, 20_000)) + text[at:]


def same_key(text: bytes, chance: random.Random) -> bytes:
    """Every number alike, so that entries take each other's key."""
    digit = str(chance.randrange(10)).encode()
    return bytes(digit[0] if 48 <= sign <= 57 and chance.random() < 0.3 else sign for sign in text)


def something_else(text: bytes, chance: random.Random) -> bytes:
    """What a server sends instead of a list."""
    page = b"<html><head><title>503</title></head><body>Try again later.</body></html>\n"
    return chance.choice(
        (
            b"",
            b"\n",
            b"\x00" * 5000,
            page,
            gzip.compress(text),
            b'{"error": "rate limited"}',
            text + text,
            b"<",
            b"{",
            b"0",
        )
    )


MUTATIONS: tuple[Mutation, ...] = (
    cut, cut_head, cut_out, flip, garbage, wild_word, wild_field, wild_field, huge_field, lines, columns, encoding,
    line_ends, entities, nested, same_key, something_else,
)  # fmt: skip


def mutated(text: bytes, chance: random.Random) -> tuple[bytes, str]:
    """A text after one to three mutations, and their names."""
    names = []
    for _ in range(chance.choice((1, 1, 2, 3))):
        mutation = chance.choice(MUTATIONS)
        names.append(mutation.__name__)
        text = mutation(text, chance) if text else text
    return text, "+".join(names)
