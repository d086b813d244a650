"""Looks at what a browser made of the timeline and of the picture of lengths. Only Python's own library."""

import html
import json
import re
import struct
import sys
import zlib
from collections import Counter
from pathlib import Path

POINT = """<script>
const box = document.querySelector("canvas").getBoundingClientRect();
const at = { clientX: box.left + 70, clientY: box.top + 3, bubbles: true };
document.querySelector("canvas").dispatchEvent(new PointerEvent("pointermove", at));
document.querySelector("canvas").dispatchEvent(new WheelEvent("wheel", { ...at, deltaY: -400, cancelable: true }));
</script></body>"""


def point(page, copy):
    """Writes a copy of a page in which the pointer is on the first request, and the wheel has been turned there."""
    text = Path(page).read_text(encoding="utf-8")
    assert "://" not in text and "src=" not in text, "the page asks for something outside"
    assert text.count("</body>") == 1
    Path(copy).write_text(text.replace("</body>", POINT), encoding="utf-8")


def pixels(path):
    """The colours of a PNG of eight bits a channel, with how often each is there."""
    data, at, packed = Path(path).read_bytes(), 8, b""
    while at < len(data):
        size, kind = struct.unpack(">I4s", data[at : at + 8])
        body = data[at + 8 : at + 8 + size]
        if kind == b"IHDR":
            width, height, bits, colour = struct.unpack(">IIBB", body[:10])
            assert bits == 8 and colour in (2, 6), (bits, colour)
            step = 3 if colour == 2 else 4
        if kind == b"IDAT":
            packed += body
        at += 12 + size
    raw, row, counts = zlib.decompress(packed), width * step, Counter()
    above = bytearray(row)
    for line in range(height):
        start = line * (row + 1)
        own = unfiltered(raw[start], bytearray(raw[start + 1 : start + 1 + row]), above, step)
        counts.update(zip(own[0::step], own[1::step], own[2::step]))
        above = own
    return width, height, counts


def unfiltered(kind, own, above, step):
    """A line of a PNG without its filter."""
    for i in range(len(own)):
        left = own[i - step] if i >= step else 0
        corner = above[i - step] if i >= step else 0
        if kind == 1:
            own[i] = own[i] + left & 255
        elif kind == 2:
            own[i] = own[i] + above[i] & 255
        elif kind == 3:
            own[i] = own[i] + (left + above[i]) // 2 & 255
        elif kind == 4:
            guess = left + above[i] - corner
            own[i] = own[i] + min((left, above[i], corner), key=lambda one: abs(guess - one)) & 255
    return own


def has(counts, share, *colours):
    """Whether each of the colours has at least this share of a picture."""
    whole = sum(counts.values())
    for colour in colours:
        rgb = tuple(int(colour[at : at + 2], 16) for at in (1, 3, 5))
        assert counts[rgb] >= share * whole, f"{colour}: {counts[rgb]} of {whole} pixels"


def look(out):
    """Holds the pictures and the pointed page against the result."""
    out = Path(out)
    result = json.loads((out / "run.json").read_text(encoding="utf-8"))
    dom = (out / "pointed.dom.html").read_text(encoding="utf-8")
    body = re.search(r"<body[^>]*>", dom).group()
    assert "data-error" not in body, body
    said = {name: int(value) for name, value in re.findall(r'data-(\w+)="(\d+)"', body)}
    gaps = sum(sum(1 for gap in gaps if gap >= 5e-7) for gaps in result["itls"])
    answered = sum(1 for ttft in result["ttfts"] if ttft > 0)
    assert said["requests"] == len(result["ttfts"]) == 60, said
    # Pieces of less than a microsecond may or may not count; the end of a failed request may be a piece.
    assert abs(said["segments"] - gaps - answered) <= result["failed"] + 0.02 * gaps, (said, gaps, answered)
    assert said["bars"] > 60, said
    tip = html.unescape(re.sub(r"<[^>]*>", "", re.search(r'<div id="tip".*?</div>', dom, re.S).group()))
    lengths = [f"Prompt Tokens: {result['input_lens'][0]}", f"Output Tokens: {result['output_lens'][0]}"]
    for line in ["Req 0", "Type: TTFT", "Start: 00:00:00.000", *lengths]:
        assert line in tip.splitlines(), (line, tip)
    for name, back in [("timeline.png", "#ffffff"), ("pointed.png", "#ffffff"), ("dark.png", "#14181f")]:
        width, height, counts = pixels(out / name)
        assert (width, height) == (1400, 900) or height > 700, (width, height)
        has(counts, 0.3, back)
        has(counts, 0.002, "#636efa", "#109618", "#ff7f0e", "#d62728")
    width, height, counts = pixels(out / "run.dataset_stats.png")
    assert (width, height) == (2100, 1500)
    has(counts, 0.003, "#7da7ca", "#ffa584", "#76c99b")
    _, _, counts = pixels(out / "stats.png")
    assert len(counts) > 100, "the browser shows the picture of lengths"
    print(f"the browser drew {said['bars']} bars of {said['requests']} requests, in light and dark")


if __name__ == "__main__":
    {"point": point, "look": look}[sys.argv[1]](*sys.argv[2:])
