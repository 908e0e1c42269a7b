"""How parent and worker talk through two pipes: frames of one kind byte, a length and a payload.

    parent                       worker
    SETUP  options      ───>
                        <───     READY
    CALL   handler, ... ───>
                        <───     JSON value | BYTES value     any number of them
                        <───     END {rss} | ERROR {kind, message, blanks, rss}

The length is four bytes, big-endian. Every payload is JSON in UTF-8, save that of BYTES.
"""

import json
import struct
from dataclasses import dataclass
from enum import Enum

HEADER = struct.Struct(">cI")
"""Kind and length of the payload."""

MAX_PAYLOAD = 256 * 1024 * 1024
"""Bytes. More than that can only come from a worker that has lost its mind."""

OUT_OF_MEMORY_STATUS = 77
"""Exit status of a worker that met its memory limit: what it holds is not to be trusted any more."""


class Kind(Enum):
    """What a frame is."""

    SETUP = b"S"
    CALL = b"C"
    READY = b"R"
    JSON = b"J"
    BYTES = b"B"
    END = b"E"
    ERROR = b"X"


@dataclass(frozen=True, kw_only=True, slots=True)
class Frame:
    """One message of either side."""

    kind: Kind
    """What it is."""
    payload: bytes = b""
    """JSON, or the bytes themselves."""

    def value(self) -> object:
        """Return the payload: bytes as they are, everything else as the JSON value that it spells."""
        return self.payload if self.kind is Kind.BYTES else json.loads(self.payload)

    def encode(self) -> bytes:
        """Return the frame as it goes through the pipe."""
        return HEADER.pack(self.kind.value, len(self.payload)) + self.payload


def frame(kind: Kind, value: object) -> Frame:
    """Make a frame whose payload is a JSON value.

    Raises:
        TypeError: JSON cannot express the value.
    """
    return Frame(kind=kind, payload=json.dumps(value).encode())


def parse_header(header: bytes) -> tuple[Kind, int]:
    """Split the first five bytes of a frame into its kind and the length of its payload.

    Raises:
        ValueError: no frame starts like that.
    """
    kind, length = HEADER.unpack(header)
    if length > MAX_PAYLOAD:
        raise ValueError(f"a frame of {length} bytes")
    return Kind(kind), length
