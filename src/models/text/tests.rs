use std::borrow::Cow;

use super::*;
use crate::error::{Error, Kind, Reason};

fn charset(label: &str) -> Charset {
    Charset::for_label(label).unwrap_or_else(|| panic!("{label}"))
}

/// Decodes at once and in two pieces at every border, which must agree.
fn decode(label: &str, bytes: &[u8]) -> String {
    let charset = charset(label);
    let whole = charset.decode(bytes).into_owned();
    let mut decoder = charset.decoder();
    for at in 0..=bytes.len() {
        let mut pieces = String::new();
        let (first, second) = bytes.split_at(at);
        decoder.push(first, false, &mut pieces);
        decoder.push(second, true, &mut pieces);
        assert_eq!(pieces, whole, "{label} at {at}");
    }
    let mut pieces = String::new();
    for byte in bytes {
        decoder.push(&[*byte], false, &mut pieces);
    }
    decoder.push(&[], true, &mut pieces);
    assert_eq!(pieces, whole, "{label} byte by byte");
    whole
}

/// TXT-09: without regard to case, `_` and `-` alike.
#[test]
fn labels() {
    for (labels, name) in [
        ("utf-8 UTF8 utf_8 u8 UniCode-1-1-UTF-8", "utf-8"),
        ("utf-8-sig UTF_8_SIG utf8-sig", "utf-8-sig"),
        ("ascii US-ASCII us_ascii ANSI_X3.4-1968", "ascii"),
        (
            "iso-8859-1 ISO_8859-1 iso_8859_1 iso8859_1 latin-1 latin_1 latin1 L1 cp819",
            "iso-8859-1",
        ),
        ("utf-16 UTF16 utf_16", "utf-16"),
        ("utf-16le utf_16_le UTF-16LE", "utf-16le"),
        ("utf-16be utf_16_be", "utf-16be"),
        ("utf-32 utf32", "utf-32"),
        ("utf-32le utf_32_le", "utf-32le"),
        ("utf-32be UTF-32-BE", "utf-32be"),
    ] {
        for label in labels.split(' ') {
            assert_eq!(charset(label).name(), name, "{label}");
        }
    }
    assert_eq!(charset(" utf-8\t"), Charset::UTF_8);
}

/// TXT-09: the charsets of the web, by its labels and by Python's.
#[cfg(feature = "charset")]
#[test]
fn labels_of_the_web() {
    for (labels, name) in [
        ("windows-1252 cp1252 windows_1252 x-cp1252", "windows-1252"),
        (
            "shift_jis Shift-JIS sjis ms_kanji cp932 shiftjis",
            "shift_jis",
        ),
        ("euc-jp EUC_JP eucjp x-euc-jp", "euc-jp"),
        ("iso-2022-jp ISO_2022_JP iso2022_jp", "iso-2022-jp"),
        ("gbk GB2312 gb_2312-80 gb-2312-80 cp936", "gbk"),
        ("gb18030", "gb18030"),
        ("big5 big5-hkscs big5hkscs cp950", "big5"),
        (
            "euc-kr euc_kr ks_c_5601-1987 ks-c-5601-1987 cp949",
            "euc-kr",
        ),
        ("koi8-r KOI8_R koi8r", "koi8-r"),
        ("koi8-u", "koi8-u"),
        ("iso-8859-2 iso8859_2 latin2", "iso-8859-2"),
        ("iso-8859-15 ISO_8859-15 iso8859-15", "iso-8859-15"),
        ("cp874", "windows-874"),
        ("mac_roman macintosh", "macintosh"),
    ] {
        for label in labels.split(' ') {
            assert_eq!(charset(label).name(), name, "{label}");
        }
    }
    for number in [2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16] {
        let name = format!("iso-8859-{number}");
        assert_eq!(charset(&name).name(), name);
    }
    for number in 1250..=1258 {
        let name = format!("windows-{number}");
        assert_eq!(charset(&name).name(), name);
        assert_eq!(charset(&format!("CP{number}")).name(), name);
    }
}

/// TXT-10: what is no charset is unknown, however long or odd.
#[test]
fn unknown_labels() {
    let long = "-".repeat(10_000);
    let many = "a_b_c_d_e_f_g_h";
    for label in [
        "",
        "base64",
        "hex",
        "rot13",
        "zlib",
        "utf-7",
        "ütf-8",
        "replacement",
        many,
        &long,
    ] {
        assert_eq!(Charset::for_label(label), None, "{label}");
    }
}

