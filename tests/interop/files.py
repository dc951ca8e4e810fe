"""Makes the files that the servers serve and the client sends, below the folder of the first argument."""

import os
import pathlib
import sys

work = pathlib.Path(sys.argv[1])
files = work / "files"
(files / "put").mkdir(parents=True)

(files / "index.html").write_text("<!doctype html><title>papilio</title><p>A page, größer als nötig: 蝶\n", "utf-8")
(files / "text.txt").write_text("".join(f"line {n}: the quick brown fox\n" for n in range(20_000)), "utf-8")
(files / "empty.txt").touch()
(work / "passwords").write_text("ada:{PLAIN}lovelace\n")


def sparse(path, size):
    """A hole of this size with its place written at the start of every MiB, and an odd end."""
    with open(path, "wb") as file:
        file.truncate(size)
        for place in range(0, size, 1 << 20):
            file.seek(place)
            file.write(b"at %d\n" % place)
        file.seek(size - 4)
        file.write(b"end\n")
    assert os.path.getsize(path) == size


sparse(files / "large.bin", (256 << 20) + 4_099)
sparse(work / "upload.bin", (2 << 30) + 12_345)
