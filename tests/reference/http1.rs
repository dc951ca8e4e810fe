//! A second reader of HTTP/1.1 responses, written from RFC 9112 alone: whole messages only, slow, plain. It is there to
//! disagree with the codec, in fuzz targets and tests; where both accept bytes they must have read the same.

/// A response as this reader understood it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) status: u16,
    pub(crate) fields: Vec<(Vec<u8>, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
    pub(crate) trailers: Vec<(Vec<u8>, Vec<u8>)>,
    /// What follows it.
    pub(crate) rest: usize,
}

type Fields = Vec<(Vec<u8>, Vec<u8>)>;

/// The final response in `input`, to a request with `method`; `None` if it is incomplete or not right. The input is
/// followed by the end of the connection if `fin`.
pub(crate) fn read(method: &str, input: &[u8], fin: bool) -> Option<Message> {
    let mut input = input;
    loop {
        if let Some(rest) = input.strip_prefix(b"\r\n") {
            input = rest;
        }
        let first = line(&mut input)?;
        let text: String = first.iter().map(|&byte| char::from(byte)).collect();
        let (start, reason) = text.split_at_checked(12)?;
        let code: u16 = start.get(9..)?.parse().ok()?;
        let version = start.get(..9)?;
        let known = version == "HTTP/1.0 " || version == "HTTP/1.1 ";
        if !known || !(100..1000).contains(&code) || !(reason.is_empty() || reason.starts_with(' '))
        {
            return None;
        }
        let fields = fields(&mut input)?;
        if code == 101 || code >= 200 {
            return body(method, code, fields, input, fin);
        }
    }
}

/// RFC 9112 section 6.3, in its order.
fn body(method: &str, status: u16, fields: Fields, mut input: &[u8], fin: bool) -> Option<Message> {
    let all = |name: &[u8]| -> Vec<&[u8]> {
        let same = |field: &&(Vec<u8>, Vec<u8>)| field.0.eq_ignore_ascii_case(name);
        fields
            .iter()
            .filter(same)
            .map(|(_, v)| v.as_slice())
            .collect()
    };
    let mut trailers = Vec::new();
    let none = method == "HEAD"
        || matches!(status, 101 | 204 | 304)
        || (method == "CONNECT" && (200..300).contains(&status));
    let codings = all(b"transfer-encoding");
    let lengths = all(b"content-length").join(&b","[..]);
    let body = if none {
        Vec::new()
    } else if !codings.is_empty() {
        if codings.len() != 1 || !codings[0].eq_ignore_ascii_case(b"chunked") {
            return None;
        }
        let body = chunks(&mut input)?;
        trailers = self::fields(&mut input)?;
        body
    } else if !all(b"content-length").is_empty() {
        let mut values = lengths.split(|&b| b == b',').map(<[u8]>::trim_ascii);
        let first = values.next()?;
        if !values.all(|value| value == first) || !first.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let length: usize = std::str::from_utf8(first).ok()?.parse().ok()?;
        let (body, rest) = input.split_at_checked(length)?;
        input = rest;
        body.to_vec()
    } else if fin {
        std::mem::take(&mut input).to_vec()
    } else {
        return None;
    };
    let rest = input.len();
    Some(Message {
        status,
        fields,
        body,
        trailers,
        rest,
    })
}

/// RFC 9112 section 7.1, without the trailer section.
fn chunks(input: &mut &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = input.windows(2).position(|pair| pair == b"\r\n")?;
        let head = &input[..end];
        *input = &input[end + 2..];
        let size = head.split(|b| b" \t;".contains(b)).next()?;
        let after = head[size.len()..].trim_ascii_start();
        let control = |&byte: &u8| (byte < b' ' && byte != b'\t') || byte == 0x7F;
        if !(after.is_empty() || after[0] == b';') || head.iter().any(control) {
            return None;
        }
        if size.is_empty() || !size.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        let size = usize::from_str_radix(std::str::from_utf8(size).ok()?, 16).ok()?;
        if size == 0 {
            return Some(body);
        }
        let (data, rest) = input.split_at_checked(size)?;
        body.extend_from_slice(data);
        *input = rest.strip_prefix(b"\r\n")?;
    }
}

/// RFC 9112 section 5, with obsolete folding read as one space.
fn fields(input: &mut &[u8]) -> Option<Fields> {
    let mut fields = Fields::new();
    loop {
        let line = line(input)?;
        if line.is_empty() {
            return Some(fields);
        }
        if line.starts_with(b" ") || line.starts_with(b"\t") {
            let (_, value) = fields.last_mut()?;
            let more = line.trim_ascii();
            if !value.is_empty() && !more.is_empty() {
                value.push(b' ');
            }
            value.extend_from_slice(more);
            continue;
        }
        let colon = line.iter().position(|&byte| byte == b':')?;
        let (name, value) = (&line[..colon], &line[colon + 1..]);
        let token = |b: &u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(b);
        if name.is_empty() || !name.iter().all(token) {
            return None;
        }
        fields.push((name.to_vec(), value.trim_ascii().to_vec()));
    }
}

/// A line without its end, which is CRLF or LF, and without control characters.
fn line<'a>(input: &mut &'a [u8]) -> Option<&'a [u8]> {
    let end = input.iter().position(|&byte| byte == b'\n')?;
    let line = &input[..end];
    *input = &input[end + 1..];
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let control = |&byte: &u8| (byte < b' ' && byte != b'\t') || byte == 0x7F;
    (!line.iter().any(control)).then_some(line)
}