/// TXT-06, RES-26, SEC-506: one U+FFFD for each maximal invalid sequence, one for an incomplete end.
#[test]
fn utf_8() {
    for (bytes, text) in [
        (&b""[..], ""),
        (
            "a\u{e9}\u{20ac}\u{1f600}".as_bytes(),
            "a\u{e9}\u{20ac}\u{1f600}",
        ),
        (b"a\xFFb", "a\u{fffd}b"),
        (b"\xC0\xAF", "\u{fffd}\u{fffd}"),
        (b"\xED\xA0\x80", "\u{fffd}\u{fffd}\u{fffd}"),
        (b"\xF4\x90\x80\x80", "\u{fffd}\u{fffd}\u{fffd}\u{fffd}"),
        (b"\xF0\x9F\x98x", "\u{fffd}x"),
        (b"\xF0\x9F\x98\xC3\xA9", "\u{fffd}\u{e9}"),
        (b"\xE2\x82\xE2\x82\xAC", "\u{fffd}\u{20ac}"),
        (b"a\xF0\x9F\x98", "a\u{fffd}"),
        (b"a\xC3", "a\u{fffd}"),
        (b"\x80\x80\x00", "\u{fffd}\u{fffd}\0"),
    ] {
        assert_eq!(decode("utf-8", bytes), text, "{bytes:?}");
        assert_eq!(decode("utf-8-sig", bytes), text, "{bytes:?}");
    }
}

/// TXT-07, TRP-10: the mark stays in `utf-8` and goes in `utf-8-sig`, once.
#[test]
fn utf_8_marks() {
    assert_eq!(decode("utf-8", b"\xEF\xBB\xBFx"), "\u{feff}x");
    assert_eq!(decode("utf-8-sig", b"\xEF\xBB\xBFx"), "x");
    assert_eq!(decode("utf-8-sig", b"\xEF\xBB\xBF\xEF\xBB\xBF"), "\u{feff}");
    assert_eq!(decode("utf-8-sig", b"\xEF\xBB"), "\u{fffd}");
    assert_eq!(decode("utf-8-sig", b"\xEF\xBBx"), "\u{fffd}x");
    assert_eq!(decode("utf-8-sig", b"x\xEF\xBB\xBF"), "x\u{feff}");
}

/// TXT-07: the mark selects the byte order and goes; without one `utf-16` is little-endian.
#[test]
fn utf_16() {
    assert_eq!(decode("utf-16", b"\xFF\xFEa\0"), "a");
    assert_eq!(decode("utf-16", b"\xFE\xFF\0a"), "a");
    assert_eq!(decode("utf-16", b"a\0\xAC\x20"), "a\u{20ac}");
    assert_eq!(decode("utf-16be", b"\0a\x20\xAC"), "a\u{20ac}");
    assert_eq!(decode("utf-16be", b"\xFE\xFF\0a"), "a");
    assert_eq!(decode("utf-16le", b"a\0\xFF\xFE"), "a\u{feff}");
    assert_eq!(decode("utf-16le", b"\x3D\xD8\x00\xDE"), "\u{1f600}");
}

/// TXT-06, RES-26: half pairs, halves in the wrong order and half units.
#[test]
fn damaged_utf_16() {
    assert_eq!(decode("utf-16le", b"\x3D\xD8a\0"), "\u{fffd}a");
    assert_eq!(
        decode("utf-16le", b"\x3D\xD8\x3D\xD8\x00\xDE"),
        "\u{fffd}\u{1f600}"
    );
    assert_eq!(decode("utf-16le", b"\x00\xDEa\0"), "\u{fffd}a");
    assert_eq!(decode("utf-16le", b"a\0\x3D\xD8"), "a\u{fffd}");
    assert_eq!(decode("utf-16le", b"a\0b"), "a\u{fffd}");
    assert_eq!(decode("utf-16le", b"\x3D\xD8\x00"), "\u{fffd}");
}

