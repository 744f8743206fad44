from __future__ import annotations

import asyncio
import json
import struct
from pathlib import Path

from rehearsal.aws.lambda_host.runtime_api import Kind, RuntimeApi


class Heard:
    def __init__(self) -> None:
        self.frames: list[tuple[Kind, str, bytes]] = []
        self.changed = asyncio.Event()

    def heard(self, kind: Kind, request_id: str, body: bytes) -> None:
        self.frames.append((kind, request_id, body))
        self.changed.set()


def frame(kind: Kind, request_id: bytes = b"", body: bytes = b"") -> bytes:
    return struct.pack(">cII", kind.value, len(request_id), len(body)) + request_id + body


def test_frames_are_heard_whole_however_they_come(tmp_path: Path) -> None:
    heard = Heard()
    frames = frame(Kind.NEXT) + frame(Kind.RESPONSE, b"r-1", b'{"a": "\xc3\xa4"}') + frame(Kind.ERROR, b"r-2", b"{}")

    async def say() -> None:
        api = RuntimeApi(heard)
        await api.start(tmp_path / "s")
        _, writer = await asyncio.open_unix_connection(str(tmp_path / "s"))
        for byte in frames:
            writer.write(bytes([byte]))
            await writer.drain()
        async with asyncio.timeout(10):
            while len(heard.frames) < 3:
                heard.changed.clear()
                await heard.changed.wait()
        api.close()
        writer.close()
        await asyncio.sleep(0.01)

    asyncio.run(say())

    assert heard.frames == [
        (Kind.NEXT, "", b""),
        (Kind.RESPONSE, "r-1", b'{"a": "\xc3\xa4"}'),
        (Kind.ERROR, "r-2", b"{}"),
    ]


def test_an_invocation_goes_to_the_worker_with_its_head(tmp_path: Path) -> None:
    async def receive() -> tuple[object, bytes]:
        api = RuntimeApi(Heard())
        await api.start(tmp_path / "s")
        reader, writer = await asyncio.open_unix_connection(str(tmp_path / "s"))
        async with asyncio.timeout(10):
            while not api.is_connected:
                await asyncio.sleep(0.001)
            api.send({"request_id": "r-1"}, b'{"n": 1}')
            head, event = struct.unpack(">II", await reader.readexactly(8))
            received = json.loads(await reader.readexactly(head)), await reader.readexactly(event)
        api.close()
        writer.close()
        await asyncio.sleep(0.01)
        return received

    assert asyncio.run(receive()) == ({"request_id": "r-1"}, b'{"n": 1}')


def test_a_frame_larger_than_any_answer_ends_the_connection(tmp_path: Path) -> None:
    heard = Heard()

    async def say() -> bytes:
        api = RuntimeApi(heard)
        await api.start(tmp_path / "s")
        reader, writer = await asyncio.open_unix_connection(str(tmp_path / "s"))
        writer.write(struct.pack(">cII", b"R", 3, 1 << 30))
        async with asyncio.timeout(10):
            left = await reader.read()
        api.close()
        writer.close()
        await asyncio.sleep(0.01)
        return left

    assert asyncio.run(say()) == b""
    assert heard.frames == []
