"""What the doctor says of a remote gateway: a key that is refused is told from a network that does not work."""

from adapters.gateways.endpoints import OPENROUTER
from adapters.gateways.gateway import RemoteGateway
from bot.domain.health import Finding
from tests.fakes.openrouter.client import driving
from tests.fakes.process import running

KEY = "sk-or-v1-doctor-0123456789"


async def checked(base_url: str) -> Finding:
    async with RemoteGateway(OPENROUTER, KEY, base_url) as gateway:
        finding, *_ = await gateway.check()
    assert KEY not in f"{finding}"
    return finding


async def test_a_key_that_is_taken_and_one_that_is_not():
    async with running("tests.fakes.openrouter") as url, driving(url) as fake:
        assert (await checked(fake.api)).ok
        await fake.limit(refused_keys=[KEY])
        wrong = await checked(fake.api)
        assert (await fake.state()).charged == ()
        assert (await fake.state()).violations == ()
    assert not wrong.ok
    assert "does not take the key" in wrong.what
    assert "openrouter.key" in wrong.fix


async def test_a_network_that_does_not_work_is_no_matter_of_the_key(unused_tcp_port: int):
    wrong = await checked(f"http://127.0.0.1:{unused_tcp_port}/api/v1")
    assert not wrong.ok
    assert "gave no answer" in wrong.what
    assert "network" in wrong.fix
