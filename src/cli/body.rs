//! The body of the request: from an argument, a file or standard input, as text, JSON or a form.
//!
//! Owns what can be sent again for another try and what cannot. How bytes are sent is the library's.

use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use papilio::multipart::{Form, Part};
use papilio::{Bytes, Client, QueryParams, RequestBuilder};
use serde_json::Value;

use super::Failure;
use super::args::{self, Args};

/// The value of an option that may name a file: `@FILE`, `@-`; `@@` begins a text that begins with `@`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Given {
    Text(String),
    File(PathBuf),
    Stdin,
}

impl FromStr for Given {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let Some(name) = text.strip_prefix('@') else {
            return Ok(Self::Text(text.to_owned()));
        };
        match name {
            "" => Err("No file name behind the @"),
            "-" => Ok(Self::Stdin),
            _ if name.starts_with('@') => Ok(Self::Text(name.to_owned())),
            _ => Ok(Self::File(name.into())),
        }
    }
}

/// What is sent, ready for any number of tries but for a stream.
pub(crate) enum Body {
    None,
    Content(Input),
    Json(Value),
    Fields(QueryParams),
    Files {
        fields: Vec<String>,
        files: Vec<(String, String, Input)>,
    },
}

/// Bytes from somewhere.
pub(crate) enum Input {
    Memory(Bytes),
    /// A file, from this position on.
    File(File, u64),
    /// What can be read only once; `None` when it was.
    Stream(Option<Box<dyn Read + Send>>),
}

impl Body {
    /// Opens every file, so that it is known before the request whether they can be read.
    pub(crate) fn open(args: &Args) -> Result<Self, Failure> {
        check_stdin(args)?;
        if let Some(content) = &args.content {
            return Input::open(content).map(Self::Content);
        }
        if let Some(json) = &args.json {
            return read_json(json).map(Self::Json);
        }
        if args.files.is_empty() {
            return Ok(match &args.data[..] {
                [] => Self::None,
                fields => Self::Fields(args::query(fields)),
            });
        }
        let mut files = Vec::new();
        for [name, file] in args::pairs(&args.files) {
            let (file_name, input) = if file == "-" {
                ("stdin".to_owned(), Input::stdin()?)
            } else {
                let path = Path::new(file);
                let file_name = path.file_name().unwrap_or_default();
                (file_name.to_string_lossy().into_owned(), Input::file(path)?)
            };
            files.push((name.clone(), file_name, input));
        }
        Ok(Self::Files {
            fields: args.data.clone(),
            files,
        })
    }

    /// Whether another try can send it.
    pub(crate) fn is_repeatable(&self) -> bool {
        let is_stream = |input: &Input| matches!(input, Input::Stream(_));
        match self {
            Self::None | Self::Json(_) | Self::Fields(_) => true,
            Self::Content(input) => !is_stream(input),
            Self::Files { files, .. } => !files.iter().any(|(_, _, input)| is_stream(input)),
        }
    }

    /// Gives the request its body.
    pub(crate) fn give<'a>(
        &mut self,
        builder: RequestBuilder<&'a Client>,
    ) -> Result<RequestBuilder<&'a Client>, Failure> {
        Ok(match self {
            Self::None => builder,
            Self::Content(input) => builder.body(input.body()?),
            Self::Json(value) => builder.json(value),
            Self::Fields(fields) => builder.form(fields.clone()),
            Self::Files { fields, files } => {
                let mut form = Form::new();
                for [name, value] in args::pairs(fields) {
                    form = form.text(name, value.as_str());
                }
                for (name, file_name, input) in files {
                    let part = Part::stream(input.body()?).file_name(file_name.clone());
                    form = form.part(name.as_str(), part);
                }
                builder.multipart(form)
            }
        })
    }
}

impl Input {
    fn open(given: &Given) -> Result<Self, Failure> {
        match given {
            Given::Text(text) => Ok(Self::Memory(text.clone().into())),
            Given::File(path) => Self::file(path),
            Given::Stdin => Self::stdin(),
        }
    }

    fn file(path: &Path) -> Result<Self, Failure> {
        let unreadable =
            |error: io::Error| Failure::Usage(format!("cannot read '{}': {error}", path.display()));
        let file = File::open(path).map_err(unreadable)?;
        let metadata = file.metadata().map_err(unreadable)?;
        if metadata.is_dir() {
            return Err(unreadable(io::ErrorKind::IsADirectory.into()));
        }
        if metadata.is_file() {
            return Ok(Self::File(file, 0));
        }
        Self::stream(file).map_err(unreadable)
    }

