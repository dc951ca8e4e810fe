//! `Part`: one field or file of a form.
//!
//! Owns its header lines. Does not own its content (`models/body.rs`) or what stands around it (`models/multipart.rs`).

use std::borrow::Cow;
use std::fmt;
use std::io::{Read, Seek};
use std::path::Path;

use bytes::Bytes;

use super::media_type;
use crate::error::{Error, Result};
use crate::models::body::Body;
use crate::models::headers::Headers;

/// One field or file of a [`Form`](super::Form): content, perhaps a file name and a media type.
///
/// All but [`text`](Self::text) are files, called `upload` unless [`file_name`](Self::file_name) says otherwise. A part
/// with a file name has a media type: the one given, else the one of the name's extension, else
/// `application/octet-stream`.
///
/// ```
/// use papilio::multipart::Part;
///
/// let part = Part::bytes("a,b\r\n1,2\r\n")
///     .file_name("table.csv")
///     .mime("text/csv; header=present")?
///     .header("X-Rows", "1")?;
/// # Ok::<(), papilio::Error>(())
/// ```
#[must_use]
pub struct Part {
    pub(super) body: Body,
    /// Empty for none.
    file_name: Cow<'static, str>,
    headers: Headers,
    media_type: Option<String>,
}

impl Part {
    /// A field, without file name and media type.
    ///
    /// ```
    /// use papilio::multipart::{Form, Part};
    /// let form = Form::new().part("a", Part::text("abc"));
    /// let mut request = papilio::Client::new().post("http://e.com/").multipart(form).build()?;
    /// let body = String::from_utf8_lossy(request.body.buffer()?);
    /// assert!(body.contains("name=\"a\""));
    /// assert!(body.contains("abc"));
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn text(value: impl Into<String>) -> Self {
        Self::new(Body::from(value.into()), "")
    }

    /// A file in memory.
    ///
    /// ```
    /// use papilio::multipart::{Form, Part};
    /// let form = Form::new().part("a", Part::bytes(vec![b'x'; 3]));
    /// let mut request = papilio::Client::new().post("http://e.com/").multipart(form).build()?;
    /// let body = String::from_utf8_lossy(request.body.buffer()?);
    /// assert!(body.contains("xxx"));
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn bytes(bytes: impl Into<Bytes>) -> Self {
        Self::stream(bytes.into())
    }

    /// A file, opened now, under the last part of its path as file name; it can be sent again.
    ///
    /// # Errors
    /// [`Kind::Body`](crate::Kind::Body) if the file cannot be opened; the message names the path.
    ///
    /// ```
    /// use papilio::multipart::{Form, Part};
    /// let path = std::env::temp_dir().join(format!("papilio-part-{}.txt", std::process::id()));
    /// std::fs::write(&path, "abc").unwrap();
    /// let form = Form::new().part("notes", Part::file(&path)?.mime("text/markdown")?);
    /// # std::fs::remove_file(&path).unwrap();
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn file(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        Ok(Self::new(Body::file(path)?, name.into_owned()))
    }

    /// A reader of unknown length. It can be sent once, and the form has no `Content-Length`.
    ///
    /// ```
    /// use papilio::multipart::{Form, Part};
    /// let form = Form::new().part("a", Part::reader("abc".as_bytes()));
    /// let mut request = papilio::Client::new().post("http://e.com/").multipart(form).build()?;
    /// let body = String::from_utf8_lossy(request.body.buffer()?);
    /// assert!(body.contains("abc"));
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn reader(reader: impl Read + Send + 'static) -> Self {
        Self::stream(Body::reader(reader))
    }

    /// A reader that will give exactly `length` bytes. It can be sent once; giving fewer or more bytes fails the request
    /// with [`Kind::Body`](crate::Kind::Body).
    ///
    /// ```
    /// use papilio::multipart::{Form, Part};
    /// let form = Form::new().part("data", Part::sized(std::io::repeat(7), 1 << 40));
    /// let request = papilio::Client::new().post("http://e.com/").multipart(form).build()?;
    /// assert!(request.body.len() > Some(1 << 40));
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn sized(reader: impl Read + Send + 'static, length: u64) -> Self {
        Self::stream(Body::sized(reader, length))
    }

    /// A seekable reader, sent from where it stands to its end; it can be sent again.
    ///
    /// # Errors
    /// [`Kind::Body`](crate::Kind::Body) if seeking fails.
    ///
    /// ```
    /// use papilio::multipart::{Form, Part};
    /// use std::io::Cursor;
    /// let form = Form::new().part("a", Part::seekable(Cursor::new("abc"))?);
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn seekable(reader: impl Read + Seek + Send + 'static) -> Result<Self> {
        Ok(Self::stream(Body::seekable(reader)?))
    }

    /// Any body: an iterator of pieces, one made anew for each sending, one with progress of its own.
    ///
    /// ```
    /// use papilio::{Body, multipart::Part};
    /// let part = Part::stream(Body::factory(|| Body::iter(["a", "b"])));
    /// ```
    pub fn stream(body: impl Into<Body>) -> Self {
        Self::new(body.into(), "upload")
    }

