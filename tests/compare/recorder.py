"""A server that writes down what it is asked, and answers every endpoint of the OpenAI API that a benchmark calls.

Standard library only. What is written down of a request: when it arrived, its path, the headers that matter, and its body,
with pictures, videos and sounds reduced to what two encoders can agree on.
"""

import base64
import email.parser
import email.policy
import hashlib
import io
import json
import struct
import threading
import time
import wave
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HEADERS = ("authorization", "content-type", "x-request-id", "x-compare")


def jpeg_size(data):
    """Width and height in the frame header of a JPEG."""
    at = 2
    while at < len(data):
        marker, length = struct.unpack(">xBH", data[at : at + 4])
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return [width, height]
        at += 2 + length
    raise ValueError("a JPEG without a frame")


def sound(data):
    with wave.open(io.BytesIO(data)) as file:
        frames = file.readframes(file.getnframes())
        return [file.getnchannels(), file.getframerate(), file.getsampwidth(), hashlib.sha256(frames).hexdigest()]


def reduced(value):
    """A body without the bytes that depend on an encoder."""
    if isinstance(value, dict):
        if set(value) == {"data", "format"}:
            return {"data": sound(base64.b64decode(value["data"])), "format": value["format"]}
        return {key: reduced(item) for key, item in value.items()}
    if isinstance(value, list):
        return [reduced(item) for item in value]
    if isinstance(value, str) and value.startswith("data:"):
        kind, data = value.split(",", 1)
        data = base64.b64decode(data)
        if kind.startswith("data:image/jpeg"):
            return [kind, jpeg_size(data)]
        if kind.startswith("data:image/png"):
            return [kind, list(struct.unpack(">II", data[16:24]))]
        return [kind]
    return value


def fields(kind, body):
    """The parts of a multipart body, in order."""
    parser = email.parser.BytesParser(policy=email.policy.HTTP)
    message = parser.parsebytes(b"content-type: " + kind.encode() + b"\r\n\r\n" + body)
    parts = []
    for part in message.iter_parts():
        data = part.get_payload(decode=True)
        name, file = part.get_param("name", header="content-disposition"), part.get_filename()
        if file is None:
            parts.append([name, data.decode()])
        else:
            parts.append([name, file, part.get_content_type(), sound(data)])
    return parts


def choices(path, text, final):
    reason = "length" if final else None
    if path.endswith("chat/completions") or "audio" in path:
        return [{"index": 0, "delta": {"content": text}, "finish_reason": reason}]
    return [{"index": 0, "text": text, "finish_reason": reason}]


def stream(path):
    """An answer of two tokens."""
    usage = {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}
    if path.endswith("responses"):
        delta = [{"type": "response.output_text.delta", "delta": text} for text in ("a", "b")]
        done = {"type": "response.completed", "response": {"usage": {"input_tokens": 5, "output_tokens": 2}}}
        events = [f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in [*delta, done]]
        return "".join(events)
    events = [{"choices": choices(path, "a", False)}, {"choices": choices(path, "b", True)}, {"choices": [], "usage": usage}]
    return "".join(f"data: {json.dumps(event)}\n\n" for event in events) + "data: [DONE]\n\n"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self):
        self.answer(404, "application/json", "{}")

    def do_POST(self):
        at = time.monotonic()
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        if self.path in ("/tokenize", "/detokenize"):
            return self.answer(404, "application/json", "{}")
        kind = self.headers.get("content-type", "")
        headers = {name: self.headers[name] for name in HEADERS if name in self.headers}
        if kind.startswith("multipart/"):
            headers["content-type"], content = "multipart/form-data", fields(kind, body)
        else:
            content = reduced(json.loads(body))
        with self.server.lock:
            self.server.seen.append({"at": at, "path": self.path, "headers": headers, "body": content})
        if any(end in self.path for end in ("embeddings", "pooling", "rerank")):
            usage = {"prompt_tokens": 5, "total_tokens": 5}
            return self.answer(200, "application/json", json.dumps({"data": [], "results": [], "usage": usage}))
        return self.answer(200, "text/event-stream", stream(self.path))

    def answer(self, status, kind, text):
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


class Recorder(ThreadingHTTPServer):
    """Listens on a port of its own on the loopback address from `start` on."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen, self.lock = [], threading.Lock()

    def handle_error(self, *_):
        """A client that leaves without a word is no matter."""

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"

    def start(self):
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def take(self):
        """What was asked since the last time, in order of arrival; times count from the first."""
        with self.lock:
            seen, self.seen = sorted(self.seen, key=lambda request: request["at"]), []
        first = seen[0]["at"] if seen else 0
        return [{**request, "at": round(request["at"] - first, 4)} for request in seen]
