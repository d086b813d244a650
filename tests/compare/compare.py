"""Holds what `llmbench serve` sends against what `vllm bench serve` sent for the same arguments.

    python3 compare.py --llmbench PROGRAM --tokenizer DIRECTORY --work DIRECTORY [--record VLLM_PYTHON] [NAME ...]

Every command of commands.json runs against a recording server. Path, headers that matter, body (keys in order), order and
arrival times are compared with recorded/NAME.jsonl, request by request. With --record, the real client of vLLM runs first
and writes those files anew: the Python of a virtual environment that has vLLM.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

from recorder import Recorder

HERE = Path(__file__).parent
# Two requests that arrive closer than this may pass each other on their way into the recorder; seconds.
APART = 0.02
# How far an arrival may be from the reference's on a busy machine, counted from the first request; seconds.
LATE = 0.15


def common(url, tokenizer):
    return ["--base-url", url, "--model", "compared", "--tokenizer", tokenizer, "--request-id-prefix", "compared-",
            "--disable-tqdm"]


def ordered(value):
    """JSON whose comparison sees the order of keys."""
    return json.dumps(value, ensure_ascii=False)


def without_ids(body):
    """A trace's token ids come from a hash that differs between runs of the reference: their number and sharing count."""
    return {**body, "prompt": len(body["prompt"])} if isinstance(body.get("prompt"), list) else body


def shape(requests):
    """Which requests of a trace share how long a start."""
    prompts = [request["body"]["prompt"] for request in requests]

    def shared(one, other):
        pairs = zip(one, other)
        return next((index for index, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))

    return [[shared(one, other) for other in prompts] for one in prompts]


def settle(ours, theirs):
    """Lets requests that arrived nearly together stand in the reference's order."""
    ours = list(ours)
    for index, wanted in enumerate(theirs):
        for other in range(index, len(ours)):
            if ours[other]["at"] - ours[index]["at"] > APART:
                break
            same = ordered(ours[other]["body"]) == ordered(wanted["body"])
            if same and ours[other]["headers"] == wanted["headers"]:
                ours.insert(index, ours.pop(other))
                break
    return ours


def differences(command, ours, theirs):
    if len(ours) != len(theirs):
        return [f"{len(ours)} requests, the reference sent {len(theirs)}"]
    if command.get("prompts") == "lengths":
        found = [] if shape(ours) == shape(theirs) else ["prompts share other starts than the reference's"]
        ours, theirs = ([{**one, "body": without_ids(one["body"])} for one in side] for side in (ours, theirs))
    else:
        found, ours = [], settle(ours, theirs)
    for index, (one, other) in enumerate(zip(ours, theirs)):
        for key in ("path", "headers", "body"):
            if ordered(one[key]) != ordered(other[key]) and not (key == "headers" and one[key] == other[key]):
                found.append(f"request {index}, {key}:\n    ours   {ordered(one[key])}\n    theirs {ordered(other[key])}")
        if abs(one["at"] - other["at"]) > LATE:
            found.append(f"request {index} arrived at {one['at']} s, the reference's at {other['at']} s")
    return found


def record(python, commands, recorder, options):
    """Runs the real client and writes what it sends."""
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "VLLM_NO_USAGE_STATS": "1", "PYTHONHASHSEED": "0",
                   "HF_HOME": str(options.work / "hf")}
    environment.pop("OPENAI_API_KEY", None)
    reference = subprocess.Popen([python, HERE / "reference.py"], cwd=options.work, env=environment, text=True,
                                 stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    for command in commands:
        words = common(recorder.url, options.tokenizer) + command["args"]
        reference.stdin.write(json.dumps(words) + "\n")
        reference.stdin.flush()
        status = reference.stdout.readline().strip()
        seen = recorder.take()
        if status != "0" or not seen:
            log = (options.work / "reference.log").read_text(errors="replace")
            print(f"{command['name']}: the reference ended with {status}\n{log[-1500:]}", file=sys.stderr)
            continue
        path = HERE / "recorded" / f"{command['name']}.jsonl"
        path.write_text("".join(json.dumps(one, ensure_ascii=False) + "\n" for one in seen), encoding="utf-8")
        print(f"{command['name']}: recorded {len(seen)} requests", flush=True)
    reference.stdin.close()
    reference.wait()


def compare(command, recorder, options):
    words = [options.llmbench, "serve", *common(recorder.url, options.tokenizer), *command["args"]]
    environment = {key: value for key, value in os.environ.items() if key != "OPENAI_API_KEY"}
    ran = subprocess.run(words, cwd=options.work, env=environment, text=True, capture_output=True, timeout=60,
                         stdin=subprocess.DEVNULL)
    seen = recorder.take()
    if ran.returncode != 0:
        return [f"exit status {ran.returncode}: {ran.stderr.strip()[-400:]}"]
    path = HERE / "recorded" / f"{command['name']}.jsonl"
    return differences(command, seen, [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--llmbench", required=True, type=os.path.abspath)
    parser.add_argument("--tokenizer", required=True, type=os.path.abspath)
    parser.add_argument("--work", required=True, type=lambda path: Path(path).absolute())
    parser.add_argument("--record")
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    commands = json.loads((HERE / "commands.json").read_text())
    unknown = set(options.names) - {command["name"] for command in commands}
    if unknown:
        sys.exit(f"no such command: {', '.join(sorted(unknown))}")
    chosen = [command for command in commands if not options.names or command["name"] in options.names]
    subprocess.run([sys.executable, HERE / "data.py", options.work], check=True)
    recorder = Recorder()
    recorder.start()
    if options.record:
        record(options.record, chosen, recorder, options)
    failed = 0
    for command in chosen:
        found = compare(command, recorder, options)
        failed += bool(found)
        print(f"{command['name']}: {'equal' if not found else f'{len(found)} differences'}", flush=True)
        for line in found[:3]:
            print("  " + line[:1500])
    print(f"{len(chosen) - failed} of {len(chosen)} commands send what the reference sends")
    sys.exit(failed > 0)


main()