    /// The file name the server is told; an empty one is none.
    ///
    /// ```
    /// use papilio::multipart::{Form, Part};
    /// let form = Form::new().part("a", Part::bytes("abc").file_name("a.png"));
    /// let mut request = papilio::Client::new().post("http://e.com/").multipart(form).build()?;
    /// let body = String::from_utf8_lossy(request.body.buffer()?);
    /// assert!(body.contains("image/png"));
    /// # Ok::<(), papilio::Error>(())
    /// ```
    #[doc(alias = "filename")]
    pub fn file_name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.file_name = name.into();
        self
    }

    /// The media type, in place of the one of the file name's extension.
    ///
    /// # Errors
    /// [`Kind::LocalProtocol`](crate::Kind::LocalProtocol) if it is empty or cannot be the value of a header.
    ///
    /// ```
    /// use papilio::multipart::{Form, Part};
    /// let form = Form::new().part("a", Part::bytes("{}").mime("application/json")?);
    /// let mut request = papilio::Client::new().post("http://e.com/").multipart(form).build()?;
    /// let body = String::from_utf8_lossy(request.body.buffer()?);
    /// assert!(body.contains("application/json"));
    /// # Ok::<(), papilio::Error>(())
    /// ```
    #[doc(alias = "mime_str")]
    pub fn mime(mut self, media_type: impl Into<String>) -> Result<Self> {
        let media_type = media_type.into();
        if media_type.is_empty() {
            return Err(Error::local("Empty media type of a part"));
        }
        Headers::new().append(CONTENT_TYPE, &media_type)?;
        self.media_type = Some(media_type);
        Ok(self)
    }

    /// Adds a header to the part. A `Content-Type` here wins over every other.
    ///
    /// # Errors
    /// [`Kind::LocalProtocol`](crate::Kind::LocalProtocol) if name or value break the grammar of headers, and for
    /// `Content-Disposition`, which says the names.
    ///
    /// ```
    /// use papilio::multipart::{Form, Part};
    /// let form = Form::new().part("a", Part::text("abc").header("X-Part", "7")?);
    /// let mut request = papilio::Client::new().post("http://e.com/").multipart(form).build()?;
    /// let body = String::from_utf8_lossy(request.body.buffer()?);
    /// assert!(body.contains("X-Part: 7"));
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn header(mut self, name: impl AsRef<str>, value: impl AsRef<[u8]>) -> Result<Self> {
        if name.as_ref().eq_ignore_ascii_case("Content-Disposition") {
            return Err(Error::local(
                "Content-Disposition of a part is made of its name and file name",
            ));
        }
        self.headers.append(name, value)?;
        Ok(self)
    }

    fn new(body: Body, file_name: impl Into<Cow<'static, str>>) -> Self {
        Self {
            body,
            file_name: file_name.into(),
            headers: Headers::new(),
            media_type: None,
        }
    }

    /// The header lines, each after a line end (RFC 7578 section 4.2).
    pub(super) fn head(&self, name: &str) -> Vec<u8> {
        let mut out = Vec::with_capacity(128);
        out.extend_from_slice(b"\r\nContent-Disposition: form-data; name=\"");
        quoted(name, &mut out);
        if !self.file_name.is_empty() {
            out.extend_from_slice(b"\"; filename=\"");
            quoted(&self.file_name, &mut out);
        }
        out.push(b'"');
        let mut line = |name: &str, value: &[u8]| {
            for text in [b"\r\n", name.as_bytes(), b": ", value] {
                out.extend_from_slice(text);
            }
        };
        for (name, value) in &self.headers {
            line(name, value);
        }
        if let Some(media_type) = self.media_type() {
            line(CONTENT_TYPE, media_type.as_bytes());
        }
        out
    }

    /// The media type to announce, unless a header of the caller's does.
    fn media_type(&self) -> Option<&str> {
        if self.headers.contains(CONTENT_TYPE) {
            return None;
        }
        let guess = || (!self.file_name.is_empty()).then(|| media_type::guess(&self.file_name));
        self.media_type.as_deref().or_else(guess)
    }
}

/// The file name and the kind of content, never the content.
impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Part");
        if !self.file_name.is_empty() {
            out.field("file_name", &self.file_name);
        }
        if let Some(media_type) = self.media_type() {
            out.field("mime", &media_type);
        }
        if !self.headers.is_empty() {
            out.field("headers", &self.headers);
        }
        out.field("body", &self.body).finish()
    }
}

/// A name between quotes, as browsers write it (WHATWG HTML, multipart/form-data encoding), and a backslash doubled.
/// Nothing in it can end the quotes or the line.
fn quoted(name: &str, out: &mut Vec<u8>) {
    for &byte in name.as_bytes() {
        match byte {
            b'"' => out.extend_from_slice(b"%22"),
            b'\\' => out.extend_from_slice(b"\\\\"),
            0..0x20 if byte != ESCAPE => {
                let digit = match byte & 0xF {
                    low @ 0..=9 => b'0' + low,
                    low => b'A' + low - 10,
                };
                out.extend_from_slice(&[b'%', b'0' + (byte >> 4), digit]);
            }
            _ => out.push(byte),
        }
    }
}

/// Part of the escape sequences of ISO-2022 character sets, so it passes.
const ESCAPE: u8 = 0x1B;

const CONTENT_TYPE: &str = "Content-Type";
