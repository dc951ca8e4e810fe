//! `Charset`: a character encoding by its label.
//!
//! Owns labels and names. The decoding itself is in `decoder.rs`.

use std::borrow::Cow;

use super::decoder::{self, TextDecoder};

/// A character encoding this build can decode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Charset(pub(super) Repr);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Repr {
    Utf8,
    /// UTF-8 without the byte-order mark it may start with.
    Utf8Sig,
    Ascii,
    Latin1,
    Utf16(Order),
    Utf32(Order),
    #[cfg(feature = "charset")]
    Other(&'static encoding_rs::Encoding),
}

/// The byte order of UTF-16 and UTF-32. A byte-order mark goes before what the label says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// None named: little-endian.
    Unnamed,
    Little,
    Big,
}

#[allow(dead_code, reason = "which of them are used depends on the features")]
impl Charset {
    pub(crate) const UTF_8: Self = Self(Repr::Utf8);
    pub(super) const UTF_8_SIG: Self = Self(Repr::Utf8Sig);
    pub(super) const UTF_16: Self = Self(Repr::Utf16(Order::Unnamed));
    pub(super) const UTF_16_LE: Self = Self(Repr::Utf16(Order::Little));
    pub(super) const UTF_16_BE: Self = Self(Repr::Utf16(Order::Big));
    pub(super) const UTF_32: Self = Self(Repr::Utf32(Order::Unnamed));
    pub(super) const UTF_32_LE: Self = Self(Repr::Utf32(Order::Little));
    pub(super) const UTF_32_BE: Self = Self(Repr::Utf32(Order::Big));

    /// The charset of that label, without regard to case and with `_` and `-` alike; `None` if it is not known.
    ///
    /// Labels are those of the web's encoding standard, but `iso-8859-1` and `ascii` mean just that.
    pub(crate) fn for_label(label: &str) -> Option<Self> {
        let label = label.trim_ascii();
        if label.len() > LONGEST_LABEL {
            return None;
        }
        let label = label.to_ascii_lowercase().replace('_', "-");
        own(&label).or_else(|| other(&label)).map(Self)
    }

    /// The one name of the charset, in lower case.
    pub(crate) fn name(self) -> &'static str {
        match self.0 {
            Repr::Utf8 => "utf-8",
            Repr::Utf8Sig => "utf-8-sig",
            Repr::Ascii => "ascii",
            Repr::Latin1 => "iso-8859-1",
            Repr::Utf16(Order::Unnamed) => "utf-16",
            Repr::Utf16(Order::Little) => "utf-16le",
            Repr::Utf16(Order::Big) => "utf-16be",
            Repr::Utf32(Order::Unnamed) => "utf-32",
            Repr::Utf32(Order::Little) => "utf-32le",
            Repr::Utf32(Order::Big) => "utf-32be",
            #[cfg(feature = "charset")]
            Repr::Other(encoding) => NAMES
                .into_iter()
                .find(|name| name.eq_ignore_ascii_case(encoding.name()))
                .unwrap_or_else(|| encoding.name()),
        }
    }

    /// All of `bytes` as text. Never fails: what is invalid becomes U+FFFD.
    pub(crate) fn decode(self, bytes: &[u8]) -> Cow<'_, str> {
        match self.0 {
            Repr::Utf8 => String::from_utf8_lossy(bytes),
            Repr::Utf8Sig => {
                String::from_utf8_lossy(bytes.strip_prefix(decoder::UTF_8_MARK).unwrap_or(bytes))
            }
            #[cfg(feature = "charset")]
            Repr::Other(encoding) => encoding.decode_without_bom_handling(bytes).0,
            Repr::Ascii | Repr::Latin1 => match std::str::from_utf8(bytes) {
                Ok(text) if text.is_ascii() => Cow::Borrowed(text),
                _ => self.decode_owned(bytes),
            },
            Repr::Utf16(_) | Repr::Utf32(_) => self.decode_owned(bytes),
        }
    }

    fn decode_owned(self, bytes: &[u8]) -> Cow<'static, str> {
        let mut text = String::with_capacity(bytes.len());
        self.decoder().push(bytes, true, &mut text);
        Cow::Owned(text)
    }

    /// All of `bytes` as text, or `None` if anything is invalid; for UTF only.
    #[cfg(feature = "json")]
    pub(super) fn decode_strictly(self, bytes: &[u8]) -> Option<Cow<'_, str>> {
        match self.0 {
            Repr::Utf16(_) | Repr::Utf32(_) => {
                let mut text = String::with_capacity(bytes.len());
                let mut decoder = self.decoder();
                decoder.push(bytes, true, &mut text);
                (!decoder.replaced()).then_some(Cow::Owned(text))
            }
            _ => {
                let bytes = bytes.strip_prefix(decoder::UTF_8_MARK).unwrap_or(bytes);
                std::str::from_utf8(bytes).ok().map(Cow::Borrowed)
            }
        }
    }

    /// A decoder for bytes that come in pieces.
    pub(crate) fn decoder(self) -> TextDecoder {
        TextDecoder::new(self)
    }
}

