"""Files of sounds: every sample comes through, or what was changed or is wrong is said."""

from __future__ import annotations

import re
import struct
import subprocess
import sys
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from numconv import ArgumentError
from numconv.cli import memory, sounds
from numconv.cli.sounds import Sound

Array = np.ndarray[Any, Any]

RATE = 8_000
BITS = {"PCM_S8": 8, "PCM_U8": 8, "PCM_16": 16, "PCM_24": 24, "PCM_32": 32}
HELD = {
    "wav": ("PCM_U8", "PCM_16", "PCM_24", "PCM_32"),
    "flac": ("PCM_S8", "PCM_16", "PCM_24"),
    "aiff": ("PCM_S8", "PCM_U8", "PCM_16", "PCM_24", "PCM_32"),
    "aif": ("PCM_16",),
    "au": ("PCM_S8", "PCM_16", "PCM_24", "PCM_32"),
    "caf": ("PCM_S8", "PCM_16", "PCM_24", "PCM_32"),
}
FORMS = {"aif": "AIFF", "oga": "OGG", "opus": "OGG"}


def numbers(depth: str, channels: int = 2, length: int = 211) -> Array:
    """Return integers of a depth in the upper bits of 32, the least and the greatest with them."""
    bits = BITS.get(depth, 16)
    full = 2 ** (bits - 1)
    drawn = np.random.default_rng(bits).integers(-full, full, (length, channels))
    drawn[:2] = [[-full], [full - 1]]
    return (drawn << (32 - bits)).astype(np.int32)


def store(path: Path, values: Array, depth: str, form: str | None = None, rate: int = RATE) -> None:
    form = form or FORMS.get(path.suffix[1:], path.suffix[1:].upper())
    soundfile.write(path, values, rate, subtype=depth, format=form)


def stored(path: Path) -> Array:
    return soundfile.read(path, dtype="int32", always_2d=True)[0]


def taken(path: Path) -> Array:
    """Return what numconv reads, as integers of 32 bits."""
    samples = sounds.read("input", path).samples.astype(np.float64) * 2.0**31
    assert (samples == np.rint(samples)).all()
    return samples.T.astype(np.int32)


def refused(path: Path) -> str:
    """Return why numconv does not read a file."""
    with pytest.raises(ArgumentError) as caught:
        sounds.read("input", path)
    assert (caught.value.argument, caught.value.value) == ("input", str(path))
    assert "\n" not in str(caught.value)
    assert caught.value.expected.startswith("a readable sound")
    return caught.value.expected


@pytest.mark.parametrize("channels", [1, 2, 8])
@pytest.mark.parametrize(
    ("suffix", "depth"), [(suffix, depth) for suffix, held in HELD.items() for depth in held]
)
def test_integers_come_back_as_they_were(
    tmp_path: Path, suffix: str, depth: str, channels: int
) -> None:
    before, after = tmp_path / f"s.{suffix}", tmp_path / f"t.{suffix}"
    given = numbers(depth, channels, 212 if suffix == "aiff" else 211)
    store(before, given, depth)
    np.testing.assert_array_equal(taken(before), given)
    sound = sounds.read("input", before)
    assert (sound.depth, sound.rate, sound.samples.shape) == (depth, RATE, given.T.shape)
    assert sounds.write(after, sound) == ()
    np.testing.assert_array_equal(stored(after), given)
    assert soundfile.info(after).subtype == depth


@pytest.mark.parametrize("depth", ["PCM_S8", "PCM_U8"])
def test_odd_bytes_are_made_two_in_aiff(tmp_path: Path, depth: str) -> None:
    """Of which libsndfile would make one more sample."""
    given = numbers(depth, 1)
    notes = sounds.write(tmp_path / "t.aiff", Sound(given.T / 2.0**31, RATE, depth))
    assert notes == (f"{depth} became PCM_16 in AIFF",)
    np.testing.assert_array_equal(stored(tmp_path / "t.aiff"), given)


@pytest.mark.parametrize("depth", ["ULAW", "ALAW"])
def test_companded_samples_come_back_as_they_were(tmp_path: Path, depth: str) -> None:
    store(tmp_path / "s.wav", numbers("PCM_16", 1, 5003), depth)
    sound = sounds.read("input", tmp_path / "s.wav")
    assert sounds.write(tmp_path / "t.wav", sound) == ()
    np.testing.assert_array_equal(stored(tmp_path / "t.wav"), stored(tmp_path / "s.wav"))
    assert soundfile.info(tmp_path / "t.wav").subtype == depth


