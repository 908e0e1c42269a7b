import subprocess
import sys
from pathlib import Path

ENGINES = {"faster_whisper", "ctranslate2", "piper", "onnxruntime", "xllamacpp", "numpy"}


def test_the_service_itself_loads_no_engine():
    code = "import sys, adapters.local.gateway; print(*sys.modules)"
    root = Path(__file__).resolve().parents[2]
    printed = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)  # noqa: S603
    assert not ENGINES & set(printed.stdout.split())
