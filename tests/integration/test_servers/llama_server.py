"""`python -m tests.integration.test_servers.llama_server MODEL.gguf`: a real llama.cpp server, until SIGTERM.

The one line printed is `{"port": N}`. https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md
"""

import signal
import sys
from urllib.parse import urlsplit

import xllamacpp  # type: ignore[import-untyped]

from tests.fakes.serving import announce

SIGNALS = {signal.SIGTERM, signal.SIGINT}


def main(path: str) -> None:
    """Serve on loopback."""
    # Before the engine starts its threads, so that no signal goes to one of them.
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    params = xllamacpp.CommonParams()
    params.model.path = path
    params.model_alias = {"smollm2-135m-instruct"}
    params.n_ctx = 2048
    params.n_parallel = 2
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.hostnames, params.port = ["127.0.0.1"], 0
    params.ui = params.warmup = False
    params.endpoint_slots = True
    params.offline = True
    params.verbosity = -1
    server = xllamacpp.Server(params)
    announce(urlsplit(server.listening_address).port)
    signal.sigwait(SIGNALS)


main(sys.argv[1])
