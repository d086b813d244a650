"""Makes small datasets in every format that the compared commands read.

    python3 data.py DIRECTORY
"""

import json
import math
import random
import struct
import sys
import wave
import zlib
from pathlib import Path

WORDS = "the of and a to in is you that it he was for on are with as I his they be at one have this from or had by hot".split()


def text(rng, low, high):
    return " ".join(rng.choice(WORDS) for _ in range(rng.randint(low, high)))


def lines(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def png(path, width, height, rng):
    raw = b"".join(b"\0" + rng.randbytes(3 * width) for _ in range(height))

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b""))


def wav(path, seconds, tone):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        samples = (int(12000 * math.sin(2 * math.pi * tone * at / 16000)) for at in range(int(seconds * 16000)))
        file.writeframes(b"".join(struct.pack("<h", sample) for sample in samples))


def conversations(rng):
    for index in range(30):
        turns = [{"from": "human", "value": text(rng, 1, 60)}, {"from": "gpt", "value": text(rng, 2, 80)}]
        yield {"id": f"c{index}", "conversations": turns[: 1 if index == 3 else 2]}


def make(out):
    rng = random.Random(7)
    out.mkdir(parents=True, exist_ok=True)
    talks = list(conversations(rng))
    (out / "sharegpt.json").write_text(json.dumps(talks), encoding="utf-8")
    pictured = [{**talk, "image": f"https://example.com/{index}.png"} for index, talk in enumerate(talks)]
    (out / "pictured.json").write_text(json.dumps(pictured), encoding="utf-8")
    rows = ["Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type"]
    for at in range(40):
        asked, answered = rng.randint(4, 60), rng.choice([0, 5, 9, 20])
        rows.append(f"{at},{rng.choice(['GPT-4', 'ChatGPT'])},{asked},{answered},{asked + answered},API log")
    (out / "burstgpt.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    lines(out / "custom.jsonl", [{"prompt": text(rng, 2, 40), "output_tokens": rng.randint(2, 30)} for _ in range(15)])
    for index, size in enumerate([(40, 30), (64, 48), (17, 90)]):
        png(out / f"{index}.png", *size, rng)
    content = [{"type": "text", "text": "Compare: "}, {"type": "image", "image": "0.png"},
               {"type": "image_url", "image_url": {"url": "https://example.com/b.png", "detail": "low"}}]
    images = [{"prompt": text(rng, 2, 9), "image_files": ["0.png", "1.png"][: 1 + index % 2]} for index in range(5)]
    lines(out / "images.jsonl", [*images, {"content": content}])
    for index in range(3):
        wav(out / f"{index}.wav", 0.2 + 0.1 * index, 300 + 100 * index)
    lines(out / "audio.jsonl", [{"prompt": text(rng, 2, 9), "audio": f"{i % 3}.wav", "output_tokens": 9} for i in range(6)])
    turns = [{"question_id": i, "category": ["writing", "math"][i % 2], "turns": [text(rng, 3, 30), "more"]} for i in range(20)]
    lines(out / "spec_bench.jsonl", turns)
    asked = [{"category": ["coding", "math"][i % 2], "messages": [{"role": "user", "content": text(rng, 3, 30)}]} for i in range(20)]
    lines(out / "speed_bench" / "qualitative.jsonl", asked)
    trace = [{"timestamp": 40 * i, "input_length": rng.randint(20, 70), "output_length": rng.randint(2, 9),
              "hash_ids": [1, 2 + i % 3, 10 + i, 20 + i, 30 + i]} for i in range(15)]
    lines(out / "trace.jsonl", trace)
    lines(out / "gsm8k" / "test.jsonl", [{"question": text(rng, 5, 40), "answer": text(rng, 5, 40)} for _ in range(14)])
    lines(out / "mt-bench" / "train.jsonl", [{"turns": [text(rng, 5, 40), "more"]} for _ in range(14)])
    lines(out / "humaneval" / "test.jsonl", [{"prompt": "def f():\n    # " + text(rng, 5, 40)} for _ in range(14)])
    lines(out / "coder" / "train.jsonl", [{"input": text(rng, 5, 20), "instruction": text(rng, 5, 20)} for _ in range(14)])
    lines(out / "aimo" / "train.jsonl", [{"problem": text(rng, 9, 40), "solution": text(rng, 9, 40)} for _ in range(14)])
    lines(out / "vicuna" / "train.jsonl", [{"conversations": talk["conversations"]} for talk in talks])
    lines(out / "mlperf" / "train.jsonl", [{"system_prompt": text(rng, 5, 9), "question": text(rng, 5, 20), "output": text(rng, 9, 40)}
                                           for _ in range(14)])


make(Path(sys.argv[1]))
