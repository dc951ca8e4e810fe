//! `Form`: a body of parts, `multipart/form-data` (RFC 7578).
//!
//! Owns the list of parts and their layout. A part is in `multipart/part.rs`, the line between parts in
//! `multipart/boundary.rs`, the lazy reading in `multipart/source.rs`. Does not own the request's header
//! (`client/request.rs`).

mod boundary;
mod media_type;
mod part;
mod source;
#[cfg(test)]
mod tests;

use std::fmt;
use std::path::Path;

pub(crate) use boundary::Boundary;
pub use part::Part;
use source::Assembly;

use crate::error::{Error, Result};
use crate::models::body::Body;
use crate::models::exclusive::Exclusive;
use crate::models::query::{QueryParams, QueryValue};

/// A form of fields and files, sent as `multipart/form-data` in the order they were added.
///
/// Files and readers are read while they are sent, never into memory before. If the length of every part is known, so is
/// `Content-Length`; if every part can be sent again, so can the form.
///
/// ```
/// use papilio::multipart::{Form, Part};
///
/// let form = Form::new()
///     .text("title", "Butterflies")
///     .text("pages", 12)
///     .part("cover", Part::bytes("...").file_name("cover.png"))
///     .part("notes", Part::reader(std::io::empty()).mime("text/plain")?);
/// let request = papilio::Client::new().post("https://example.org/books").multipart(form).build()?;
/// let content_type = request.headers.get("Content-Type").unwrap_or_default();
/// assert!(content_type.starts_with("multipart/form-data; boundary="));
/// # Ok::<(), papilio::Error>(())
/// ```
#[derive(Default)]
#[must_use]
pub struct Form {
    parts: Vec<(String, Part)>,
    report: Option<Exclusive<Report>>,
}

type Report = Box<dyn FnMut(u64, Option<u64>) + Send>;

impl Form {
    /// A form without parts.
    ///
    /// ```
    /// use papilio::multipart::Form;
    /// assert!(Form::new().is_empty());
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a field: text, a number, a boolean, an `Option` (`None` is empty), or a list of those for several fields of
    /// that name.
    ///
    /// ```
    /// use papilio::multipart::Form;
    /// let form = Form::new().text("draft", true).text("tag", ["moth", "night"]);
    /// assert_eq!(form.len(), 3);
    /// ```
    #[doc(alias = "data")]
    pub fn text(mut self, name: impl Into<String>, value: impl QueryValue) -> Self {
        let name = name.into();
        value.each(&mut |value| {
            self.parts.push((name.clone(), Part::text(value)));
        });
        self
    }

    /// Adds a file, opened now, under the last part of its path as file name.
    ///
    /// # Errors
    /// [`Kind::Body`](crate::Kind::Body) if the file cannot be opened; the message names the path.
    ///
    /// ```
    /// use papilio::multipart::Form;
    /// let path = std::env::temp_dir().join(format!("papilio-form-{}.txt", std::process::id()));
    /// std::fs::write(&path, "abc").unwrap();
    /// assert_eq!(Form::new().file("notes", &path)?.len(), 1);
    /// # std::fs::remove_file(&path).unwrap();
    /// # Ok::<(), papilio::Error>(())
    /// ```
    #[doc(alias = "files")]
    pub fn file(self, name: impl Into<String>, path: impl AsRef<Path>) -> Result<Self> {
        Ok(self.part(name, Part::file(path)?))
    }

    /// Adds a part. A name may be used any number of times.
    ///
    /// ```
    /// use papilio::multipart::{Form, Part};
    /// let form = Form::new().part("data", Part::bytes("abc").file_name("a.bin"));
    /// assert_eq!(form.len(), 1);
    /// ```
    pub fn part(mut self, name: impl Into<String>, part: Part) -> Self {
        self.parts.push((name.into(), part));
        self
    }

    /// Calls `report` with the bytes sent so far and the number of all bytes, if that is known. See
    /// [`Body::on_progress`].
    ///
    /// ```
    /// use papilio::multipart::Form;
    /// let form = Form::new()
    ///     .text("a", 1)
    ///     .on_progress(|sent, total| println!("{sent} of {total:?}"));
    /// ```
    pub fn on_progress(mut self, report: impl FnMut(u64, Option<u64>) + Send + 'static) -> Self {
        self.report = Some(Exclusive::new(Box::new(report)));
        self
    }

    /// The number of parts.
    ///
    /// ```
    /// use papilio::multipart::Form;
    /// assert_eq!(Form::new().text("a", 1).text("b", 2).len(), 2);
    /// ```
    pub fn len(&self) -> usize {
        self.parts.len()
    }

    /// Whether there are no parts. A request with such a form has no body.
    ///
    /// ```
    /// use papilio::multipart::Form;
    /// assert!(Form::new().is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// The body, with these fields before the parts of the form.
    pub(crate) fn encode(self, fields: &QueryParams, boundary: &Boundary) -> Result<Body> {
        let mut parts: Vec<_> = fields
            .iter()
            .map(|(name, value)| (name.to_owned(), Part::text(value)))
            .collect();
        parts.extend(self.parts);
        let mut assembly = Assembly::default();
        for (name, part) in parts {
            let head = part.head(&name);
            let content = part.body.as_bytes().unwrap_or_default();
            if boundary.is_broken_by(&head) || boundary.is_broken_by(content) {
                return Err(Error::local(format!(
                    "The boundary that was given begins a line of the part {name:?}"
                )));
            }
            assembly.text(b"--");
            assembly.text(boundary.as_bytes());
            assembly.text(&head);
            assembly.text(b"\r\n\r\n");
            assembly.body(part.body);
            assembly.text(b"\r\n");
        }
        assembly.text(b"--");
        assembly.text(boundary.as_bytes());
        assembly.text(b"--\r\n");
        let body = assembly.finish();
        Ok(match self.report {
            Some(report) => body.on_progress(report.into_inner()),
            None => body,
        })
    }
}

/// Names and parts, without any content.
impl fmt::Debug for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = self.parts.iter().map(|(name, part)| (name, part));
        f.debug_list().entries(parts).finish()
    }
}