@pytest.mark.parametrize("suffix", ["wav", "aiff", "au", "caf"])
@pytest.mark.parametrize("depth", ["FLOAT", "DOUBLE"])
def test_floats_are_kept_bit_by_bit(tmp_path: Path, depth: str, suffix: str) -> None:
    """Those louder than full scale, infinite or no numbers with the others."""
    dtype = {"FLOAT": np.float32, "DOUBLE": np.float64}[depth]
    given = np.random.default_rng(0).normal(scale=9, size=(211, 2)).astype(dtype)
    given[3:8, 0] = [np.nan, np.inf, -np.inf, 1e-40, 3.5]
    store(tmp_path / f"s.{suffix}", given, depth)
    sound = sounds.read("input", tmp_path / f"s.{suffix}")
    assert (sound.depth, sound.samples.dtype) == (depth, dtype)
    assert sounds.write(tmp_path / f"t.{suffix}", sound) == ()
    for samples in (sound.samples.T, soundfile.read(tmp_path / f"t.{suffix}", dtype=dtype)[0]):
        assert np.ascontiguousarray(samples).tobytes() == given.tobytes()


def test_halves_are_rounded_to_even(tmp_path: Path) -> None:
    given = np.array([[0.5, 1.5, 2.5, -0.5, -1.5, 0.49, 32767.5, -32768.4]]) / 32768
    assert sounds.write(tmp_path / "s.wav", Sound(given, RATE, "PCM_16"))[0].startswith("1 samples")
    assert (stored(tmp_path / "s.wav")[:, 0] >> 16).tolist() == [0, 2, 2, 0, -2, 0, 32767, -32768]


def test_what_no_integer_is_was_is_said(tmp_path: Path) -> None:
    given = np.array([[0.5, 2.0, np.nan, -np.inf, -3.0, 1.0, -1.0, np.nan]], np.float32)
    notes = sounds.write(tmp_path / "s.wav", Sound(given, RATE, "PCM_24"))
    assert notes == (
        "3 samples (37.5 %) were louder than full scale, and clipped",
        "2 samples were no numbers, and became 0",
    )
    most, least = 2**23 - 1, -(2**23)
    expected = [2**22, most, 0, least, least, most, least, 0]
    assert (stored(tmp_path / "s.wav")[:, 0] >> 8).tolist() == expected


def test_codecs_clip_as_well(tmp_path: Path) -> None:
    given = np.full((1, 5000), 4.0)
    assert "clipped" in sounds.write(tmp_path / "s.ogg", Sound(given, RATE, "VORBIS"))[0]
    assert np.abs(sounds.read("input", tmp_path / "s.ogg").samples).max() < 2


INSTEAD = {
    "float_in_flac": ("FLOAT", "t.flac", "PCM_24"),
    "double_in_flac": ("DOUBLE", "t.flac", "PCM_24"),
    "unsigned_in_flac": ("PCM_U8", "t.flac", "PCM_S8"),
    "signed_in_wav": ("PCM_S8", "t.wav", "PCM_U8"),
    "finest_in_flac": ("PCM_32", "t.flac", "PCM_24"),
    "alac_16": ("ALAC_16", "t.caf", "PCM_16"),
    "alac_24": ("ALAC_24", "t.caf", "PCM_24"),
    "alac_32": ("ALAC_32", "t.caf", "PCM_32"),
    "mp3_in_wav": ("MPEG_LAYER_III", "t.wav", "PCM_16"),
    "vorbis_in_flac": ("VORBIS", "t.flac", "PCM_16"),
    "vorbis_in_opus": ("VORBIS", "t.opus", "OPUS"),
    "integers_in_ogg": ("PCM_16", "t.ogg", "VORBIS"),
    "integers_in_oga": ("PCM_16", "t.oga", "VORBIS"),
    "integers_in_mp3": ("PCM_16", "t.mp3", "MPEG_LAYER_III"),
}


@pytest.mark.parametrize("case", INSTEAD)
def test_a_depth_the_format_lacks_is_changed_and_said(tmp_path: Path, case: str) -> None:
    depth, name, expected = INSTEAD[case]
    given = numbers("PCM_S8").T / 2.0**31
    notes = sounds.write(tmp_path / name, Sound(given, RATE, depth))
    form = FORMS.get(name[2:], name[2:].upper())
    assert notes == (f"{depth} became {expected} in {form}",)
    written = soundfile.info(tmp_path / name)
    assert (written.subtype, written.format, written.frames) == (expected, form, 211)
    if expected.startswith("PCM"):
        np.testing.assert_array_equal(stored(tmp_path / name), numbers("PCM_S8"))