/// The charsets decoded here in every build, by a label in lower case with hyphens.
fn own(label: &str) -> Option<Repr> {
    Some(match label {
        "utf-8" | "utf8" | "u8" | "utf" | "cp65001" | "unicode-1-1-utf-8" | "unicode11utf8"
        | "unicode20utf8" | "x-unicode20utf8" => Repr::Utf8,
        "utf-8-sig" | "utf8-sig" => Repr::Utf8Sig,
        "ascii" | "us-ascii" | "646" | "ansi-x3.4-1968" | "ansi-x3.4-1986" | "cp367"
        | "csascii" | "ibm367" | "iso646-us" | "iso-646.irv-1991" | "iso-ir-6" | "us" => {
            Repr::Ascii
        }
        "iso-8859-1" | "iso8859-1" | "iso88591" | "iso-8859-1:1987" | "iso-8859-1-1987"
        | "8859" | "cp819" | "csisolatin1" | "ibm819" | "iso-ir-100" | "l1" | "latin"
        | "latin1" | "latin-1" => Repr::Latin1,
        "utf-16" | "utf16" | "u16" | "ucs-2" | "unicode" | "iso-10646-ucs-2" | "csunicode" => {
            Repr::Utf16(Order::Unnamed)
        }
        "utf-16le" | "utf-16-le" | "unicodelittleunmarked" | "unicodefeff" => {
            Repr::Utf16(Order::Little)
        }
        "utf-16be" | "utf-16-be" | "unicodebigunmarked" | "unicodefffe" => Repr::Utf16(Order::Big),
        "utf-32" | "utf32" | "u32" => Repr::Utf32(Order::Unnamed),
        "utf-32le" | "utf-32-le" => Repr::Utf32(Order::Little),
        "utf-32be" | "utf-32-be" => Repr::Utf32(Order::Big),
        _ => return None,
    })
}

/// The charsets of the encoding standard. Its labels have `_` in some places and `-` in others, and there is no list of
/// them, so each separator is tried as both.
#[cfg(feature = "charset")]
fn other(label: &str) -> Option<Repr> {
    let label = python_label(label);
    let separators: Vec<usize> = label.match_indices('-').map(|(at, _)| at).collect();
    if separators.len() > 4 {
        return None;
    }
    (0..1u32 << separators.len()).find_map(|choice| {
        let mut bytes = label.as_bytes().to_vec();
        for (bit, &at) in separators.iter().enumerate() {
            if let Some(byte) = bytes.get_mut(at).filter(|_| choice >> bit & 1 == 1) {
                *byte = b'_';
            }
        }
        // Not the "replacement" encoding: it decodes everything to one U+FFFD, where an unknown label leads to text.
        encoding_rs::Encoding::for_label_no_replacement(&bytes).map(Repr::Other)
    })
}

/// Python's names that the encoding standard does not have.
#[cfg(feature = "charset")]
fn python_label(label: &str) -> &str {
    match label {
        "cp932" | "ms932" | "mskanji" | "ms-kanji" | "windows-31j" | "shiftjis" | "s-jis" => {
            "shift-jis"
        }
        "eucjp" | "ujis" | "u-jis" => "euc-jp",
        "euckr" | "cp949" | "uhc" | "ms949" => "euc-kr",
        "cp936" | "ms936" | "euccn" | "euc-cn" | "eucgb2312-cn" => "gbk",
        "gb18030-2000" => "gb18030",
        "cp950" | "ms950" | "big5hkscs" | "big5-tw" => "big5",
        "iso2022-jp" | "iso2022jp" => "iso-2022-jp",
        "koi8r" => "koi8-r",
        "koi8u" => "koi8-u",
        "cp874" => "windows-874",
        "cp1250" => "windows-1250",
        "mac-roman" | "macroman" => "macintosh",
        "mac-cyrillic" | "maccyrillic" => "x-mac-cyrillic",
        _ => label,
    }
}

/// Longer than any label of the encoding standard.
const LONGEST_LABEL: usize = 40;

/// The names of the encoding standard in lower case.
#[cfg(feature = "charset")]
const NAMES: [&str; 35] = [
    "ibm866",
    "iso-8859-2",
    "iso-8859-3",
    "iso-8859-4",
    "iso-8859-5",
    "iso-8859-6",
    "iso-8859-7",
    "iso-8859-8",
    "iso-8859-8-i",
    "iso-8859-10",
    "iso-8859-13",
    "iso-8859-14",
    "iso-8859-15",
    "iso-8859-16",
    "koi8-r",
    "koi8-u",
    "macintosh",
    "windows-874",
    "windows-1250",
    "windows-1251",
    "windows-1252",
    "windows-1253",
    "windows-1254",
    "windows-1255",
    "windows-1256",
    "windows-1257",
    "windows-1258",
    "x-mac-cyrillic",
    "gbk",
    "gb18030",
    "big5",
    "euc-jp",
    "iso-2022-jp",
    "shift_jis",
    "euc-kr",
];

#[cfg(not(feature = "charset"))]
fn other(_: &str) -> Option<Repr> {
    None
}
