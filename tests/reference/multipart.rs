//! A second reader of `multipart/form-data`, written from RFC 7578 and RFC 2046 alone: strict about what papilio should
//! write, and simple. It is there to disagree with the encoder, in fuzz targets and tests.

/// A part as this reader understood it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    /// The quoted texts of `Content-Disposition`, as they stand between the quotes.
    pub(crate) name: Vec<u8>,
    pub(crate) file_name: Option<Vec<u8>>,
    /// The lines behind `Content-Disposition`.
    pub(crate) fields: Vec<(Vec<u8>, Vec<u8>)>,
    pub(crate) content: Vec<u8>,
}

/// The parts of a body; `None` if it is not right.
pub(crate) fn read(body: &[u8], boundary: &[u8]) -> Option<Vec<Piece>> {
    let delimiter = [b"\r\n--", boundary].concat();
    let mut rest = body.strip_prefix(delimiter.get(2..)?)?;
    let mut pieces = Vec::new();
    while let Some(part) = rest.strip_prefix(b"\r\n") {
        let end = find(part, &delimiter)?;
        pieces.push(piece(&part[..end])?);
        rest = &part[end + delimiter.len()..];
    }
    (rest == b"--\r\n").then_some(pieces)
}

fn piece(part: &[u8]) -> Option<Piece> {
    let end = find(part, b"\r\n\r\n")?;
    let mut lines = Vec::new();
    let mut head = &part[..end];
    while let Some(at) = find(head, b"\r\n") {
        lines.push(&head[..at]);
        head = &head[at + 2..];
    }
    lines.push(head);
    let mut lines = lines.into_iter();
    let names = lines
        .next()?
        .strip_prefix(b"Content-Disposition: form-data; name=\"")?
        .strip_suffix(b"\"")?;
    let middle = b"\"; filename=\"";
    let (name, file_name) = match find(names, middle) {
        Some(at) => (&names[..at], Some(names[at + middle.len()..].to_vec())),
        None => (names, None),
    };
    let mut fields = Vec::new();
    for line in lines {
        let at = find(line, b": ")?;
        fields.push((line[..at].to_vec(), line[at + 2..].to_vec()));
    }
    // Nothing may end the quotes early, or be what ends a line for somebody.
    let plain = |text: &[u8]| text.iter().all(|byte| !b"\"\r\n\0".contains(byte));
    (plain(name) && file_name.as_deref().is_none_or(plain)).then(|| Piece {
        name: name.to_vec(),
        file_name,
        fields,
        content: part[end + 4..].to_vec(),
    })
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}
