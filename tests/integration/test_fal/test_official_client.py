"""The fake is faithful: the vendor's own client, unmodified, works against it."""

from collections.abc import AsyncIterator
from pathlib import Path

import fal_client
import httpx
import pytest
import pytest_asyncio
from fal_client import client as module

from tests.fakes.fal.client import FakeFal

pytestmark = pytest.mark.asyncio(loop_scope="package")

AUDIO = "openrouter/router/audio"
TEXT = "openrouter/router"
MODEL = "google/gemini-2.5-flash"
DATA = Path(__file__).parents[2] / "data"


@pytest_asyncio.fixture(loop_scope="package")
async def official(fake: FakeFal, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[fal_client.AsyncClient]:
    monkeypatch.setattr(module, "RUN_URL_FORMAT", f"{fake.run_url}/")
    monkeypatch.setattr(module, "QUEUE_URL_FORMAT", f"{fake.queue_url}/")
    monkeypatch.setattr(module, "REST_URL", fake.rest_url)
    monkeypatch.setattr(module, "CDN_URL", f"{fake.base_url}/cdn")
    client = fal_client.AsyncClient(key="id:secret")
    yield client
    await (await client._client).aclose()


def asked(text: str = "Say hello", **more: object) -> dict[str, object]:
    return {"prompt": text, "model": MODEL, **more}


async def test_subscribes(fake: FakeFal, official: fal_client.AsyncClient):
    await fake.script(work_s=0.2, logs=("warming up", "done"))
    seen: list[fal_client.Status] = []
    output = await official.subscribe(TEXT, asked(), with_logs=True, on_queue_update=seen.append)
    assert output["output"] == "You said: Say hello. "
    assert output["usage"]["cost"] > 0
    assert isinstance(seen[-1], fal_client.Completed)
    assert any(isinstance(s, fal_client.InProgress) and s.logs and s.logs[0]["message"] == "warming up" for s in seen)


async def test_submits_and_asks_by_id(fake: FakeFal, official: fal_client.AsyncClient):
    await fake.script(queue_s=0.1, work_s=0.1)
    handle = await official.submit(TEXT, asked(), priority="low", hint="h1", start_timeout=30)
    assert isinstance(await official.status(TEXT, handle.request_id), fal_client.Queued)
    events = [event async for event in handle.iter_events(interval=0.02)]
    assert {type(event) for event in events} == {fal_client.Queued, fal_client.InProgress, fal_client.Completed}
    output = await official.result(TEXT, handle.request_id)
    call = (await fake.state()).calls[0]
    assert output["output"]
    assert call.headers["x-fal-queue-priority"] == "low"
    assert call.headers["x-fal-request-timeout"] == "30.0"


async def test_cancels_what_is_queued_running_and_over(fake: FakeFal, official: fal_client.AsyncClient):
    await fake.script(queue_s=10)
    queued = await official.submit(TEXT, asked())
    await official.cancel(TEXT, queued.request_id)
    await fake.script(work_s=10)
    running = await official.submit(TEXT, asked())
    await fake.wait(lambda seen: seen.calls[1].state == "IN_PROGRESS")
    await official.cancel(TEXT, running.request_id)
    with pytest.raises(fal_client.FalClientHTTPError) as cancelled:
        await official.result(TEXT, running.request_id)
    with pytest.raises(fal_client.FalClientHTTPError) as over:
        await official.cancel(TEXT, queued.request_id)
    seen = await fake.state()
    assert [call.cancelled for call in seen.calls] == [True, True]
    assert cancelled.value.error_type == "client_cancelled"
    assert over.value.response.json() == {"status": "ALREADY_COMPLETED"}
    assert seen.charged == ()


async def test_runs_at_once(fake: FakeFal, official: fal_client.AsyncClient):
    output = await official.run(TEXT, asked(reasoning=True, temperature=0.2, max_tokens=64, system_prompt="Be kind."))
    assert output["error"] is None
    assert (await fake.state()).calls[0].way == "run"


async def test_streams_what_grows(fake: FakeFal, official: fal_client.AsyncClient):
    await fake.script(text="one two three")
    events = [event async for event in official.stream(TEXT, asked())]
    assert [event["output"] for event in events] == ["one", "one two", "one two three", "one two three"]
    assert [event["partial"] for event in events] == [True, True, True, False]
    assert events[-1]["usage"]["completion_tokens"] > 0


async def test_uploads_and_listens(fake: FakeFal, official: fal_client.AsyncClient):
    note = (DATA / "voice-note.ogg").read_bytes()
    settings = fal_client.StorageSettings(expires_in="1h")
    address = await official.upload(note, "audio/ogg", file_name="note.ogg", lifecycle=settings)
    output = await official.subscribe(AUDIO, asked("Transcribe", audio_url=address))
    seen = await fake.state()
    assert output["output"].startswith("You said: Transcribe. ogg/opus")
    assert seen.files[0].lives_s == 3600
    await fake.advance(4000)
    async with httpx.AsyncClient() as anybody:
        assert (await anybody.get(address)).status_code == 404


async def test_uploads_by_the_storage(fake: FakeFal, official: fal_client.AsyncClient):
    address = await official.upload(b"RIFF", "audio/wav", file_name="a.wav", repository="fal")
    assert address.endswith("_a.wav")
    assert (await fake.state()).files[0].puts == 1


async def test_refuses_what_is_wrong(fake: FakeFal, official: fal_client.AsyncClient):
    with pytest.raises(fal_client.FalClientHTTPError) as caught:
        await official.subscribe(AUDIO, asked("Transcribe", audio_url="https://nobody.example/gone.mp3"))
    detail = caught.value.response.json()["detail"]
    assert caught.value.status_code == 422
    assert detail[0]["type"] == "file_download_error"
    assert detail[0]["loc"] == ["body", "audio_url"]
    assert await fake.forgive() == ()


async def test_notices_a_breach_of_the_contract(fake: FakeFal, official: fal_client.AsyncClient):
    wrong = {"prompt": "Watch", "model": MODEL, "video_url": "https://a/b.mp4", "video_urls": ["https://a/b.mp4"]}
    with pytest.raises(fal_client.FalClientHTTPError):
        await official.run("openrouter/router/video", wrong)
    assert len(await fake.forgive()) == 1


async def test_the_clients_own_retries_submit_again(fake: FakeFal, official: fal_client.AsyncClient):
    """What we must never do: its POST is repeated when only the answer was lost."""
    await fake.fail("drop_after", method="POST", path="/queue/*", times=2)
    await official.subscribe(TEXT, asked())
    assert len((await fake.state()).charged) == 3
