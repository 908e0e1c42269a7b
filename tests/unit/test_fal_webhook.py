import base64
import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, strategies as st

from adapters.gateways.fal.signature import is_fresh, is_genuine, read_keys, read_signed
from adapters.gateways.fal.webhook import MOST_KEPT, Deliveries, Delivery

NOW = 1_760_000_000_000
KEY = Ed25519PrivateKey.generate()
BODY = b'{"request_id": "r", "status": "OK", "payload": {"output": "Hi"}}'


def headers(body: bytes = BODY, at: int = NOW // 1000, key: Ed25519PrivateKey = KEY) -> dict[str, str]:
    message = "\n".join(("r", "u", str(at), hashlib.sha256(body).hexdigest()))
    return {
        "X-Fal-Webhook-Request-Id": "r",
        "x-fal-webhook-user-id": "u",
        "X-FAL-WEBHOOK-TIMESTAMP": str(at),
        "X-Fal-Webhook-Signature": key.sign(message.encode()).hex(),
    }


def accepts(given_headers: dict[str, str], body: bytes = BODY) -> bool:
    signed = read_signed(given_headers, body)
    return signed is not None and is_fresh(signed, NOW) and is_genuine(signed, [KEY.public_key()])


def test_what_fal_signed_is_taken():
    assert accepts(headers())


@pytest.mark.parametrize("name", headers())
def test_a_missing_header_is_refused(name: str):
    assert not accepts({other: value for other, value in headers().items() if other != name})


@pytest.mark.parametrize("name", headers())
def test_a_changed_header_is_refused(name: str):
    good = headers()
    assert not accepts({**good, name: good[name][:-1] + ("0" if good[name][-1] != "0" else "1")})


@given(st.binary())
def test_a_changed_body_is_refused(body: bytes):
    assert accepts(headers(), body) is (body == BODY)


@pytest.mark.parametrize(("seconds", "is_taken"), [(-301, False), (-300, True), (0, True), (300, True), (301, False)])
def test_what_is_old_or_from_the_future_is_refused(seconds: int, is_taken: bool):
    assert accepts(headers(at=NOW // 1000 + seconds)) is is_taken


def test_another_key_is_refused():
    assert not accepts(headers(key=Ed25519PrivateKey.generate()))


@given(st.dictionaries(st.sampled_from(list(headers())), st.text()))
def test_nonsense_is_refused(nonsense: dict[str, str]):
    assert not accepts({**headers(), **nonsense}) or nonsense.items() <= headers().items()


def test_keys_are_read_and_what_is_none_is_left_out():
    x = base64.urlsafe_b64encode(KEY.public_key().public_bytes_raw()).decode().rstrip("=")
    keys = read_keys({"keys": [{"x": x}, {"x": "short"}, {"x": 1}, {}, "x", {"x": "ü"}]})
    assert len(keys) == 1
    signed = read_signed(headers(), BODY)
    assert signed is not None
    assert is_genuine(signed, keys)
    assert read_keys({}) == ()
    assert read_keys({"keys": None}) == ()


def delivery(name: str, at: float = 0.0, call: str = "") -> Delivery:
    return Delivery(request_id=name, call=call, outcome=None, at=at)


def test_a_bell_rings_whether_the_webhook_comes_before_or_after():
    deliveries = Deliveries()
    waiting = deliveries.bell("one")
    assert deliveries.take(delivery("one", call="ours"))
    assert not deliveries.take(delivery("one"))
    assert waiting.is_set()
    assert deliveries.take(delivery("two"))
    assert deliveries.bell("two").is_set()
    assert not deliveries.bell("three").is_set()
    assert deliveries.request_of("ours") == "one"
    assert deliveries.request_of("") is None


def test_what_nobody_asked_for_is_kept_for_a_while_and_not_for_ever():
    deliveries = Deliveries()
    for number in range(MOST_KEPT + 10):
        deliveries.take(delivery(str(number), call=str(number)))
    assert deliveries.request_of("0") is None
    assert deliveries.request_of(str(MOST_KEPT)) == str(MOST_KEPT)
    deliveries.take(delivery("late", at=1e9, call="late"))
    assert deliveries.request_of(str(MOST_KEPT)) is None
    assert deliveries.request_of("late") == "late"
