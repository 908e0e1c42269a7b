"""Servers that speak OpenAI's protocol, each a row made from the settings: Ollama, llama.cpp, vLLM, speaches, LocalAI.

What all of them take is what this row says; what one server or model takes beyond it, `server_listing` finds out.
"""

from adapters.gateways.endpoints import Endpoint, Form
from adapters.gateways.reply import Patience
from bot.domain.audio import AudioLimits, MediaFormat

PATIENCE = Patience(idle=240, quiet=240, total=600)
"""A server reads a model from disk when it is asked for the first time, and many think on a processor."""

LIMITS = AudioLimits(max_bytes=24_000_000, max_seconds=600)
"""Uploads end at 25 MB, as OpenAI's do: https://docs.vllm.ai/en/stable/serving/online_serving/speech_to_text/. Ten
minutes keep a transcript within an answer's tokens, and within the patience above."""


def server_endpoint(name: str, base_url: str) -> Endpoint:
    """Make the row of a server.

    Args:
        name: that its models get in front.
        base_url: of its API, with the version: `http://127.0.0.1:11434/v1`.
    """
    return Endpoint(
        name=name,
        base_url=base_url.rstrip("/"),
        settings=f"servers.{name}",
        # What llama.cpp decodes (https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md), and so does
        # everything else.
        audio_formats=(MediaFormat.WAV, MediaFormat.MP3),
        audio_limits=LIMITS,
        # Newer names for it are not known to all: https://docs.ollama.com/api/openai-compatibility
        tokens_field="max_tokens",
        asks_usage=True,
        transcribes=Form.MULTIPART,
        # llama.cpp and older vLLMs refuse `verbose_json`: https://github.com/vllm-project/vllm/issues/14818
        tells_times=False,
        speaks=True,
    )
