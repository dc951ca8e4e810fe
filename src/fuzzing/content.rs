//! Content decoding, text and lines for fuzz targets.

use crate::error::Error;
use crate::models::headers::Headers;
use crate::models::text;
use crate::protocol::content;

/// Content decoding in pieces; `Err(None)` once there are 4 MiB of output.
pub fn decode_content(
    codings: &str,
    data: &[u8],
    piece: usize,
    room: usize,
) -> Result<Vec<u8>, Option<Error>> {
    let mut headers = Headers::new();
    headers.push("Content-Encoding", codings.as_bytes());
    let Some(mut decoder) = content::Decoder::for_headers(&headers, 5).map_err(Some)? else {
        return Ok(data.to_vec());
    };
    let (mut out, mut buffer) = (Vec::new(), vec![0; room]);
    for mut input in data.chunks(piece).chain([&[][..]]) {
        let at_end = input.is_empty();
        loop {
            let moved = decoder.step(input, &mut buffer, at_end).map_err(Some)?;
            assert!(moved.written <= 64 << 10, "a step is too large");
            out.extend_from_slice(&buffer[..moved.written]);
            input = &input[moved.used..];
            if out.len() > 4 << 20 {
                return Err(None);
            }
            if moved == content::Progress::default() {
                assert!(input.is_empty(), "input is left");
                break;
            }
        }
    }
    Ok(out)
}

/// Text decoding in pieces; `None` for an unknown label. In one piece, at once.
pub fn decode_text(label: &str, data: &[u8], piece: usize) -> Option<String> {
    let charset = text::Charset::for_label(label)?;
    if piece >= data.len() {
        return Some(charset.decode(data).into_owned());
    }
    let (mut decoder, mut out) = (charset.decoder(), String::new());
    for part in data.chunks(piece) {
        decoder.push(part, false, &mut out);
    }
    decoder.push(&[], true, &mut out);
    Some(out)
}

/// Pieces of about so many bytes.
fn pieces(text: &str, size: usize) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let at = (size.min(rest.len())..=rest.len()).find(|&at| rest.is_char_boundary(at))?;
        let (piece, tail) = rest.split_at(at);
        rest = tail;
        Some(piece).filter(|piece| !piece.is_empty())
    })
}

/// All lines; `None` if one is too long.
pub fn split_lines(text: &str, piece: usize, limit: usize) -> Option<Vec<String>> {
    let mut splitter = text::LineSplitter::new(limit);
    let mut lines = Vec::new();
    for part in pieces(text, piece) {
        splitter.push(part);
        while let Some(line) = splitter.pop(false).ok()? {
            lines.push(line);
        }
    }
    while let Some(line) = splitter.pop(true).ok()? {
        lines.push(line);
    }
    Some(lines)
}

/// All runs of characters.
pub fn chunk_text(text: &str, piece: usize, size: usize) -> Vec<String> {
    let mut chunks = text::CharChunks::new(size);
    let mut all = Vec::new();
    for part in pieces(text, piece) {
        chunks.push(part);
        all.extend(std::iter::from_fn(|| chunks.pop(false)));
    }
    all.extend(std::iter::from_fn(|| chunks.pop(true)));
    all
}

/// The `charset` parameter.
pub fn charset_param(content_type: &str) -> Option<String> {
    text::charset_param(content_type)
}

/// JSON's own detection of UTF.
pub fn json_text(data: &[u8]) -> Option<String> {
    text::json_text(data).ok().map(std::borrow::Cow::into_owned)
}
