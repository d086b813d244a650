#!/usr/bin/env python3
"""Write a random two-layer Llama around a real byte-level BPE tokenizer, as llama.cpp reads it.

    python3 model.py TOKENIZER_DIR OUT_DIR

OUT_DIR gets tokenizer.json and tokenizer_config.json for the client, and tiny.gguf for the server, with one vocabulary.
The weights are seeded noise: the text means nothing and practically never ends by itself. Standard library only.
"""

import json
import random
import struct
import sys
from pathlib import Path

HIDDEN, INNER, HEADS, LAYERS, CONTEXT = 64, 128, 2, 2, 8192

# For tokenizers that bring no chat template: plain text, so it needs no special tokens.
TEMPLATE = (
    "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}"
    "{% if add_generation_prompt %}assistant: {% endif %}"
)

# Types of values, tensors and tokens in a GGUF file.
U32, I32, F32, BOOL, STRING, ARRAY = 4, 5, 6, 7, 8, 9
TENSOR_F32, TENSOR_F16 = 0, 1
NORMAL, CONTROL, USER_DEFINED, UNUSED = 1, 3, 4, 5


def noise(rng, count):
    """`count` 16-bit floats of either sign between 2^-5 and 2^-4."""
    exponent = bytes((byte & 0x83) | 0x28 for byte in range(256))
    raw, out = rng.randbytes(2 * count), bytearray(2 * count)
    out[0::2], out[1::2] = raw[0::2], raw[1::2].translate(exponent)
    return bytes(out)


def pack(kind, value):
    if kind == STRING:
        return struct.pack("<Q", len(value.encode())) + value.encode()
    if kind == ARRAY:
        item, values = value
        return struct.pack("<IQ", item, len(values)) + b"".join(pack(item, each) for each in values)
    return struct.pack({U32: "<I", I32: "<i", F32: "<f", BOOL: "<?"}[kind], value)


def splitter(tokenizer):
    """llama.cpp's name for the tokenizer's split pattern, told by what each pattern has of its own."""
    pattern = json.dumps(tokenizer.get("pre_tokenizer"))
    if "Split" not in pattern:
        return "gpt-2"
    if "\\\\p{N}{1,3}" not in pattern:
        return "qwen2"
    return "deepseek-v3" if "u4e00" in pattern else "llama-bpe"


def vocabulary(tokenizer):
    """Texts and kinds of all tokens, by id."""
    model, added = tokenizer["model"]["vocab"], tokenizer.get("added_tokens", [])
    size = max(max(model.values()), max((token["id"] for token in added), default=0)) + 1
    texts, kinds = [f"[UNUSED{i}]" for i in range(size)], [UNUSED] * size
    for text, i in model.items():
        texts[i], kinds[i] = text, NORMAL
    for token in added:
        texts[token["id"]] = token["content"]
        kinds[token["id"]] = CONTROL if token.get("special") else USER_DEFINED
    return texts, kinds


def tensors(size):
    """Names and dimensions."""
    yield "token_embd.weight", (HIDDEN, size)
    for i in range(LAYERS):
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            yield f"blk.{i}.{name}.weight", (HIDDEN, HIDDEN)
        yield f"blk.{i}.ffn_gate.weight", (HIDDEN, INNER)
        yield f"blk.{i}.ffn_up.weight", (HIDDEN, INNER)
        yield f"blk.{i}.ffn_down.weight", (INNER, HIDDEN)
        yield f"blk.{i}.attn_norm.weight", (HIDDEN,)
        yield f"blk.{i}.ffn_norm.weight", (HIDDEN,)
    yield "output_norm.weight", (HIDDEN,)


def write_gguf(path, tokenizer, config):
    texts, kinds = vocabulary(tokenizer)
    merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in tokenizer["model"]["merges"]]

    def special(name):
        token = config.get(name)
        return texts.index(token["content"] if isinstance(token, dict) else token)

    eos = special("eos_token")
    values = [
        ("general.architecture", STRING, "llama"),
        ("general.name", STRING, "tiny"),
        ("general.file_type", U32, 1),
        ("llama.vocab_size", U32, len(texts)),
        ("llama.context_length", U32, CONTEXT),
        ("llama.embedding_length", U32, HIDDEN),
        ("llama.block_count", U32, LAYERS),
        ("llama.feed_forward_length", U32, INNER),
        ("llama.rope.dimension_count", U32, HIDDEN // HEADS),
        ("llama.rope.freq_base", F32, 10000.0),
        ("llama.attention.head_count", U32, HEADS),
        ("llama.attention.head_count_kv", U32, HEADS),
        ("llama.attention.layer_norm_rms_epsilon", F32, 1e-5),
        ("tokenizer.ggml.model", STRING, "gpt2"),
        ("tokenizer.ggml.pre", STRING, splitter(tokenizer)),
        ("tokenizer.ggml.tokens", ARRAY, (STRING, texts)),
        ("tokenizer.ggml.token_type", ARRAY, (I32, kinds)),
        ("tokenizer.ggml.merges", ARRAY, (STRING, merges)),
        ("tokenizer.ggml.bos_token_id", U32, special("bos_token") if config.get("bos_token") else eos),
        ("tokenizer.ggml.eos_token_id", U32, eos),
        ("tokenizer.ggml.add_bos_token", BOOL, bool(config.get("add_bos_token"))),
        ("tokenizer.chat_template", STRING, config["chat_template"]),
    ]
    rng, blobs, at, infos, count = random.Random(1), [], 0, b"", 0
    for name, dimensions in tensors(len(texts)):
        one = len(dimensions) == 1
        blob = struct.pack("<f", 1.0) * HIDDEN if one else noise(rng, dimensions[0] * dimensions[1])
        infos += pack(STRING, name) + struct.pack(f"<I{len(dimensions)}Q", len(dimensions), *dimensions)
        infos += struct.pack("<IQ", TENSOR_F32 if one else TENSOR_F16, at)
        blobs.append(blob + bytes(-len(blob) % 32))
        at, count = at + len(blobs[-1]), count + 1
    head = b"GGUF" + struct.pack("<IQQ", 3, count, len(values))
    head += b"".join(pack(STRING, key) + struct.pack("<I", kind) + pack(kind, value) for key, kind, value in values)
    head += infos
    path.write_bytes(head + bytes(-len(head) % 32) + b"".join(blobs))


def main():
    source, out = map(Path, sys.argv[1:3])
    text = (source / "tokenizer.json").read_text(encoding="utf-8")
    config = json.loads((source / "tokenizer_config.json").read_text(encoding="utf-8"))
    config["chat_template"] = config.get("chat_template") or TEMPLATE
    config.setdefault("tokenizer_class", "PreTrainedTokenizerFast")
    out.mkdir(parents=True, exist_ok=True)
    (out / "tokenizer.json").write_text(text, encoding="utf-8")
    (out / "tokenizer_config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    write_gguf(out / "tiny.gguf", json.loads(text), config)


if __name__ == "__main__":
    main()