def test_the_samples_that_a_codec_adds_are_said(tmp_path: Path) -> None:
    notes = sounds.write(tmp_path / "t.wav", Sound(numbers("PCM_16").T / 2**31, RATE, "MS_ADPCM"))
    frames = soundfile.info(tmp_path / "t.wav").frames
    assert frames > 211
    assert notes == (f"211 samples became {frames}: MS_ADPCM has them in blocks",)


UNWRITABLE = {
    "channels_of_flac": ("t.flac", "PCM_16", 9, RATE),
    "channels_of_mp3": ("t.mp3", "PCM_16", 3, RATE),
    "channels_of_vorbis": ("t.ogg", "VORBIS", 256, RATE),
    "channels_of_wav": ("t.wav", "PCM_16", 1025, RATE),
    "channels_of_adpcm": ("t.wav", "IMA_ADPCM", 3, RATE),
    "rate_of_flac": ("t.flac", "PCM_16", 1, 700_000),
    "rate_of_mp3": ("t.mp3", "PCM_16", 1, 44_101),
    "rate_of_opus": ("t.opus", "PCM_16", 1, 44_100),
    "rate_of_vorbis": ("t.ogg", "VORBIS", 1, 200_001),
    "rate_of_aiff": ("t.aiff", "PCM_16", 1, 2**31 - 1),
    "rate_of_wav": ("t.wav", "PCM_16", 1, 2**31),
    "rate_of_nothing": ("t.wav", "PCM_16", 1, 0),
}


@pytest.mark.parametrize("case", UNWRITABLE)
def test_what_a_format_cannot_hold_is_refused(tmp_path: Path, case: str) -> None:
    name, depth, channels, rate = UNWRITABLE[case]
    with pytest.raises(ArgumentError, match=f"{channels} channels? at {rate} samples") as caught:
        sounds.write(tmp_path / name, Sound(np.zeros((channels, 99)), rate, depth))
    assert (caught.value.argument, caught.value.value) == ("output", str(tmp_path / name))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["t.wav", "t.aiff"])
def test_more_than_four_gigabytes_are_refused(tmp_path: Path, name: str) -> None:
    samples = np.broadcast_to(np.float32(0), (1, 2**30))
    with pytest.raises(ArgumentError, match=r"less than 4 GiB; \.caf"):
        sounds.write(tmp_path / name, Sound(samples, RATE, "PCM_32"))


def test_a_long_sound_is_written_as_vorbis(tmp_path: Path) -> None:
    """Which libvorbis does not survive if it is given it at once."""
    samples = np.random.default_rng(0).uniform(-0.5, 0.5, (1, 3_000_001)).astype(np.float32)
    assert sounds.write(tmp_path / "t.ogg", Sound(samples, 44_100, "VORBIS")) == ()
    assert sounds.read("input", tmp_path / "t.ogg").samples.shape == samples.shape


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="No such file or directory"):
        sounds.write(tmp_path / "none" / "t.wav", Sound(np.zeros((1, 9)), RATE, "PCM_16"))


def test_a_full_disk_leaves_no_file(tmp_path: Path) -> None:
    script = """
import resource, signal, sys
from pathlib import Path
import numpy as np
from numconv import ArgumentError
from numconv.cli import sounds
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
try:
    sounds.write(Path(sys.argv[1]), sounds.Sound(np.zeros((1, 200_000)), 8000, "PCM_16"))
except ArgumentError as error:
    print(error)
"""
    pytest.importorskip("resource", reason="files have no limit of size here")
    command = [sys.executable, "-c", script, str(tmp_path / "t.wav")]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "a file that can be written" in ended.stdout, ended
    assert list(tmp_path.iterdir()) == []


# Files of chunks, laid out here byte by byte.

PCM, IEEE, EXTENSIBLE = 1, 3, 0xFFFE
GUID = bytes.fromhex("0000 0000 1000 8000 00aa 0038 9b71")
TAGS = b"LIST" + struct.pack("<I", 26) + b"INFOISFT" + struct.pack("<I", 14) + b"Lavf58.76.100\0"
ODD = b"junk" + struct.pack("<I", 3) + b"abc"


def chunk(name: bytes, content: bytes, size: int | None = None, pad: bool = True) -> bytes:
    size = len(content) if size is None else size
    return name + struct.pack("<I", size) + content + b"\0" * (pad and len(content) % 2)


