#!/usr/bin/env python3
"""Serve a GGUF file with llama.cpp's own C++ server on the loopback address.

    python3 server.py FILE.gguf

Prints `listening URL` once it answers, at a port that the system chose; ends at SIGTERM, or after ten minutes.
"""

import signal
import sys
import threading

import xllamacpp

SLOTS, SLOT_CONTEXT, SECONDS = 8, 1024, 600

params = xllamacpp.CommonParams()
params.model.path = sys.argv[1]
params.model_alias = {"tiny"}
params.hostnames = ["127.0.0.1"]
params.port = 0
params.n_parallel = SLOTS
params.n_ctx = SLOTS * SLOT_CONTEXT
params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
params.n_gpu_layers = 0
params.ui = False
params.offline = True
server = xllamacpp.Server(params)

stop = threading.Event()
for number in (signal.SIGTERM, signal.SIGINT):
    signal.signal(number, lambda *_: stop.set())
print("listening", server.listening_address, flush=True)
stop.wait(SECONDS)