/// TXT-07: UTF-32 likewise.
#[test]
fn utf_32() {
    assert_eq!(decode("utf-32", b"\xFF\xFE\0\0a\0\0\0"), "a");
    assert_eq!(decode("utf-32", b"\0\0\xFE\xFF\0\0\0a"), "a");
    assert_eq!(decode("utf-32", b"a\0\0\0\x00\xF6\x01\0"), "a\u{1f600}");
    assert_eq!(decode("utf-32be", b"\0\x01\xF6\0\0\0\0a"), "\u{1f600}a");
    assert_eq!(
        decode("utf-32le", b"\0\xD8\0\0a\0\0\0b\0"),
        "\u{fffd}a\u{fffd}"
    );
    assert_eq!(decode("utf-32le", b"\0\0\x11\0"), "\u{fffd}");
}

/// TXT-08, TRP-10: every byte is a character of Latin-1; no byte from 0x80 on is one of ASCII.
#[test]
fn latin_1_and_ascii() {
    let all: Vec<u8> = (0..=255).collect();
    let text: String = (0..=255u8).map(char::from).collect();
    assert_eq!(decode("iso-8859-1", &all), text);
    let ascii: String = (0..128u8).map(char::from).collect();
    assert_eq!(decode("us-ascii", &all), ascii + &"\u{fffd}".repeat(128));
    for label in ["latin1", "ascii"] {
        assert!(matches!(
            charset(label).decode(b"abc"),
            Cow::Borrowed("abc")
        ));
    }
}

/// TXT-06, TXT-09, RES-26: multi-byte charsets, whole and in pieces, with damage and with cut ends.
#[cfg(feature = "charset")]
#[test]
fn charsets_of_the_web() {
    assert_eq!(
        decode("shift_jis", b"\x93\xFA\x96\x7Bx"),
        "\u{65e5}\u{672c}x"
    );
    assert_eq!(decode("euc-jp", b"\xC6\xFC\xCB\xDC"), "\u{65e5}\u{672c}");
    assert_eq!(decode("iso-2022-jp", b"\x1B$BF|\x1B(Bx"), "\u{65e5}x");
    assert_eq!(
        decode("gb18030", b"\xD6\xD0\x81\x30\x89\x38"),
        "\u{4e2d}\u{df}"
    );
    assert_eq!(decode("big5", b"\xA4\xA4"), "\u{4e2d}");
    assert_eq!(decode("euc-kr", b"\xC7\xD1"), "\u{d55c}");
    assert_eq!(decode("koi8-r", b"\xC4\xC1"), "\u{434}\u{430}");
    assert_eq!(decode("windows-1252", b"\x80"), "\u{20ac}");
    assert_eq!(decode("shift_jis", b"a\x93"), "a\u{fffd}");
    assert_eq!(decode("shift_jis", b"\xFFa\x93\x20"), "\u{fffd}a\u{fffd} ");
    // A byte-order mark does not override the label.
    assert_eq!(
        decode("windows-1252", b"\xEF\xBB\xBF"),
        "\u{ef}\u{bb}\u{bf}"
    );
    let long = b"\x93\xFA\xFF".repeat(5000);
    assert_eq!(charset("sjis").decode(&long).chars().count(), 10_000);
    let mut text = String::new();
    charset("sjis").decoder().push(&long, true, &mut text);
    assert_eq!(text.chars().count(), 10_000);
}

/// TXT-03: in lower case, known or not, the first one, quoted or not.
#[test]
fn charset_params() {
    for (content_type, charset) in [
        ("text/html; charset=UTF-8", Some("utf-8")),
        ("text/html;CharSet=\"UTF-8\"", Some("utf-8")),
        ("text/html; charset = utf-8 ; x=y", Some("utf-8")),
        ("text/html; charset=what-is-this", Some("what-is-this")),
        ("text/html; charset=a; charset=b", Some("a")),
        (
            "text/html; x=\"a;charset=b\\\";charset=c\"; charset=d",
            Some("d"),
        ),
        ("text/html; charset=\"u\\tf-8\"", Some("utf-8")),
        ("text/html; charset*=us-ascii'en'UTF-8", Some("utf-8")),
        ("text/html; charset*=''%55tf-8", Some("utf-8")),
        ("text/html; charset*=utf-8", Some("utf-8")),
        ("charset=utf-8", Some("utf-8")),
        ("text/html; charset=\"utf-8", Some("utf-8")),
        ("text/html", None),
        ("", None),
        ("text/html; charset", None),
        ("text/html; charset=", None),
        ("text/html; charset=\"\"", None),
        ("text/html; xcharset=utf-8; charsetx=utf-8", None),
        ("text/html; x=\"a; charset=b", None),
    ] {
        assert_eq!(
            charset_param(content_type).as_deref(),
            charset,
            "{content_type}"
        );
    }
}