def described(tag: int, bits: int, channels: int, rate: int = RATE, kind: int = PCM) -> bytes:
    """Return the chunk that says how the samples of a WAV file are stored."""
    align = channels * bits // 8
    content = struct.pack("<HHIIHH", tag, channels, rate, rate * align, align, bits)
    if tag == EXTENSIBLE:
        content += struct.pack("<HHIH", 22, bits, 0, kind) + GUID
    return chunk(b"fmt ", content)


def wav(*chunks: bytes, size: int | None = None) -> bytes:
    body = b"".join(chunks)
    return b"RIFF" + struct.pack("<I", 4 + len(body) if size is None else size) + b"WAVE" + body


def raw(values: Array, bits: int) -> bytes:
    """Return integers out of the upper bits of 32 as WAV has them."""
    shifted = (values.astype(np.int64) >> (32 - bits)) + (128 if bits == 8 else 0)
    return shifted.astype("<i8")[..., None].view(np.uint8)[..., : bits // 8].tobytes()


KINDS = {
    **{f"pcm_{bits}": (PCM, bits, PCM) for bits in (8, 16, 24, 32)},
    **{f"extensible_pcm_{bits}": (EXTENSIBLE, bits, PCM) for bits in (16, 24, 32)},
    **{f"float_{bits}": (IEEE, bits, IEEE) for bits in (32, 64)},
    **{f"extensible_float_{bits}": (EXTENSIBLE, bits, IEEE) for bits in (32, 64)},
}


def made(kind: str, channels: int) -> tuple[bytes, bytes, Array]:
    """Return the chunk before the samples, their bytes, and the samples."""
    tag, bits, coded = KINDS[kind]
    before = described(tag, bits, channels, kind=coded)
    if coded == IEEE:
        floats = np.random.default_rng(0).normal(size=(211, channels)).astype(f"<f{bits // 8}")
        return before, floats.tobytes(), floats
    values = numbers(f"PCM_{bits}" if bits > 8 else "PCM_U8", channels)
    return before, raw(values, bits), values / 2.0**31


def read_as(path: Path, content: bytes) -> Array:
    path.write_bytes(content)
    return sounds.read("input", path).samples.T


UNTOLD = {
    "ffmpeg": (0xFFFFFFFF, 0xFFFFFFFF),
    "sox": (0x7FFFF000, 0x7FFFF024),
    "sox_in_blocks": (0x7FFFEFFC, 0x7FFFF020),
    "largest_signed": (0x7FFFFFFF, 0x7FFFFFFF),
    "alsa": (0x80000000, 0x80000024),
    "less_the_header": (0xFFFFFFFF - 36, 0xFFFFFFFF),
    "nothing": (0, 0),
    "nothing_but_the_header": (0, 36),
    "nothing_in_a_whole_file": (0, None),
}


@pytest.mark.parametrize("case", UNTOLD)
@pytest.mark.parametrize("kind", KINDS)
def test_samples_of_a_pipe_go_on_to_the_end(tmp_path: Path, kind: str, case: str) -> None:
    before, data, samples = made(kind, 1)
    size, whole = UNTOLD[case]
    content = wav(before, chunk(b"data", data, size, pad=False), size=whole)
    np.testing.assert_array_equal(read_as(tmp_path / "s.wav", content), samples)


@pytest.mark.parametrize("channels", [1, 2, 8])
@pytest.mark.parametrize("kind", KINDS)
def test_a_wav_cut_short_says_how_much_is_there(tmp_path: Path, kind: str, channels: int) -> None:
    before, data, _ = made(kind, channels)
    whole = wav(before, chunk(b"data", data), TAGS)
    frame = len(data) // 211
    (tmp_path / "s.wav").write_bytes(whole[: whole.index(data) + 100 * frame + frame - 1])
    assert refused(tmp_path / "s.wav").endswith("truncated: 100 of 211 samples are there")


def test_a_wav_without_its_first_sample(tmp_path: Path) -> None:
    before, data, _ = made("pcm_16", 2)
    (tmp_path / "s.wav").write_bytes(wav(before, chunk(b"data", data))[:44])
    assert refused(tmp_path / "s.wav").endswith("truncated: 0 of 211 samples are there")


def test_a_wav_whose_last_filler_lacks_is_whole(tmp_path: Path) -> None:
    before, data, samples = made("pcm_24", 1)
    content = wav(before, chunk(b"data", data))[:-1]
    np.testing.assert_array_equal(read_as(tmp_path / "s.wav", content), samples)


LAID = {
    "tags_before": (TAGS, b"", True),
    "tags_after": (b"", TAGS, True),
    "tags_after_an_odd_end": (b"", TAGS, False),
    "odd_before": (ODD + b"\0", b"", True),
    "odd_before_unpadded": (ODD, b"", True),
    "odd_twice_before_unpadded": (ODD + TAGS + ODD, TAGS, True),
    "odd_after": (b"", ODD + b"\0" + TAGS, True),
    "odd_after_unpadded": (b"", ODD + TAGS, False),
    "odd_before_unpadded_and_after": (ODD, ODD, False),
    "long_header": (b"".join(chunk(b"note", b"x" * 4097) for _ in range(300)), TAGS, True),
    "one_long_chunk": (chunk(b"bext", bytes(1_000_001)), TAGS, True),
}


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("case", LAID)
@pytest.mark.parametrize("kind", ["pcm_8", "pcm_16", "pcm_24", "float_32"])
def test_other_chunks_are_no_samples(tmp_path: Path, kind: str, case: str, channels: int) -> None:
    head, data, samples = made(kind, channels)
    before, after, pad = LAID[case]
    content = wav(head, before, chunk(b"data", data, pad=pad), after)
    np.testing.assert_array_equal(read_as(tmp_path / "s.wav", content), samples)


def test_an_empty_wav_with_tags_is_empty(tmp_path: Path) -> None:
    head, _, _ = made("pcm_16", 1)
    (tmp_path / "s.wav").write_bytes(wav(head, chunk(b"data", b""), TAGS))
    assert refused(tmp_path / "s.wav").endswith("this one has no samples")


def test_unpadded_chunks_and_an_open_end(tmp_path: Path) -> None:
    head, data, samples = made("pcm_16", 1)
    content = wav(head, ODD, chunk(b"data", data, 0), size=0)
    np.testing.assert_array_equal(read_as(tmp_path / "s.wav", content), samples)


WRONG = {
    "no_channels": wav(described(PCM, 16, 0), chunk(b"data", bytes(400))),
    "no_rate": wav(described(PCM, 16, 1, rate=0), chunk(b"data", bytes(400))),
    "too_many_channels": wav(described(PCM, 16, 2000), chunk(b"data", bytes(8000))),
    "no_samples": wav(described(PCM, 16, 1), TAGS),
    "no_description": wav(chunk(b"data", bytes(400))),
    "no_chunk": wav(),
    "header_cut": wav(described(PCM, 16, 1), chunk(b"data", bytes(400)))[:20],
    "unknown_codec": wav(described(0x1234, 16, 1), chunk(b"data", bytes(400))),
    "no_bits": wav(described(PCM, 0, 1), chunk(b"data", bytes(400))),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_header_is_refused(tmp_path: Path, case: str) -> None:
    (tmp_path / "s.wav").write_bytes(WRONG[case])
    assert re.fullmatch(r"a readable sound[ ;].+", refused(tmp_path / "s.wav"))


# Other containers, as libsndfile writes them, and then damaged.

CHUNKED = {
    "aiff": ("AIFF", b"SSND", 4, ">I", 8),
    "caf": ("CAF", b"data", 4, ">q", 4),
    "rf64": ("RF64", b"ds64", 16, "<Q", 0),
    "w64": ("W64", b"data\xf3\xac", 16, "<Q", 24),
    "au": ("AU", b".snd", 8, ">I", 0),
}
OPEN = {
    "aiff": (0, 8, 0x7F000008, 0xFFFFFFFF, 0x7FFFFFFF),
    "caf": (-1, 4),
    "rf64": (0, 2**64 - 1, 2**63 - 1),
    "w64": (0, 24, 2**63 - 1, 2**64 - 1),
    "au": (0, 0xFFFFFFFF, 0x7FFFFFFF, 0x80000000, 0x7FFFF000),
}


def container(path: Path, case: str) -> tuple[bytearray, int, Array]:
    """Return a whole file, where its size of the samples stands, and the samples."""
    form, name, offset, _, _ = CHUNKED[case]
    given = numbers("PCM_16")
    store(path, given, "PCM_16", form)
    content = bytearray(path.read_bytes())
    return content, content.index(name) + offset, given


@pytest.mark.parametrize(("case", "size"), [(case, size) for case in OPEN for size in OPEN[case]])
def test_other_containers_of_pipes(tmp_path: Path, case: str, size: int) -> None:
    path = tmp_path / "s.wav"
    content, at, given = container(path, case)
    struct.pack_into(CHUNKED[case][3], content, at, size)
    path.write_bytes(content)
    np.testing.assert_array_equal(taken(path), given)


@pytest.mark.parametrize("case", CHUNKED)
def test_other_containers_cut_short(tmp_path: Path, case: str) -> None:
    path = tmp_path / "s.wav"
    content, _, _ = container(path, case)
    path.write_bytes(content[:-401])
    assert refused(path).endswith("truncated: 110 of 211 samples are there")


def test_a_caf_cut_in_its_header(tmp_path: Path) -> None:
    content, _, _ = container(tmp_path / "s.caf", "caf")
    (tmp_path / "s.caf").write_bytes(content[:4099])
    assert "truncated: 3 of 844 bytes" in refused(tmp_path / "s.caf")


@pytest.mark.parametrize(
    ("form", "depth"), [("WAV", "IMA_ADPCM"), ("WAV", "MS_ADPCM"), ("AIFF", "IMA_ADPCM")]
)
def test_a_codec_in_blocks_cut_short(tmp_path: Path, form: str, depth: str) -> None:
    path = tmp_path / "s.wav"
    store(path, numbers("PCM_16", 1, 60_000), depth, form)
    whole = soundfile.info(path).frames
    path.write_bytes(path.read_bytes()[:-15_000])
    found = re.search(r"truncated: (\d+) of (\d+) samples", refused(path))
    assert found is not None
    assert int(found[1]) == soundfile.info(path).frames
    assert int(found[2]) == pytest.approx(whole, rel=0.02)
    path.write_bytes(path.read_bytes()[:101])
    assert re.search(r"truncated: \d+ of \d+ (bytes of its )?samples", refused(path))


def flac(path: Path, said: int) -> Array:
    """Write a FLAC file that says so many samples, and return those it has."""
    given = numbers("PCM_16", 2, 30_011)
    store(path, given, "PCM_16")
    content = bytearray(path.read_bytes())
    (word,) = struct.unpack_from(">Q", content, 18)
    struct.pack_into(">Q", content, 18, word >> 36 << 36 | said)
    path.write_bytes(content)
    return given


def test_a_flac_of_a_pipe_says_no_length(tmp_path: Path) -> None:
    given = flac(tmp_path / "s.flac", 0)
    np.testing.assert_array_equal(taken(tmp_path / "s.flac"), given)


@pytest.mark.parametrize("said", [30_012, 2**31, 2**36 - 1])
def test_a_flac_that_says_too_much_takes_no_memory_for_it(tmp_path: Path, said: int) -> None:
    flac(tmp_path / "s.flac", said)
    tracemalloc.start()
    reason = refused(tmp_path / "s.flac")
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert reason.endswith(f"truncated: 30011 of {said} samples are there")
    assert most < 10e6


def test_a_flac_cut_short(tmp_path: Path) -> None:
    flac(tmp_path / "s.flac", 30_011)
    content = (tmp_path / "s.flac").read_bytes()
    (tmp_path / "s.flac").write_bytes(content[: len(content) * 3 // 5])
    reason = refused(tmp_path / "s.flac")
    assert re.search(r"truncated.*: .*\d+ of 30011 samples are there", reason)


@pytest.mark.parametrize("before", [b"", b"ID3\x04\0\0\0\0\0\x0a" + bytes(10)])
def test_a_flac_between_tags(tmp_path: Path, before: bytes) -> None:
    given = flac(tmp_path / "s.flac", 30_011)
    content = (tmp_path / "s.flac").read_bytes()
    (tmp_path / "s.flac").write_bytes(before + content + b"TAG" + bytes(125))
    np.testing.assert_array_equal(taken(tmp_path / "s.flac"), given)


def test_an_mp3_cut_short(tmp_path: Path) -> None:
    path = tmp_path / "s.mp3"
    store(path, numbers("PCM_16", 1, 100_000), "MPEG_LAYER_III", rate=44_100)
    assert sounds.read("input", path).samples.shape == (1, 100_000)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    found = re.search(r"truncated: (\d+) of 100000 samples are there", refused(path))
    assert found is not None
    assert 40_000 < int(found[1]) < 60_000


@pytest.mark.parametrize("depth", ["VORBIS", "OPUS"])
def test_an_ogg_cut_short_is_said(tmp_path: Path, depth: str) -> None:
    path = tmp_path / "s.ogg"
    store(path, numbers("PCM_16", 1, 200_000), depth, rate=48_000)
    whole = sounds.read("input", path)
    assert whole.notes == ()
    content = path.read_bytes()
    last = content.rindex(b"OggS")
    for end in (last, last + 10, last + 27, len(content) - 1):
        path.write_bytes(content[:end])
        assert sounds.read("input", path).notes == ("the end of this Ogg file is missing",)
    path.write_bytes(content[: len(content) // 2])
    sound = sounds.read("input", path)
    assert sound.notes == ("the end of this Ogg file is missing",)
    length = sound.samples.shape[1]
    assert 50_000 < length < 150_000
    np.testing.assert_array_equal(sound.samples[:, :-5000], whole.samples[:, : length - 5000])


def test_the_second_stream_of_an_ogg_is_said(tmp_path: Path) -> None:
    for name in ("s.ogg", "t.ogg"):
        store(tmp_path / name, numbers("PCM_16", 1, 9999), "VORBIS")
    both = (tmp_path / "s.ogg").read_bytes() + (tmp_path / "t.ogg").read_bytes()
    (tmp_path / "s.ogg").write_bytes(both)
    sound = sounds.read("input", tmp_path / "s.ogg")
    assert sound.samples.shape == (1, 9999)
    assert sound.notes == ("the first of several streams in this Ogg file",)


@pytest.mark.parametrize("name", ["s.wav", "s.mp3", "s.flac", "s.au", "s.opus"])
@pytest.mark.parametrize(
    ("form", "depth"),
    [
        *(("FLAC", "PCM_24"), ("AIFF", "PCM_24"), ("WAV", "PCM_24"), ("AU", "PCM_24")),
        *(("CAF", "PCM_24"), ("NIST", "PCM_24"), ("W64", "PCM_24"), ("WAVEX", "PCM_24")),
        *(("MP3", "MPEG_LAYER_III"), ("OGG", "VORBIS"), ("OGG", "OPUS")),
    ],
)
def test_the_content_counts_not_the_name(tmp_path: Path, form: str, depth: str, name: str) -> None:
    given = numbers("PCM_24", 2, 5003)
    store(tmp_path / name, given, depth, form)
    sound = sounds.read("input", tmp_path / name)
    assert (sound.depth, sound.rate, sound.samples.shape) == (depth, RATE, (2, 5003))
    if depth == "PCM_24":
        np.testing.assert_array_equal(taken(tmp_path / name), given)


@pytest.mark.parametrize("depth", ["ALAC_16", "ALAC_24", "ALAC_32"])
def test_alac_is_read_exactly(tmp_path: Path, depth: str) -> None:
    """Of few samples: of more, libsndfile writes past the end of its memory."""
    given = np.rint(2**29 * np.sin(np.arange(999) / 9)[:, None]).astype(np.int32)
    given &= -(2 ** (32 - int(depth[-2:])))
    store(tmp_path / "s.caf", given, depth)
    np.testing.assert_array_equal(taken(tmp_path / "s.caf"), given)


@pytest.mark.parametrize(
    ("form", "depth"), [("WAV", "GSM610"), ("AU", "G721_32"), ("AIFF", "GSM610")]
)
def test_codecs_that_only_go_forward_are_read(tmp_path: Path, form: str, depth: str) -> None:
    store(tmp_path / "s.wav", numbers("PCM_16", 1, 1920), depth, form)
    assert sounds.read("input", tmp_path / "s.wav").samples.shape == (1, 1920)


JUNK = {
    "empty": (b"", "this file is empty"),
    "one_byte": (b"a", "Format not recognised"),
    "text": (b"a text and no sound at all\n" * 99, "Format not recognised"),
    "picture": (b"\x89PNG\r\n\x1a\n" + bytes(500), "Format not recognised"),
    "zeros": (bytes(5000), "Format not recognised"),
    "random": (np.random.default_rng(0).bytes(5000), "Format not recognised"),
    "two_bytes_of_mpc2k": (b"\x01\x04" + b"\x1f" * 500, "Format not recognised"),
}


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "opus", "aiff", "au", "caf", "mp3"])
@pytest.mark.parametrize("case", JUNK)
def test_what_is_no_sound_is_refused(tmp_path: Path, case: str, suffix: str) -> None:
    content, expected = JUNK[case]
    (tmp_path / f"s.{suffix}").write_bytes(content)
    assert expected in refused(tmp_path / f"s.{suffix}")


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    assert "No such file" in refused(tmp_path / "s.wav")
    (tmp_path / "t.wav").mkdir()
    assert "s a directory" in refused(tmp_path / "t.wav")


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="names are Unicode here")
def test_a_name_that_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "s\udcff.wav"
    sounds.write(path, Sound(np.zeros((1, 9)), RATE, "PCM_16"))
    assert sounds.read("input", path).samples.shape == (1, 9)


def test_more_samples_than_memory_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(tmp_path / "s.flac", np.zeros((10**6, 1), np.int32), "PCM_16")
    monkeypatch.setattr(memory, "physical", lambda: 10**6)
    expected = "; its samples take more than half of the 0.001 GB of memory there are"
    assert refused(tmp_path / "s.flac").endswith(expected)


def test_a_folder_counts_the_samples_not_the_bytes(tmp_path: Path) -> None:
    store(tmp_path / "s.flac", np.zeros((10**6, 2), np.int32), "PCM_16")
    assert sounds.working_bytes(tmp_path / "s.flac") >= 2 * 10**6 * 16
    assert sounds.working_bytes(tmp_path / "none.flac") == 0


@pytest.mark.parametrize("error", [ImportError, OSError])
def test_without_libsndfile_one_line_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    class Missing:
        def find_spec(self, name: str, *_: object) -> None:
            if name == "soundfile":
                raise error("sndfile library not found")

    (tmp_path / "s.wav").write_bytes(b"RIFF")
    monkeypatch.delitem(sys.modules, "soundfile")
    monkeypatch.setattr(sys, "meta_path", [Missing(), *sys.meta_path])
    for call in (
        lambda: sounds.read("input", tmp_path / "s.wav"),
        lambda: sounds.check_output(tmp_path / "s.wav"),
        lambda: sounds.write(tmp_path / "s.wav", Sound(np.zeros((1, 9)), RATE, "PCM_16")),
    ):
        with pytest.raises(ArgumentError, match=r"libsndfile .*sndfile library not found"):
            call()


def test_soundfile_is_imported_for_sounds_alone() -> None:
    script = (
        "import sys\n"
        "from numconv.cli import main\n"
        "try:\n"
        "    main.main(['run', '--help'])\n"
        "finally:\n"
        "    assert not {'soundfile', '_soundfile', 'cffi'} & set(sys.modules)\n"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
    assert ended.returncode == 0, ended.stderr


DAMAGED = [
    *(("WAV", "PCM_16"), ("WAVEX", "PCM_24"), ("WAV", "FLOAT"), ("WAV", "MS_ADPCM")),
    *(("AIFF", "PCM_24"), ("AU", "PCM_16"), ("CAF", "PCM_16"), ("RF64", "PCM_16")),
    *(("W64", "PCM_16"), ("FLAC", "PCM_16"), ("OGG", "VORBIS"), ("OGG", "OPUS")),
    ("MP3", "MPEG_LAYER_III"),
]


def damaged(content: bytes, generator: np.random.Generator) -> bytes:
    """Return the bytes of a file with a few of them changed, left out or cut off."""
    changed = bytearray(content)
    how = generator.integers(5)
    if how == 0:
        return bytes(changed[: generator.integers(len(changed))])
    if how == 1:
        begin = generator.integers(min(len(changed), 120))
        del changed[begin : begin + generator.integers(1, 30)]
    for _ in range(generator.choice([1, 2, 8])):
        near = min(len(changed), 120) if generator.random() < 0.7 else len(changed)
        at = generator.integers(near)
        changed[at] = generator.choice([0, 1, 127, 128, 255, generator.integers(256)])
    return bytes(changed)


@pytest.mark.parametrize(("form", "depth"), DAMAGED)
def test_damage_ends_in_samples_or_one_line(tmp_path: Path, form: str, depth: str) -> None:
    generator = np.random.default_rng(len(form + depth))
    path = tmp_path / "s.bin"
    store(path, numbers("PCM_16", 2, 997), depth, form, rate=48_000)
    content = path.read_bytes()
    complaints = []
    for _ in range(230):
        path.write_bytes(damaged(content, generator))
        try:
            sound = sounds.read("input", path)
        except ArgumentError as error:
            complaints.append(str(error))
        else:
            assert sound.samples.ndim == 2
            assert sound.samples.size > 0
            assert sound.rate > 0
    assert 0 < len(complaints) < 230
    assert all(str(path) in each and "\n" not in each for each in complaints)
