//! `Body`: what a request sends, and where it comes from.
//!
//! Owns what a body is, its length and its sending again; how readers and iterators become pieces is in
//! `body/source.rs`, what follows it in `body/trailers.rs`. Does not own framing (`protocol/http1/encode.rs`) or the headers that announce a body
//! (`models/request.rs`).

mod convert;
#[cfg(feature = "tower")]
mod lent;
mod source;
#[cfg(feature = "async")]
mod stream;
mod trailers;

use std::error::Error as StdError;
use std::fmt;
use std::fs::File;
use std::io::{self, Read, Seek};

use bytes::Bytes;

#[cfg(feature = "tower")]
pub(crate) use lent::{Home, Loan};
#[cfg(feature = "async")]
pub(crate) use stream::PolledSource;
pub use trailers::Trailers;

use source::{FactorySource, IterSource, ProgressSource, ReaderSource, SeekSource};

use crate::error::{Error, Kind, Result};
use crate::models::exclusive::Exclusive;

/// The body of a request.
///
/// Bytes and text are kept in memory and can be sent any number of times. A seekable reader or a
/// [`factory`](Self::factory) can be sent again as well; a plain reader or an iterator only once, and a redirect or an
/// authentication round that needs it again fails with [`Kind::StreamConsumed`].
///
/// Readers are read in pieces of at most 64 KiB, and only as fast as the connection takes them.
///
/// ```
/// use papilio::Body;
/// assert_eq!(Body::from("hello").len(), Some(5));
/// assert_eq!(Body::reader(std::io::empty()).len(), None);
/// ```
pub struct Body {
    source: Source,
    /// Whether a stream was touched; it must be rewound before it is sent again.
    started: bool,
    /// What is sent behind it.
    trailers: Option<Box<Trailers>>,
}

enum Source {
    Empty,
    Bytes(Bytes),
    Stream {
        source: Exclusive<Box<dyn BodySource>>,
        length: Option<u64>,
        replayable: bool,
    },
}

/// A body that is produced piece by piece.
pub(crate) trait BodySource: Send {
    /// The next piece, `None` at the end; it lives in `scratch` or in the source. Pieces may be empty.
    fn next<'a>(&'a mut self, scratch: &'a mut [u8]) -> io::Result<Option<&'a [u8]>>;

    /// Bytes from the beginning to the end, if known.
    fn length(&self) -> Option<u64> {
        None
    }

    /// Whether each piece begins where `scratch` does, and only the end is empty.
    #[cfg_attr(
        not(feature = "multipart"),
        allow(dead_code, reason = "only a form joins text and reading")
    )]
    fn fills_scratch(&self) -> bool {
        false
    }

    /// Whether [`rewind`](Self::rewind) can work.
    fn replayable(&self) -> bool {
        false
    }

    /// What follows its end, if it is made of bodies that may have that.
    fn trailers(&self) -> Option<Box<Trailers>> {
        None
    }

    /// Back to the beginning.
    fn rewind(&mut self) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// The same source, if its pieces have to be polled for.
    #[cfg(feature = "async")]
    fn polled(&mut self) -> Option<&mut dyn PolledSource> {
        None
    }
}

impl Body {
    /// No body.
    ///
    /// ```
    /// # use papilio::Body;
    /// assert!(Body::empty().is_empty());
    /// ```
    pub const fn empty() -> Self {
        Self {
            source: Source::Empty,
            started: false,
            trailers: None,
        }
    }

    /// A reader of unknown length, sent in chunks. It can be sent once.
    ///
    /// ```
    /// let body = papilio::Body::reader(&b"streamed"[..]);
    /// assert!(!body.is_replayable());
    /// ```
    pub fn reader(reader: impl Read + Send + 'static) -> Self {
        Self::stream(ReaderSource {
            reader,
            length: None,
        })
    }