/// TXT-11, TRP-12: JSON is UTF-8, UTF-16 or UTF-32, by its mark or its zero bytes; the mark goes.
#[cfg(feature = "json")]
#[test]
fn json_in_utf() {
    let text = "{\"a\":\"\u{20ac}\u{1f600}\"}";
    let wide = |order: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(order).collect::<Vec<_>>();
    let wider = |order: fn(u32) -> [u8; 4]| {
        let units = text.chars().map(u32::from);
        units.flat_map(order).collect::<Vec<_>>()
    };
    for (mark, bytes) in [
        (&b"\xEF\xBB\xBF"[..], text.as_bytes().to_vec()),
        (b"\xFF\xFE", wide(u16::to_le_bytes)),
        (b"\xFE\xFF", wide(u16::to_be_bytes)),
        (b"\xFF\xFE\0\0", wider(u32::to_le_bytes)),
        (b"\0\0\xFE\xFF", wider(u32::to_be_bytes)),
    ] {
        assert_eq!(json_text(&bytes).unwrap(), text, "{bytes:?}");
        assert_eq!(
            json_text(&[mark, &bytes].concat()).unwrap(),
            text,
            "{mark:?}"
        );
    }
    for (bytes, text) in [
        (&b""[..], ""),
        (b"1", "1"),
        (b"12", "12"),
        (b"1\0", "1"),
        (b"\x001", "1"),
    ] {
        assert_eq!(json_text(bytes).unwrap(), text, "{bytes:?}");
    }
}

/// TXT-11, SEC-506: bytes that are not valid are an error of their own kind, never replaced.
#[cfg(feature = "json")]
#[test]
fn json_in_bad_utf() {
    for bytes in [
        &b"\"\xFF\""[..],
        b"\"\xC3",
        b"\xEF\xBB\xBF\"\xED\xA0\x80\"",
        b"\"\0\x3D\xD8\"\0",
        b"\"\0a\0\"",
        b"\"\0\0\0\0\0\x11\0",
    ] {
        assert_eq!(
            json_text(bytes).unwrap_err().kind(),
            Kind::Json,
            "{bytes:?}"
        );
    }
}

/// What `LineSplitter` makes of pieces.
fn lines_of(pieces: &[&str], limit: usize) -> Result<Vec<String>, Error> {
    let mut splitter = LineSplitter::new(limit);
    let mut lines = Vec::new();
    for piece in pieces {
        splitter.push(piece);
        while let Some(line) = splitter.pop(false)? {
            lines.push(line);
        }
    }
    while let Some(line) = splitter.pop(true)? {
        lines.push(line);
    }
    assert_eq!(splitter.pop(true)?, None);
    Ok(lines)
}

/// Another way to say what a line is.
fn naive_lines(text: &str) -> Vec<String> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut lines: Vec<_> = text.split('\n').map(str::to_owned).collect();
    if lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines
}

/// RES-27, RES-28, TRP-11: what the specification names, and every text of six of these characters, cut at any two
/// places.
#[test]
fn lines_in_any_pieces() {
    assert_eq!(lines_of(&[], 10).unwrap(), [""; 0]);
    assert_eq!(lines_of(&["\n"], 10).unwrap(), [""]);
    assert_eq!(lines_of(&["a\n\nb"], 10).unwrap(), ["a", "", "b"]);
    assert_eq!(lines_of(&["a\r", "\nb\r\n"], 10).unwrap(), ["a", "b"]);
    assert_eq!(lines_of(&["a\r", "", "\n"], 10).unwrap(), ["a"]);
    for number in 0..4usize.pow(6) {
        let text: String = (0..6)
            .map(|digit| ["a", "\r", "\n", "\u{2028}"][number / 4usize.pow(digit) % 4])
            .collect();
        let expected = naive_lines(&text);
        let borders: Vec<_> = (0..=text.len())
            .filter(|&at| text.is_char_boundary(at))
            .collect();
        for (index, &first) in borders.iter().enumerate() {
            for &second in &borders[index..] {
                let pieces = [&text[..first], &text[first..second], &text[second..]];
                assert_eq!(lines_of(&pieces, 100).unwrap(), expected, "{pieces:?}");
            }
        }
    }
}

