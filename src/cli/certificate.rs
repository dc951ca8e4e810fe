//! What `--verbose` says of a server's certificate: its names, its time, its number.
//!
//! Owns a reader of just these parts of DER (X.690, RFC 5280). It checks nothing: whether a certificate is to be trusted
//! was decided by the TLS library long before. What it cannot read it leaves out.

use std::net::{Ipv4Addr, Ipv6Addr};

/// Lines about a certificate, without line ends.
pub(crate) fn describe(certificate: &[u8]) -> Vec<String> {
    let mut lines = vec!["* Server certificate:".to_owned()];
    if lines_of(certificate, &mut lines).is_none() {
        lines.push("*   (not understood)".to_owned());
    }
    lines
}

/// `TBSCertificate`: version, serial number, signature, issuer, validity, subject, key, extensions.
fn lines_of(certificate: &[u8], lines: &mut Vec<String>) -> Option<()> {
    let mut outer = Der(Der(certificate).read(SEQUENCE)?);
    let mut der = Der(outer.read(SEQUENCE)?);
    let version = match der.read(VERSION) {
        Some(version) => Der(version).read(INTEGER)?.last()?.checked_add(1)?,
        None => 1,
    };
    let serial = der.read(INTEGER)?;
    der.read(SEQUENCE)?;
    let issuer = names(der.read(SEQUENCE)?);
    let mut validity = Der(der.read(SEQUENCE)?);
    let (not_before, not_after) = (validity.time()?, validity.time()?);
    let subject = names(der.read(SEQUENCE)?);

    lines.push("*   subject:".to_owned());
    lines.extend(subject);
    lines.push("*   issuer:".to_owned());
    lines.extend(issuer);
    lines.push(format!("*   version: {version}"));
    // A zero in front only says that the number is positive.
    let digits: Vec<String> = serial
        .iter()
        .enumerate()
        .filter(|(at, byte)| *at > 0 || **byte != 0 || serial.len() == 1)
        .map(|(_, byte)| format!("{byte:02X}"))
        .collect();
    lines.push(format!("*   serialNumber: '{}'", digits.concat()));
    lines.push(format!("*   notBefore: '{not_before}'"));
    lines.push(format!("*   notAfter: '{not_after}'"));
    der.read(SEQUENCE)?;
    if let Some(names) = alternative_names(der) {
        lines.push("*   subjectAltName:".to_owned());
        lines.extend(names);
    }
    Some(())
}

/// A `Name`: sets of pairs of a type and a value.
fn names(name: &[u8]) -> Vec<String> {
    let mut sets = Der(name);
    let mut lines = Vec::new();
    while let Some(set) = sets.read(SET) {
        let mut pairs = Der(set);
        while let Some(pair) = pairs.read(SEQUENCE) {
            let mut pair = Der(pair);
            let (Some(oid), Some((tag, value))) = (pair.read(OID), pair.next()) else {
                continue;
            };
            let (name, value) = (attribute(oid), string(tag, value));
            lines.push(format!("*     {name}: '{value}'"));
        }
    }
    lines
}

/// Out of what follows the key.
fn alternative_names(mut der: Der<'_>) -> Option<Vec<String>> {
    let extensions = loop {
        let (tag, content) = der.next()?;
        if tag == EXTENSIONS {
            break content;
        }
    };
    let mut extensions = Der(Der(extensions).read(SEQUENCE)?);
    while let Some(extension) = extensions.read(SEQUENCE) {
        let mut extension = Der(extension);
        if extension.read(OID)? != SUBJECT_ALT_NAME {
            continue;
        }
        // Whether it is critical is said first, if it is.
        let content = loop {
            let (tag, content) = extension.next()?;
            if tag == OCTETS {
                break content;
            }
        };
        let mut names = Der(Der(content).read(SEQUENCE)?);
        let mut lines = Vec::new();
        while let Some((tag, value)) = names.next() {
            lines.push(
                match (tag, <[u8; 4]>::try_from(value), <[u8; 16]>::try_from(value)) {
                    (0x81, ..) => format!("*     email: '{}'", latin(value)),
                    (0x82, ..) => format!("*     DNS: '{}'", latin(value)),
                    (0x86, ..) => format!("*     URI: '{}'", latin(value)),
                    (0x87, Ok(ip), _) => format!("*     IP Address: '{}'", Ipv4Addr::from(ip)),
                    (0x87, _, Ok(ip)) => format!("*     IP Address: '{}'", Ipv6Addr::from(ip)),
                    _ => continue,
                },
            );
        }
        return Some(lines);
    }
    None
}

/// Elements one after the other.
struct Der<'a>(&'a [u8]);

impl<'a> Der<'a> {
    /// The content of the next element, if it is of this kind; else nothing is taken.
    fn read(&mut self, tag: u8) -> Option<&'a [u8]> {
        let before = self.0;
        match self.next() {
            Some((found, content)) if found == tag => Some(content),
            _ => {
                self.0 = before;
                None
            }
        }
    }

    fn next(&mut self) -> Option<(u8, &'a [u8])> {
        let (&[tag, length], rest) = self.0.split_first_chunk()?;
        let (length, rest) = if length < 0x80 {
            (usize::from(length), rest)
        } else {
            let (digits, rest) = rest.split_at_checked(usize::from(length & 0x7f))?;
            if digits.len() > 4 {
                return None;
            }
            let digit = |number: usize, digit: &u8| number << 8 | usize::from(*digit);
            (digits.iter().fold(0, digit), rest)
        };
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((tag, content))
    }

    /// `UTCTime` or `GeneralizedTime`, as `May  2 14:00:00 2030 GMT`.
    fn time(&mut self) -> Option<String> {
        let (tag, text) = self.next()?;
        let text = std::str::from_utf8(text).ok()?;
        let (year, rest) = match tag {
            // RFC 5280 section 4.1.2.5.1: 50 is 1950.
            UTC_TIME => {
                let (year, rest) = text.split_at_checked(2)?;
                let century = if year >= "50" { "19" } else { "20" };
                (format!("{century}{year}"), rest)
            }
            _ => {
                let (year, rest) = text.split_at_checked(4)?;
                (year.to_owned(), rest)
            }
        };
        let part = |at: usize| rest.get(at..at + 2);
        let month: usize = part(0)?.parse().ok()?;
        let month = MONTHS.get(month.checked_sub(1)?)?;
        let day: u8 = part(2)?.parse().ok()?;
        let (hours, minutes, seconds) = (part(4)?, part(6)?, part(8)?);
        Some(format!(
            "{month} {day:2} {hours}:{minutes}:{seconds} {year} GMT"
        ))
    }
}