    /// A reader that will give exactly `length` bytes, announced as `Content-Length`. It can be sent once; giving
    /// fewer or more bytes fails the request with [`Kind::LocalProtocol`].
    ///
    /// ```
    /// # use papilio::Body;
    /// let body = Body::sized(std::io::repeat(b'x'), 1000);
    /// assert_eq!(body.len(), Some(1000));
    /// ```
    pub fn sized(reader: impl Read + Send + 'static, length: u64) -> Self {
        Self::stream(ReaderSource {
            reader,
            length: Some(length),
        })
    }

    /// A seekable reader, sent from where it stands to its end, with its length announced; it can be sent again.
    ///
    /// # Errors
    /// [`Kind::Body`] if seeking fails.
    ///
    /// ```
    /// let body = papilio::Body::seekable(std::io::Cursor::new("twelve bytes"))?;
    /// assert_eq!(body.len(), Some(12));
    /// assert!(body.is_replayable());
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn seekable(reader: impl Read + Seek + Send + 'static) -> Result<Self> {
        match SeekSource::measure(reader) {
            Ok(source) => Ok(Self::stream(source)),
            Err(e) => Err(Error::new(Kind::Body, "cannot seek in the request body").with_source(e)),
        }
    }

    /// A file, opened now and sent from its beginning; it can be sent again.
    ///
    /// # Errors
    /// [`Kind::Body`] if the file cannot be opened; the message names the path.
    ///
    /// ```
    /// # use papilio::Body;
    /// let path = std::env::temp_dir().join(format!("papilio-body-{}", std::process::id()));
    /// std::fs::write(&path, "abc").unwrap();
    /// let body = Body::file(&path)?;
    /// assert_eq!((body.len(), body.is_replayable()), (Some(3), true));
    /// # std::fs::remove_file(&path).unwrap();
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn file(path: impl AsRef<std::path::Path>) -> Result<Self> {
        let path = path.as_ref();
        let file = File::open(path).map_err(|e| {
            Error::new(Kind::Body, format!("cannot open {}", path.display())).with_source(e)
        })?;
        Self::seekable(file)
    }

    /// An iterator of pieces, each sent as one chunk of its own as soon as the connection takes it; empty pieces are
    /// skipped. It can be sent once.
    ///
    /// ```
    /// let body = papilio::Body::iter(["first", "second"]);
    /// assert_eq!(body.len(), None);
    /// ```
    #[doc(alias = "wrap_stream")]
    pub fn iter<I>(pieces: I) -> Self
    where
        I: IntoIterator,
        I::IntoIter: Send + 'static,
        I::Item: Into<Bytes>,
    {
        let mut pieces = pieces.into_iter();
        Self::stream(IterSource::new(move || pieces.next().map(|p| Ok(p.into()))))
    }

    /// As [`iter`](Self::iter), for pieces that may fail. The first error aborts the request with [`Kind::Body`] and
    /// is its source.
    ///
    /// ```
    /// # use papilio::Body;
    /// let pieces = [Ok("one"), Err(std::io::Error::other("broken"))];
    /// let mut body = Body::try_iter(pieces);
    /// assert_eq!(body.buffer().unwrap_err().kind(), papilio::Kind::Body);
    /// ```
    pub fn try_iter<I, T, E>(pieces: I) -> Self
    where
        I: IntoIterator<Item = std::result::Result<T, E>>,
        I::IntoIter: Send + 'static,
        T: Into<Bytes>,
        E: Into<Box<dyn StdError + Send + Sync>>,
    {
        let mut pieces = pieces.into_iter();
        let next = move || {
            pieces
                .next()
                .map(|p| p.map(Into::into).map_err(io::Error::other))
        };
        Self::stream(IterSource::new(next))
    }

    /// A stream that can be sent again, because the closure makes it anew each time.
    ///
    /// ```
    /// use papilio::Body;
    /// let body = Body::factory(|| Body::iter(["a", "b"]));
    /// assert!(body.is_replayable());
    /// ```
    pub fn factory(make: impl Fn() -> Self + Send + 'static) -> Self {
        Self::stream(FactorySource::new(make))
    }

