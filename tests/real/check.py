#!/usr/bin/env python3
"""Hold a result of `llmbench serve` against what was asked of the server and what the server counted.

    python3 check.py RESULT.json REQUESTS INPUT_TOKENS OUTPUT_TOKENS
"""

import json
import sys

result = json.load(open(sys.argv[1], encoding="utf-8"))
requests, asked_in, asked_out = map(int, sys.argv[2:5])
wrong = []


def expect(what, holds):
    if not holds:
        wrong.append(what)


def all_of(key, holds):
    values = result[key]
    expect(f"{key}: {len(values)} values for {requests} requests", len(values) == requests)
    bad = [value for value in values if not holds(value)]
    expect(f"{key}: {bad[:5]}", not bad)


expect(f"completed {result['completed']}, failed {result['failed']}: {result['failures']}",
       (result["completed"], result["failed"]) == (requests, 0))
expect("marked partial", result["partial"] is False)
expect(f"uncounted {result['uncounted']}: the server did report usage", result["uncounted"] == 0)
# The server ends an answer at max_tokens and counts it itself; text encoded again would give other counts here.
all_of("output_lens", lambda tokens: tokens == asked_out)
# The chat template may add some tokens to the prompt.
all_of("input_lens", lambda tokens: asked_in <= tokens <= asked_in + 16)
all_of("errors", lambda error: error == "")
all_of("ttfts", lambda seconds: 0 < seconds < 60)
all_of("generated_texts", lambda text: isinstance(text, str))
# A chunk holds at least one token.
all_of("itls", lambda gaps: 0 < len(gaps) < asked_out and all(gap >= 0 for gap in gaps))
expect(f"total_output_tokens {result['total_output_tokens']}", result["total_output_tokens"] == requests * asked_out)
expect(f"stale_connections {result['stale_connections']}", result["stale_connections"] >= 0)
expect(f"peak_in_flight {result['peak_in_flight']}", 1 <= result["peak_in_flight"] <= 8)
if wrong:
    sys.exit("\n".join(f"check: {each}" for each in wrong))
print(f"check: {requests} requests, {result['total_input_tokens']} tokens in, {result['total_output_tokens']} out, "
      f"{result['stale_connections']} stale connections: as the server says")