fn string(tag: u8, value: &[u8]) -> String {
    match tag {
        BMP_STRING => {
            let units = value
                .as_chunks()
                .0
                .iter()
                .map(|unit| u16::from_be_bytes(*unit));
            char::decode_utf16(units)
                .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
                .collect()
        }
        T61_STRING => latin(value),
        _ => String::from_utf8_lossy(value).into_owned(),
    }
}

fn latin(value: &[u8]) -> String {
    value.iter().copied().map(char::from).collect()
}

/// The name of an attribute, or its number in the usual notation.
fn attribute(oid: &[u8]) -> String {
    if let Some((_, name)) = ATTRIBUTES.iter().find(|(known, _)| *known == oid) {
        return (*name).to_owned();
    }
    let mut numbers: Vec<u64> = Vec::new();
    let mut number: u64 = 0;
    for byte in oid {
        number = number.wrapping_shl(7) | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            if numbers.is_empty() {
                let first = (number / 40).min(2);
                numbers.push(first);
                number -= first * 40;
            }
            numbers.push(number);
            number = 0;
        }
    }
    let numbers: Vec<String> = numbers.iter().map(u64::to_string).collect();
    numbers.join(".")
}

const INTEGER: u8 = 0x02;
const OCTETS: u8 = 0x04;
const OID: u8 = 0x06;
const T61_STRING: u8 = 0x14;
const UTC_TIME: u8 = 0x17;
const BMP_STRING: u8 = 0x1e;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const VERSION: u8 = 0xa0;
const EXTENSIONS: u8 = 0xa3;

const SUBJECT_ALT_NAME: &[u8] = &[0x55, 0x1d, 0x11];

/// By their object identifiers, with the names that OpenSSL uses.
const ATTRIBUTES: [(&[u8], &str); 10] = [
    (&[0x55, 4, 3], "commonName"),
    (&[0x55, 4, 4], "surname"),
    (&[0x55, 4, 5], "serialNumber"),
    (&[0x55, 4, 6], "countryName"),
    (&[0x55, 4, 7], "localityName"),
    (&[0x55, 4, 8], "stateOrProvinceName"),
    (&[0x55, 4, 10], "organizationName"),
    (&[0x55, 4, 11], "organizationalUnitName"),
    (&[0x55, 4, 97], "organizationIdentifier"),
    (
        &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1],
        "emailAddress",
    ),
];

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

#[cfg(test)]
mod tests {
    use super::{Der, UTC_TIME, attribute, describe};

    #[test]
    fn numbers_of_attributes() {
        assert_eq!(attribute(&[0x55, 4, 3]), "commonName");
        assert_eq!(attribute(&[0x55, 4, 42]), "2.5.4.42");
        assert_eq!(
            attribute(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d]),
            "1.2.840.113549"
        );
        assert_eq!(attribute(&[0xff; 40]), "");
    }

    #[test]
    fn times() {
        let time = |tag: u8, text: &str| {
            let length = u8::try_from(text.len()).unwrap();
            let der = [&[tag, length], text.as_bytes()].concat();
            Der(&der).time()
        };
        let utc = |text| time(UTC_TIME, text);
        assert_eq!(
            utc("500102030405Z").as_deref(),
            Some("Jan  2 03:04:05 1950 GMT")
        );
        assert_eq!(
            utc("491231235959Z").as_deref(),
            Some("Dec 31 23:59:59 2049 GMT")
        );
        assert_eq!(
            time(0x18, "40960101000000Z").as_deref(),
            Some("Jan  1 00:00:00 4096 GMT")
        );
        for text in ["", "5", "5000", "501302030405Z", "50é102030405"] {
            assert_eq!(utc(text), None, "{text}");
        }
    }

    /// Wherever it is cut and whatever is changed, there is no panic.
    #[test]
    fn damaged_certificates() {
        let made = rcgen::generate_simple_self_signed(["a.test".to_owned()]).unwrap();
        let certificate = made.cert.der();
        let lines = describe(certificate);
        assert!(
            lines.contains(&"*     DNS: 'a.test'".to_owned()),
            "{lines:?}"
        );
        for at in 0..certificate.len() {
            describe(&certificate[..at]);
            for bits in [0x01, 0x80, 0xff] {
                let mut damaged = certificate.to_vec();
                damaged[at] ^= bits;
                assert!(!describe(&damaged).is_empty());
            }
        }
    }

    /// What is no certificate at all.
    #[test]
    fn nonsense() {
        let cases: [&[u8]; 6] = [
            b"",
            b"\x30",
            b"\x30\x80",
            b"\x30\x84\xff\xff\xff\xff",
            b"\x30\x85\0\0\0\0\0",
            b"\x30\x02\x30\x00",
        ];
        for case in cases {
            assert_eq!(describe(case).len(), 2);
        }
    }
}
