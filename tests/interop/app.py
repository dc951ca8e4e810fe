"""What no ready-made server does: count an upload part by part, and send it on to another address when it is there.

Run by uvicorn; the multipart parser is python-multipart's.
"""

import asyncio
import json
import os
import urllib.parse
import zlib

from python_multipart.multipart import MultipartParser, parse_options_header


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        return await lifespan(receive, send)
    path = scope["path"]
    headers = {name.decode().lower(): value.decode("latin-1") for name, value in scope["headers"]}
    if path == "/count":
        await answer_json(send, await count(receive, headers))
    elif path == "/truth":
        await answer_json(send, await asyncio.to_thread(truth, scope["query_string"].decode()))
    elif path == "/moved-late":
        await drain(receive)
        await move(send, 307, b"/count")
    elif path == "/moved-early":
        await move(send, 308, b"/count")
    elif path == "/chunks":
        await chunks(send)
    elif path == "/echo":
        await start(send, 200, headers.get("content-type", "application/octet-stream"))
        while True:
            message = await receive()
            await send_body(send, message.get("body", b""), message.get("more_body", False))
            if not message.get("more_body", False):
                return
    else:
        await start(send, 404, "text/plain")
        await send_body(send, b"nothing here\n")


async def lifespan(receive, send):
    while True:
        message = await receive()
        await send({"type": message["type"] + ".complete"})
        if message["type"] == "lifespan.shutdown":
            return


async def pieces(receive):
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionError("the client went away in the middle of its body")
        yield message.get("body", b"")
        if not message.get("more_body", False):
            return


async def drain(receive):
    async for _ in pieces(receive):
        pass


async def count(receive, headers):
    """Lengths and CRCs of the body and of its parts."""
    seen = {"bytes": 0, "length": headers.get("content-length"), "parts": []}
    kind, options = parse_options_header(headers.get("content-type", ""))
    parser = None
    if kind == b"multipart/form-data":
        field = []

        def begin():
            seen["parts"].append({"bytes": 0, "crc": 0})

        def header(data, start, end):
            field.append(data[start:end])

        def header_end():
            name, value = field
            field.clear()
            seen["parts"][-1][name.decode().lower()] = value.decode()

        def part_data(data, start, end):
            part = seen["parts"][-1]
            part["bytes"] += end - start
            part["crc"] = zlib.crc32(memoryview(data)[start:end], part["crc"])

        parser = MultipartParser(
            options[b"boundary"],
            {
                "on_part_begin": begin,
                "on_header_field": header,
                "on_header_value": header,
                "on_header_end": header_end,
                "on_part_data": part_data,
                "on_end": lambda: seen.update(complete=True),
            },
        )
    async for piece in pieces(receive):
        seen["bytes"] += len(piece)
        if parser:
            parser.write(piece)
    if parser:
        parser.finalize()
    return seen


def truth(query):
    """What the file to be uploaded really is."""
    [path] = urllib.parse.parse_qs(query)["file"]
    crc, size = 0, 0
    with open(os.path.join(os.environ["INTEROP_WORK"], path), "rb") as file:
        while piece := file.read(1 << 20):
            crc = zlib.crc32(piece, crc)
            size += len(piece)
    return {"bytes": size, "crc": crc}


async def chunks(send):
    await start(send, 200, "text/plain; charset=utf-8")
    for number in range(100):
        await send_body(send, f"chunk {number} ".encode() + b"x" * (number * 37) + b"\n", True)
        if number % 10 == 0:
            await asyncio.sleep(0.01)
    await send_body(send, b"")


async def move(send, status, location):
    await start(send, status, "text/plain", (b"location", location))
    await send_body(send, b"elsewhere\n")


async def answer_json(send, value):
    await start(send, 200, "application/json")
    await send_body(send, json.dumps(value).encode())


async def start(send, status, content_type, *more):
    headers = [(b"content-type", content_type.encode()), *more]
    await send({"type": "http.response.start", "status": status, "headers": headers})


async def send_body(send, body, more=False):
    await send({"type": "http.response.body", "body": body, "more_body": more})
