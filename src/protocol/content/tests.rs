use super::*;

type Encode = fn(&[u8]) -> Vec<u8>;

/// Every coding that is built in, with something that makes it.
fn encoders() -> Vec<(&'static str, Encode)> {
    vec![
        #[cfg(feature = "gzip")]
        ("gzip", gzipped as Encode),
        #[cfg(feature = "gzip")]
        ("deflate", zlibbed),
        #[cfg(feature = "gzip")]
        ("deflate", raw_deflated),
        #[cfg(feature = "brotli")]
        ("br", stored_brotli),
        #[cfg(feature = "zstd")]
        ("zstd", |data| ::zstd::stream::encode_all(data, 3).unwrap()),
    ]
}

#[cfg(feature = "gzip")]
fn gzipped(data: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

#[cfg(feature = "gzip")]
fn zlibbed(data: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

#[cfg(feature = "gzip")]
fn raw_deflated(data: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

/// RFC 7932 section 9.2: a window of 64 KiB, uncompressed meta-blocks of 16-bit lengths, and an empty last one.
#[cfg(feature = "brotli")]
fn stored_brotli(data: &[u8]) -> Vec<u8> {
    let mut stream = Vec::new();
    for (index, block) in data.chunks(1 << 16).enumerate() {
        // Only the first block has the window's bit in front of its header.
        let shift = usize::from(index == 0);
        let header = ((block.len() - 1) << 3 | 1 << 19) << shift;
        stream.extend_from_slice(&header.to_le_bytes()[..3]);
        stream.extend_from_slice(block);
    }
    stream.push(if data.is_empty() { 0x06 } else { 0x03 });
    stream
}

fn decoder(codings: &str) -> Decoder {
    let headers = Headers::from_pairs([("Content-Encoding", codings)]).unwrap();
    Decoder::for_headers(&headers, 5).unwrap().unwrap()
}

/// Decodes `data` given `piece` bytes at a time into `room` bytes at a time; with an error what came before it.
fn decode_in(
    codings: &str,
    data: &[u8],
    piece: usize,
    room: usize,
) -> (Vec<u8>, Result<(), Error>) {
    let mut decoder = decoder(codings);
    let mut out = Vec::new();
    let mut buffer = vec![0; room];
    for mut input in data.chunks(piece).chain([&[][..]]) {
        let at_end = input.is_empty();
        loop {
            let moved = match decoder.step(input, &mut buffer, at_end) {
                Ok(moved) => moved,
                Err(error) => {
                    assert!(decoder.step(&[], &mut buffer, true).is_err(), "{codings}");
                    return (out, Err(error));
                }
            };
            assert!(moved.written <= STEP.min(room), "{codings}");
            out.extend_from_slice(&buffer[..moved.written]);
            input = &input[moved.used..];
            if moved == Progress::default() {
                assert!(input.is_empty(), "{codings}: input left");
                break;
            }
        }
    }
    (out, Ok(()))
}

/// Decodes `data` in several ways, which must agree.
fn decode(codings: &str, data: &[u8]) -> Result<Vec<u8>, Error> {
    let (whole, result) = decode_in(codings, data, data.len().max(1), 1 << 20);
    for (piece, room) in [
        (1, 1 << 16),
        (1, 1),
        (data.len().max(1), 1),
        (3, 7),
        (100, 33),
    ] {
        let (pieces, again) = decode_in(codings, data, piece, room);
        match (&result, again) {
            (Ok(()), Ok(())) => assert!(whole == pieces, "{codings} {piece} {room}"),
            (Err(first), Err(second)) => assert_eq!(
                (first.kind(), first.reason()),
                (second.kind(), second.reason())
            ),
            (first, second) => panic!("{codings} {piece} {room}: {first:?}, {second:?}"),
        }
    }
    result.map(|()| whole)
}

fn sample() -> Vec<u8> {
    let mut data = b"Hello, compressed world! ".repeat(40);
    data.extend((0..600u32).map(|n| (n * n / 8) as u8));
    data
}

fn is_corrupt(result: Result<Vec<u8>, Error>) -> bool {
    result.is_err_and(|e| e.kind() == Kind::Decoding && e.reason().is_none())
}

fn is_truncated(result: Result<Vec<u8>, Error>) -> bool {
    result.is_err_and(|e| {
        e.kind() == Kind::Decoding
            && e.reason() == Some(Reason::TruncatedCoding)
            && e.to_string().contains("incomplete")
    })
}

fn none_for(pairs: &[(&str, &str)]) -> bool {
    let headers = Headers::from_pairs(pairs.iter().copied()).unwrap();
    Decoder::for_headers(&headers, 5).unwrap().is_none()
}

/// DEC-01, DEC-11, SEC-501: every coding, its name in any case, whole and in pieces of any size.
#[test]
fn decodes_every_coding() {
    for (name, encode) in encoders() {
        for data in [sample(), b"x".to_vec(), vec![0; 100_000]] {
            let upper = format!("identity ,\t{} ", name.to_uppercase());
            let encoded = encode(&data);
            assert!(decode(name, &encoded).unwrap() == data, "{name}");
            let (out, result) = decode_in(upper.trim(), &encoded, 1000, 1000);
            assert!(result.is_ok() && out == data, "{upper}");
        }
        assert_eq!(decode(name, &encode(b"")).unwrap(), b"", "{name}");
    }
}

/// DEC-05, SEC-501, TRP-07: a body without a byte is empty in every coding and in stacks of them.
#[test]
fn nothing_decodes_to_nothing() {
    for (name, encode) in encoders() {
        assert_eq!(decode(name, b"").unwrap(), b"");
        assert_eq!(decode(&format!("{name}, {name}"), b"").unwrap(), b"");
        assert_eq!(
            decode(&format!("{name}, {name}"), &encode(b"")).unwrap(),
            b""
        );
    }
}

/// DEC-02: several codings in one field or in several are undone from the last to the first.
#[test]
fn stacks_are_undone_in_reverse() {
    for (first, encode_first) in encoders() {
        for (second, encode_second) in encoders() {
            let data = encode_second(&encode_first(&sample()));
            assert!(decode(&format!("{first},, {second}"), &data).unwrap() == sample());

            let headers =
                Headers::from_pairs([("Content-Encoding", first), ("content-encoding", second)]);
            let mut stack = Decoder::for_headers(&headers.unwrap(), 2).unwrap().unwrap();
            let mut out = vec![0; 1 << 16];
            let moved = stack.step(&data, &mut out, true).unwrap();
            assert!(moved.written > 0 && sample().starts_with(&out[..moved.written]));
        }
    }
}

/// DEC-03, SEC-501, SEC-504: without a known coding nothing is touched, whatever the bytes look like; an unknown one
/// among known ones is skipped.
#[test]
fn unknown_codings_are_skipped() {
    assert!(none_for(&[]));
    assert!(none_for(&[("Content-Type", "application/gzip")]));
    for value in [
        "",
        "identity",
        "identity, Identity",
        "exi",
        "gzipped",
        "x-br",
        ", ,",
    ] {
        assert!(none_for(&[("Content-Encoding", value)]), "{value}");
    }
    for (name, encode) in encoders() {
        let codings = format!("exi, {name}, identity");
        assert!(decode(&codings, &encode(&sample())).unwrap() == sample());
    }
}

/// R-LIM-07: the limit counts known and unknown codings, but not `identity`, over all fields.
#[test]
fn codings_are_limited() {
    let headers = |values: &[&str]| {
        Headers::from_pairs(values.iter().map(|value| ("Content-Encoding", *value))).unwrap()
    };
    let five = headers(&["gzip, br", "identity, identity", "zstd, unknown", "deflate"]);
    assert!(Decoder::for_headers(&five, 5).is_ok());
    let error = Decoder::for_headers(&five, 4).unwrap_err();
    assert_eq!(
        (error.kind(), error.reason()),
        (Kind::Decoding, Some(Reason::TooManyCodings))
    );
    let many = headers(&[&["gzip"; 6].join(",")]);
    assert!(Decoder::for_headers(&many, 5).is_err());
}

/// DEC-07, SEC-502, TRP-07: a stream cut anywhere is an error and says that it is incomplete.
#[test]
fn cut_streams_are_incomplete() {
    let data = b"Hello, compressed world! Hello, world! Hello!";
    for (name, encode) in encoders() {
        let encoded = encode(data);
        for length in 1..encoded.len() {
            assert!(
                is_truncated(decode(name, &encoded[..length])),
                "{name} {length}"
            );
        }
    }
}

/// DEC-07: a stack is incomplete if any of its layers is.
#[test]
fn cut_stacks_are_incomplete() {
    for (name, encode) in encoders() {
        let inner = encode(&sample());
        let codings = format!("{name}, {name}");
        let cut_inside = encode(&inner[..inner.len() - 1]);
        assert!(is_truncated(decode(&codings, &cut_inside)), "{name}");
        let outer = encode(&inner);
        assert!(
            is_truncated(decode(&codings, &outer[..outer.len() - 1])),
            "{name}"
        );
    }
}

/// DEC-06: what cannot be decoded is an error after the good part, of the right kind and phase.
#[test]
fn garbage_is_corrupt() {
    for (name, encode) in encoders() {
        assert!(is_corrupt(decode(name, &[0xFF; 300])), "{name}");
        let codings = format!("{name}, {name}");
        assert!(
            is_corrupt(decode(&codings, &encode(&[0xFF; 300]))),
            "{name}"
        );
        let (_, result) = decode_in(name, &[0xFF; 300], 300, 10);
        assert_eq!(result.unwrap_err().phase(), Some(Phase::Body));
    }
}

/// SEC-503, DEC-08: what follows the end of the stream is used up and gives nothing.
#[test]
fn trailing_bytes_are_ignored() {
    for (name, encode) in encoders() {
        for garbage in [
            &[0; 700][..],
            b"garbage",
            b"\n",
            b"\x1F",
            b"\x1F\x8B",
            b"\x28\xB5\x2F",
        ] {
            let mut encoded = encode(&sample());
            encoded.extend_from_slice(garbage);
            assert!(
                decode(name, &encoded).unwrap() == sample(),
                "{name} {garbage:?}"
            );
        }
    }
}

/// R-LIM-08: however far a few bytes expand, a step writes 64 KiB at most, and input is left until there is room.
#[test]
fn bombs_come_in_small_steps() {
    let zeros = vec![0; 10 << 20];
    for (name, encode) in encoders() {
        let encoded = encode(&zeros);
        let (out, result) = decode_in(name, &encoded, encoded.len(), 1 << 20);
        assert!(result.is_ok() && out == zeros, "{name}");
    }
}

/// R-LIM-08: layers that expand into each other, with a last one that gives nothing, stop instead of running for ever.
#[cfg(feature = "gzip")]
#[test]
fn silent_bombs_stop() {
    let mut data = gzipped(b"end");
    data.resize(SILENT + (1 << 20), 0);
    let bomb = gzipped(&data);
    let (out, result) = decode_in("gzip, gzip", &bomb, bomb.len(), 1 << 16);
    assert_eq!(out, b"end");
    assert_eq!(result.unwrap_err().kind(), Kind::Decoding);
}

/// Five layers, the limit, work like one.
#[cfg(feature = "gzip")]
#[test]
fn five_layers() {
    let data = (0..5).fold(sample(), |data, _| gzipped(&data));
    let codings = ["gzip"; 5].join(", ");
    assert!(decode(&codings, &data).unwrap() == sample());
}

/// What Accept-Encoding asks for can be decoded.
#[test]
fn accepts_what_it_decodes() {
    for name in accept_encoding()
        .split(", ")
        .filter(|name| !name.is_empty())
    {
        assert!(layer(name.as_bytes()).is_some(), "{name}");
    }
    assert_eq!(accept_encoding().contains("gzip"), cfg!(feature = "gzip"));
    assert_eq!(accept_encoding().contains("br"), cfg!(feature = "brotli"));
    assert_eq!(accept_encoding().contains("zstd"), cfg!(feature = "zstd"));
}

#[cfg(feature = "gzip")]
mod gzip_and_deflate {
    use super::*;

    /// DEC-03, SEC-501: `x-gzip` is gzip (RFC 9110 section 8.4.1.3).
    #[test]
    fn x_gzip() {
        assert!(decode("X-Gzip", &gzipped(&sample())).unwrap() == sample());
    }

    /// DEC-08, SEC-501, TRP-07: all members, empty ones too.
    #[test]
    fn several_members() {
        let members = [&sample()[..], b"", b"second", b"x"];
        let encoded: Vec<u8> = members.iter().flat_map(|data| gzipped(data)).collect();
        assert!(decode("gzip", &encoded).unwrap() == members.concat());
        let cut = [gzipped(b"first"), gzipped(b"second")[..12].to_vec()].concat();
        assert!(is_truncated(decode("gzip", &cut)));
    }

    /// RFC 1952 section 2.3: every optional part of the header, with its checksum.
    #[test]
    fn header_sections() {
        let plain = gzipped(b"data");
        for flags in 0..=0x1Fu8 {
            let mut stream = plain[..10].to_vec();
            stream[3] = flags;
            if flags & 4 != 0 {
                stream.extend_from_slice(if flags & 1 == 0 {
                    &[0, 0]
                } else {
                    &[3, 0, 1, 2, 0]
                });
            }
            if flags & 8 != 0 {
                stream.extend_from_slice(b"name.txt\0");
            }
            if flags & 16 != 0 {
                stream.extend_from_slice(b"\0");
            }
            if flags & 2 != 0 {
                let mut crc = flate2::Crc::new();
                crc.update(&stream);
                stream.extend_from_slice(&crc.sum().to_le_bytes()[..2]);
            }
            let head = stream.len();
            stream.extend_from_slice(&plain[10..]);
            assert_eq!(decode("gzip", &stream).unwrap(), b"data", "{flags}");
            assert!(is_truncated(decode("gzip", &stream[..head - 1])), "{flags}");
            if flags & 2 != 0 {
                stream[head - 1] ^= 1;
                assert!(is_corrupt(decode("gzip", &stream)), "{flags}");
            }
        }
    }

    /// SEC-502: wrong magic, method, reserved flags, CRC and size.
    #[test]
    fn damaged_gzip() {
        let good = gzipped(&sample());
        let end = good.len();
        for (at, value) in [(0, 0), (1, 0), (2, 7), (3, 0x20), (3, 0x80)] {
            let mut bad = good.clone();
            bad[at] = value;
            assert!(is_corrupt(decode("gzip", &bad)), "{at}");
        }
        for at in end - 8..end {
            let mut bad = good.clone();
            bad[at] ^= 0x10;
            assert!(is_corrupt(decode("gzip", &bad)), "{at}");
        }
        // The members before were good, but this one says it is gzip and is not.
        let reserved = [&good[..], &[0x1F, 0x8B, 8, 0xE0]].concat();
        assert!(is_corrupt(decode("gzip", &reserved)));
    }

    /// SEC-502: a wrong Adler checksum.
    #[test]
    fn damaged_deflate() {
        let mut bad = zlibbed(&sample());
        *bad.last_mut().unwrap() ^= 1;
        assert!(is_corrupt(decode("deflate", &bad)));
    }

    /// DEC-04: raw data whose first two bytes happen to be a zlib header: a stored block with its padding bits set.
    #[test]
    fn raw_deflate_like_zlib() {
        let mut stream = vec![0x78, 0x01, 0x00, 0xFE, 0xFF, b'x'];
        stream.extend_from_slice(&raw_deflated(&sample()));
        let expected = [b"x", &sample()[..]].concat();
        assert!(decode("deflate", &stream).unwrap() == expected);
        assert!(is_truncated(decode("deflate", &stream[..stream.len() - 1])));
    }
}

#[cfg(feature = "brotli")]
mod br {
    use super::*;

    /// R-LIM-08: no window beyond the 16 MiB of RFC 7932.
    #[test]
    fn large_windows_are_refused() {
        // The header of a large-window stream, which is no part of RFC 7932.
        assert!(is_corrupt(decode("br", &[0x11, 0x3F, 0x03, 0, 0, 0])));
    }
}

#[cfg(feature = "zstd")]
mod zstandard {
    use super::*;
    use ::zstd::stream::raw::{CParameter, Encoder, Operation};

    fn frame(data: &[u8], window_log: u32) -> Vec<u8> {
        let mut encoder = Encoder::new(1).unwrap();
        encoder
            .set_parameter(CParameter::WindowLog(window_log))
            .unwrap();
        encoder
            .set_parameter(CParameter::ChecksumFlag(true))
            .unwrap();
        let mut out = vec![0; data.len() + 1000];
        let first = encoder.run_on_buffers(data, &mut out).unwrap();
        assert_eq!(first.bytes_read, data.len());
        let mut end = ::zstd::stream::raw::OutBuffer::around(&mut out[first.bytes_written..]);
        assert_eq!(encoder.finish(&mut end, true).unwrap(), 0);
        let length = first.bytes_written + end.pos();
        out.truncate(length);
        out
    }

    /// DEC-08: all frames, skippable ones between them.
    #[test]
    fn several_frames() {
        let skippable = [&[0x5A, 0x2A, 0x4D, 0x18, 5, 0, 0, 0][..], &[9; 5]].concat();
        let (one, two) = (frame(b"one", 20), frame(b"two", 20));
        let whole = [&skippable[..], &one, &skippable, &two].concat();
        assert_eq!(decode("zstd", &whole).unwrap(), b"onetwo");
        assert!(is_truncated(decode("zstd", &whole[..whole.len() - 3])));
    }

    /// SEC-502: a wrong checksum.
    #[test]
    fn damaged_zstd() {
        let mut bad = frame(&sample(), 20);
        *bad.last_mut().unwrap() ^= 1;
        assert!(is_corrupt(decode("zstd", &bad)));
    }

    /// R-LIM-08: windows up to 8 MiB (RFC 9659), so memory is bounded whatever the frame asks for.
    #[test]
    fn windows_are_limited() {
        let data = sample();
        assert!(decode("zstd", &frame(&data, 23)).unwrap() == data);
        assert!(is_corrupt(decode("zstd", &frame(&data, 24))));
        assert!(is_corrupt(decode("zstd", &frame(&data, 27))));
    }
}