    /// The same body, calling `report` with the bytes sent so far and the number of all bytes, if that is known: with 0
    /// when sending begins, then after each piece of at most 64 KiB that the connection took. If the body has to be
    /// sent again, for a redirect or on another connection, it begins anew at 0.
    ///
    /// It is called on the thread that sends, which waits for it. The body counts as a stream from then on; one without
    /// any bytes stays as it is and reports nothing.
    ///
    /// ```
    /// use papilio::Body;
    /// let body = Body::from("some text").on_progress(|sent, total| eprintln!("{sent} of {total:?}"));
    /// assert_eq!(body.len(), Some(9));
    /// assert!(body.is_replayable());
    /// ```
    pub fn on_progress(self, report: impl FnMut(u64, Option<u64>) + Send + 'static) -> Self {
        if self.is_empty() {
            return self;
        }
        Self::stream(ProgressSource::new(self, report))
    }

    pub(crate) fn stream(source: impl BodySource + 'static) -> Self {
        let (length, replayable, trailers) =
            (source.length(), source.replayable(), source.trailers());
        let source = Exclusive::new(Box::new(source) as Box<dyn BodySource>);
        Self {
            source: Source::Stream {
                source,
                length,
                replayable,
            },
            started: false,
            trailers,
        }
    }

    /// The number of bytes, if known.
    ///
    /// ```
    /// # use papilio::Body;
    /// assert_eq!(Body::from("four").len(), Some(4));
    /// assert_eq!(Body::reader(std::io::empty()).len(), None);
    /// ```
    #[doc(alias = "content_length")]
    pub fn len(&self) -> Option<u64> {
        match &self.source {
            Source::Empty => Some(0),
            Source::Bytes(bytes) => Some(bytes.len() as u64),
            Source::Stream { length, .. } => *length,
        }
    }

