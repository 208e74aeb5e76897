"""What a sound's file says of its length: libsndfile silently takes what is there.

Most containers are made of chunks: a name, a size, and so many bytes. A program that writes into
a pipe does not know ahead how many samples there will be, and says 0 or the largest size there is.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

_LARGEST = (2**31, 2**32, 0x7F000000)  # the last is what SoX writes into AIFF
_NEAR = 2**16  # which programs round to whole blocks, and leave room for headers
_OGG_TAIL = 2**17  # holds a whole page
_W64_RIFF = b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\x00\x00"
_W64_DATA = b"data\xf3\xac\xd3\x11\x8c\xd1\x00\xc0\x4f\x8e\xdb\x8a"


@dataclass(frozen=True)
class _Layout:
    """How a container lays out its chunks.

    Attributes
    ----------
    first : int
        Where the first one begins.
    stored : str
        How sizes are stored, as `struct` has it.
    data : bytes
        The name of the one with the samples.
    ahead : int
        Bytes in it before the samples.
    align : int
        Each is filled up to a multiple of it.
    counted : int
        Bytes of its own name and size that a size counts.
    """

    first: int
    stored: str
    data: bytes
    ahead: int = 0
    align: int = 2
    counted: int = 0


_CAF = _Layout(8, ">q", b"data", ahead=4, align=1)
_W64 = _Layout(40, "<Q", _W64_DATA, align=8, counted=24)
_LAYOUTS = {
    (b"RIFF", b"WAVE"): _Layout(12, "<I", b"data"),
    (b"RF64", b"WAVE"): _Layout(12, "<I", b"data"),
    (b"RIFX", b"WAVE"): _Layout(12, ">I", b"data"),
    (b"FORM", b"AIFF"): _Layout(12, ">I", b"SSND", ahead=8),
    (b"FORM", b"AIFC"): _Layout(12, ">I", b"SSND", ahead=8),
    (b"FORM", b"8SVX"): _Layout(12, ">I", b"BODY"),
    (b"FORM", b"16SV"): _Layout(12, ">I", b"BODY"),
}


@dataclass(frozen=True)
class Extent:
    """Where the samples of a file lie.

    Attributes
    ----------
    said, there : int
        Their bytes by the header, and those from their first one to the end of the file.
    is_open : bool
        Whether they go on to the end of the file, whatever the header says.
    field : int
        Where the header says their size, stored as `stored` with `extra` bytes besides.
    unpadded : tuple of int
        Where a byte lacks that should fill up an odd chunk before them.
    """

    said: int
    there: int
    is_open: bool
    field: int
    stored: str
    extra: int = 0
    unpadded: tuple[int, ...] = ()

    @property
    def is_short(self) -> bool:
        """Whether the file ends before the samples do."""
        return not self.is_open and self.said > self.there

    @property
    def misleads(self) -> bool:
        """Whether libsndfile finds all samples in the `mended` file alone."""
        understood = self.stored == "<I" and self.said > 0
        return bool(self.unpadded) or (self.is_open and not understood)


def extent(stream: IO[bytes]) -> Extent | None:
    """Return where the samples of a file lie, if its container has a size for them."""
    length = stream.seek(0, 2)
    head = _bytes(stream, 0, 16)
    if head[:4] == b".snd" and len(head) == 16:
        begin, size = struct.unpack_from(">2I", head, 4)
        there = max(0, length - begin)
        is_open = there > 0 if size == 0 else size > there and _is_unknown(size, ">I")
        return Extent(size, there, is_open, 8, ">I")
    layout = _CAF if head[:4] == b"caff" else _W64 if head == _W64_RIFF else None
    layout = layout or _LAYOUTS.get((head[:4], head[8:12]))
    return _Chunks(stream, layout, length).extent() if layout else None


def mended(content: bytes, extent: Extent) -> bytes:
    """Return the bytes of a file, with a header by which all samples are found."""
    whole = bytearray(content)
    if extent.is_open:
        most = 2**32 - 1 if struct.calcsize(extent.stored) == 4 else 2**63 - 1
        size = min(extent.there + extent.extra, most)
        struct.pack_into(extent.stored, whole, extent.field, size)
    for at in reversed(extent.unpadded):
        whole[at:at] = b"\0"
    return bytes(whole)


def ogg_notes(stream: IO[bytes]) -> tuple[str, ...]:
    """Say which samples of an Ogg file are not read: it says no length, but which page is last."""
    first = _bytes(stream, 0, 27)
    if first[:4] != b"OggS":
        return ()
    tail = _bytes(stream, max(0, stream.seek(0, 2) - _OGG_TAIL), _OGG_TAIL)
    last = tail[tail.rfind(b"OggS") :]
    if last[:4] != b"OggS":
        return ()
    segments = last[27 : 27 + last[26]] if len(last) > 26 else b""
    is_whole = len(last) >= 27 and len(last) >= 27 + last[26] + sum(segments)
    if not (is_whole and last[5] & 4):
        return ("the end of this Ogg file is missing",)
    if last[14:18] != first[14:18]:
        return ("the first of several streams in this Ogg file",)
    return ()


@dataclass(frozen=True)
class _Chunk:
    name: bytes
    field: int
    begin: int
    size: int
    end: int
    is_padded: bool


@dataclass(frozen=True)
class _Chunks:
    """The chunks of a file of so many bytes."""

    stream: IO[bytes]
    layout: _Layout
    length: int

    def extent(self) -> Extent | None:
        """Return where the chunk of samples says they lie."""
        wide: int | None = None
        unpadded: list[int] = []
        for chunk in self._from(self.layout.first):
            if chunk.name == b"ds64":
                wide = chunk.begin + 8
            if chunk.name == self.layout.data:
                return self._extent(chunk, wide, tuple(unpadded))
            if not chunk.is_padded:
                unpadded.append(chunk.end)
        return None

    def _extent(self, chunk: _Chunk, wide: int | None, unpadded: tuple[int, ...]) -> Extent:
        ahead, field, stored, size = self.layout.ahead, chunk.field, self.layout.stored, chunk.size
        if wide is not None and size == 2**32 - 1:
            field, stored = wide, "<Q"
            (size,) = struct.unpack(stored, _bytes(self.stream, wide, 8).ljust(8, b"\0"))
        there = max(0, self.length - chunk.begin - ahead)
        if 0 <= size <= ahead:
            is_open = there > 0 and not self._are_all(chunk.begin + ahead)
        else:
            is_open = _is_unknown(size, stored) and not 0 < size - ahead <= there
        extra = ahead + self.layout.counted
        return Extent(max(0, size - ahead), there, is_open, field, stored, extra, unpadded)

    def _from(self, at: int) -> Iterator[_Chunk]:
        layout = self.layout
        named = len(layout.data)
        header = named + struct.calcsize(layout.stored)
        while len(head := _bytes(self.stream, at, header)) == header:
            (size,) = struct.unpack_from(layout.stored, head, named)
            size -= layout.counted
            begin = at + header
            end, is_padded = begin + size, True
            if size < 0 or end > self.length:
                end = self.length
            elif layout.align == 2 and size % 2 and _is_name(_bytes(self.stream, end, 4)):
                is_padded = False
            else:
                end += -size % layout.align
            yield _Chunk(head[:named], at + named, begin, size, end, is_padded)
            at = end

    def _are_all(self, at: int) -> bool:
        """Whether there are chunks, and nothing else, from here to the end of the file."""
        for chunk in self._from(at):
            if not _is_name(chunk.name[:4]) or chunk.begin + chunk.size > self.length:
                return False
            at = chunk.end
        return at >= self.length


def _is_unknown(size: int, stored: str) -> bool:
    """Whether a size is what is written where nobody knows it yet."""
    if struct.calcsize(stored) == 8:
        return not 0 <= size < 2**62
    return any(abs(size - each) <= _NEAR for each in _LARGEST)


def _is_name(name: bytes) -> bool:
    return len(name) == 4 and all(32 <= each < 127 for each in name)


def _bytes(stream: IO[bytes], at: int, count: int) -> bytes:
    stream.seek(at)
    return stream.read(count)