    fn stdin() -> Result<Self, Failure> {
        let unreadable =
            |error: io::Error| Failure::File(format!("cannot read standard input: {error}"));
        #[cfg(unix)]
        if let Some(file) = redirected().map_err(unreadable)? {
            return Ok(file);
        }
        Self::stream(io::stdin()).map_err(unreadable)
    }

    /// What is short is read now: a server then hears how long it is, and it can be sent again.
    fn stream(mut reader: impl Read + Send + 'static) -> io::Result<Self> {
        let mut start = Vec::new();
        (&mut reader).take(READ_AHEAD).read_to_end(&mut start)?;
        if (start.len() as u64) < READ_AHEAD {
            return Ok(Self::Memory(start.into()));
        }
        let whole = Cursor::new(start).chain(reader);
        Ok(Self::Stream(Some(Box::new(whole))))
    }

    fn body(&mut self) -> Result<papilio::Body, Failure> {
        match self {
            Self::Memory(bytes) => Ok(bytes.clone().into()),
            Self::File(file, start) => {
                let opened = file.try_clone().and_then(|mut file| {
                    file.seek(SeekFrom::Start(*start))?;
                    Ok(file)
                });
                let file = opened
                    .map_err(|error| Failure::File(format!("cannot read the body: {error}")))?;
                Ok(papilio::Body::seekable(file)?)
            }
            Self::Stream(reader) => match reader.take() {
                Some(reader) => Ok(papilio::Body::reader(reader)),
                None => Err(Failure::File("the body was sent already".to_owned())),
            },
        }
    }
}

/// Standard input can be read once.
fn check_stdin(args: &Args) -> Result<(), Failure> {
    let is_stdin = |given: &Option<Given>| *given == Some(Given::Stdin);
    let options = usize::from(is_stdin(&args.content)) + usize::from(is_stdin(&args.json));
    let files = args::pairs(&args.files).filter(|[_, file]| file == "-");
    if options + files.count() > 1 {
        let message = "standard input can be sent only once";
        return Err(Failure::Usage(message.to_owned()));
    }
    Ok(())
}

/// Standard input, if it is a file.
#[cfg(unix)]
fn redirected() -> io::Result<Option<Input>> {
    use std::os::fd::AsFd;

    let mut file = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    if !file.metadata()?.is_file() {
        return Ok(None);
    }
    let start = file.stream_position()?;
    Ok(Some(Input::File(file, start)))
}

fn read_json(given: &Given) -> Result<Value, Failure> {
    let (value, whence) = match given {
        Given::Text(text) => (serde_json::from_str(text), text.clone()),
        file => {
            let mut text = Vec::new();
            let mut input = Input::open(file)?;
            let read = match &mut input {
                Input::Memory(bytes) => bytes.as_ref().read_to_end(&mut text),
                Input::File(file, _) => file.read_to_end(&mut text),
                Input::Stream(reader) => match reader {
                    Some(reader) => reader.read_to_end(&mut text),
                    None => Ok(0),
                },
            };
            let whence = match file {
                Given::File(path) => format!("@{}", path.display()),
                _ => "@-".to_owned(),
            };
            read.map_err(|error| Failure::Usage(format!("cannot read '{whence}': {error}")))?;
            (serde_json::from_slice(&text), whence)
        }
    };
    value.map_err(|error| {
        let place = format!("invalid value '{whence}' for '--json <TEXT>'");
        Failure::Usage(format!("{place}: Not valid JSON: {error}"))
    })
}

/// In bytes.
const READ_AHEAD: u64 = 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::Given;

    #[test]
    fn at_signs() {
        let text = |text: &str| Ok(Given::Text(text.to_owned()));
        assert_eq!("text".parse(), text("text"));
        assert_eq!("@@text".parse(), text("@text"));
        assert_eq!("@@@".parse(), text("@@"));
        assert_eq!("@-".parse(), Ok(Given::Stdin));
        assert_eq!("@-x".parse(), Ok(Given::File("-x".into())));
        assert!("@".parse::<Given>().is_err());
        assert_eq!("".parse(), text(""));
    }
}