/// RES-28: no other character ends a line.
#[test]
fn other_separators_are_text() {
    let text = "a\u{b}b\u{c}c\u{1c}d\u{1d}e\u{1e}f\u{85}g\u{2028}h\u{2029}i";
    assert_eq!(lines_of(&[text], 100).unwrap(), [text]);
}

/// A line comes out as soon as its terminator is there.
#[test]
fn lines_come_at_once() {
    let mut splitter = LineSplitter::new(10);
    splitter.push("a\rb");
    assert_eq!(splitter.pop(false).unwrap().as_deref(), Some("a"));
    assert_eq!(splitter.pop(false).unwrap(), None);
    splitter.push("\r");
    assert_eq!(splitter.pop(false).unwrap().as_deref(), Some("b"));
    assert_eq!(splitter.pop(true).unwrap(), None);
}

/// R-LIM-11: a longer line is an error, complete or not, in any pieces; lines before it come out.
#[test]
fn lines_are_limited() {
    for text in ["ok\n12345\n", "ok\n12345", "ok\r\n12345\r\n"] {
        assert_eq!(lines_of(&[text], 5).unwrap(), ["ok", "12345"]);
        for at in 0..text.len() {
            let mut splitter = LineSplitter::new(4);
            let mut lines = Vec::new();
            let mut error = None;
            for piece in [&text[..at], &text[at..]] {
                splitter.push(piece);
                loop {
                    match splitter.pop(false) {
                        Ok(Some(line)) => lines.push(line),
                        Ok(None) => break,
                        Err(e) => {
                            error = Some(e);
                            break;
                        }
                    }
                }
            }
            let error = error.unwrap();
            assert_eq!(
                (error.kind(), error.reason()),
                (Kind::Limit, Some(Reason::LineTooLong))
            );
            assert_eq!(lines, ["ok"]);
            assert!(splitter.pop(true).is_err());
        }
    }
}

/// R-LIM-11: the work is linear. Were each byte looked at again for each piece, or moved again for each line, this would
/// be 10^11 steps.
#[test]
fn lines_take_linear_time() {
    let length = 400_000;
    let mut splitter = LineSplitter::new(length);
    for _ in 0..length {
        splitter.push("x");
        assert_eq!(splitter.pop(false).unwrap(), None);
    }
    assert_eq!(
        splitter.pop(true).unwrap().map(|line| line.len()),
        Some(length)
    );
    splitter.push(&"\r\n".repeat(length));
    let mut count = 0;
    while let Some(line) = splitter.pop(false).unwrap() {
        assert_eq!(line, "");
        // More text while lines are still waiting.
        splitter.push("\r\n");
        count += 1;
        if count == length {
            break;
        }
    }
    assert_eq!(count, length);
}

fn chunks_of(pieces: &[&str], size: usize) -> Vec<String> {
    let mut chunks = CharChunks::new(size);
    let mut all = Vec::new();
    for piece in pieces {
        chunks.push(piece);
        all.extend(std::iter::from_fn(|| chunks.pop(false)));
    }
    all.extend(std::iter::from_fn(|| chunks.pop(true)));
    all
}

/// RES-26: sizes are characters, whatever the pieces; no run is empty.
#[test]
fn chunks_of_characters() {
    let text = "a\u{e9}\u{20ac}\u{1f600}bcd";
    for size in 1..10 {
        let expected: Vec<String> = text
            .chars()
            .collect::<Vec<_>>()
            .chunks(size)
            .map(|c| c.iter().collect())
            .collect();
        for at in (0..=text.len()).filter(|&at| text.is_char_boundary(at)) {
            assert_eq!(chunks_of(&[&text[..at], "", &text[at..]], size), expected);
        }
    }
    assert_eq!(chunks_of(&["", ""], 3), [""; 0]);
    assert_eq!(chunks_of(&["ab"], 0), ["a", "b"]);
}

/// Both directions are linear: many small pieces for one run, and one piece for many runs.
#[test]
fn chunks_take_linear_time() {
    let length = 400_000;
    let pieces = vec!["x"; length];
    assert_eq!(chunks_of(&pieces, length + 1), [pieces.concat()]);
    assert_eq!(chunks_of(&[&pieces.concat()], 1).len(), length);
}