    /// Whether there is no body at all. A stream is never empty in this sense, nor is what has trailers.
    ///
    /// ```
    /// # use papilio::Body;
    /// assert!(Body::from("").is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        matches!(self.source, Source::Empty) && self.trailers.is_none()
    }

    /// The bytes of a body that is held in memory.
    ///
    /// ```
    /// # use papilio::Body;
    /// assert_eq!(Body::from("four").as_bytes(), Some(&b"four"[..]));
    /// assert_eq!(Body::reader(std::io::empty()).as_bytes(), None);
    /// ```
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match &self.source {
            Source::Empty => Some(&[]),
            Source::Bytes(bytes) => Some(bytes),
            Source::Stream { .. } => None,
        }
    }

    /// Whether it can be sent more than once.
    ///
    /// ```
    /// # use papilio::Body;
    /// assert!(Body::from("text").is_replayable());
    /// assert!(!Body::reader(std::io::empty()).is_replayable());
    /// ```
    pub fn is_replayable(&self) -> bool {
        match &self.source {
            Source::Empty | Source::Bytes(_) => true,
            Source::Stream { replayable, .. } => *replayable,
        }
    }

    /// Reads a stream into memory, after which the body is replayable; a body in memory is given as it is.
    ///
    /// # Errors
    /// [`Kind::Body`] if the source fails, [`Kind::StreamConsumed`] if it was sent already.
    ///
    /// ```
    /// # use papilio::Body;
    /// let mut body = Body::iter(["one", "two"]);
    /// assert_eq!(body.buffer()?, b"onetwo");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    #[doc(alias = "read")]
    pub fn buffer(&mut self) -> Result<&[u8]> {
        if let Source::Stream { .. } = self.source {
            self.prepare()?;
            let mut all = Vec::new();
            let mut scratch = vec![0; PIECE];
            while let Some(piece) = self.next(&mut scratch)? {
                all.extend_from_slice(piece);
            }
            self.hold(all);
        }
        Ok(self.as_bytes().unwrap_or_default())
    }

    /// What was a stream is in memory now.
    pub(crate) fn hold(&mut self, all: Vec<u8>) {
        let trailers = self.trailers.take();
        *self = Self::from(all);
        self.trailers = trailers;
    }

    /// A copy, if the body is in memory.
    pub(crate) fn try_clone(&self) -> Option<Self> {
        let mut copy = Self::from(self.shared()?);
        copy.trailers.clone_from(&self.trailers);
        Some(copy)
    }

    /// The shared bytes of a body that is in memory.
    pub(crate) fn shared(&self) -> Option<Bytes> {
        match &self.source {
            Source::Empty => Some(Bytes::new()),
            Source::Bytes(bytes) => Some(bytes.clone()),
            Source::Stream { .. } => None,
        }
    }

    /// Whether it can be sent now: not for the first time only if it can be sent again.
    pub(crate) fn is_sendable(&self) -> bool {
        !self.started || self.is_replayable()
    }

    /// To be called before each sending: rewinds what was started.
    pub(crate) fn prepare(&mut self) -> Result<()> {
        if !self.started {
            return Ok(());
        }
        if let Source::Stream {
            source, replayable, ..
        } = &mut self.source
        {
            if !*replayable {
                return Err(Error::new(
                    Kind::StreamConsumed,
                    "the request body was sent already and cannot be sent again; use bytes, a seekable reader or Body::factory",
                ));
            }
            source.get_mut().rewind().map_err(|e| {
                Error::new(Kind::StreamConsumed, "the request body cannot be rewound")
                    .with_source(e)
            })?;
            if let Some(trailers) = source.get_mut().trailers() {
                self.trailers = Some(trailers);
            }
        }
        self.started = false;
        Ok(())
    }

    /// The next piece of whatever kind of body, for a source around it; bytes in memory are one piece.
    pub(crate) fn lend<'a>(&'a mut self, scratch: &'a mut [u8]) -> io::Result<Option<&'a [u8]>> {
        let is_first = !std::mem::replace(&mut self.started, true);
        match &mut self.source {
            Source::Stream { source, .. } => source.get_mut().next(scratch),
            Source::Bytes(bytes) if is_first => Ok(Some(bytes)),
            Source::Bytes(_) | Source::Empty => Ok(None),
        }
    }

    /// As [`BodySource::fills_scratch`], of what [`lend`](Self::lend) gives.
    #[cfg_attr(
        not(feature = "multipart"),
        allow(dead_code, reason = "only a form joins text and reading")
    )]
    pub(crate) fn fills_scratch(&mut self) -> bool {
        match &mut self.source {
            Source::Stream { source, .. } => source.get_mut().fills_scratch(),
            Source::Bytes(_) | Source::Empty => false,
        }
    }

    /// The next piece of a stream that is not empty; `None` at the end and for bodies in memory.
    pub(crate) fn next<'a>(&'a mut self, scratch: &'a mut [u8]) -> Result<Option<&'a [u8]>> {
        let Source::Stream { source, .. } = &mut self.source else {
            return Ok(None);
        };
        self.started = true;
        source
            .get_mut()
            .next(scratch)
            .map_err(|e| Error::new(Kind::Body, "the request body failed").with_source(e))
    }
}

/// How much of a reader is read, and so sent, at a time.
pub(crate) const PIECE: usize = 64 << 10;

impl Default for Body {
    fn default() -> Self {
        Self::empty()
    }
}

/// The kind and length of the body; never its content.
impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.source, self.len()) {
            (Source::Empty, _) => f.write_str("Body::Empty"),
            (Source::Bytes(bytes), _) => write!(f, "Body::Bytes({})", bytes.len()),
            (Source::Stream { .. }, Some(length)) => write!(f, "Body::Stream({length})"),
            (Source::Stream { .. }, None) => f.write_str("Body::Stream"),
        }
    }
}
