//! A logger for programs that have none: [`basic_config`], with the lines of HTTPX's documentation.
//!
//! papilio logs through the [`log`](https://docs.rs/log) crate and installs no logger: a library that does would take
//! that choice from the program. Any logger will do. This is a small one, for a look at what happens and for programs
//! that need no more; it has to be asked for, with the feature `env_logger`.
//!
//! ```
//! # fn main() -> papilio::Result<()> {
//! use papilio::logging::{self, LevelFilter};
//!
//! logging::basic_config().level(LevelFilter::Debug).init()?;
//! # Ok(())
//! # }
//! ```
//!
//! Then standard error has lines such as these:
//!
//! ```text
//! DEBUG [2024-09-28 17:27:40] papilio::connection - connection.connect_tcp.started host="www.example.com" port=443 local_address=None timeout=5s
//! INFO [2024-09-28 17:27:41] papilio - HTTP Request: GET https://www.example.com/ "HTTP/1.1 200 OK"
//! ```

// Owns the settings and the logger made of them. Which lines there are is decided where they are logged.

mod levels;
mod line;

use std::borrow::Cow;
use std::env;
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use env_logger::Target;
use log::{Log, Metadata};

pub use line::Line;
pub use log::{Level, LevelFilter, Record};

use crate::error::{Error, Kind, Result};
use levels::Levels;
use line::{Clock, Template};

/// Settings of a logger, to be finished by [`init`](BasicConfig::init). Without any, warnings and errors of all crates
/// go to standard error.
///
/// ```
/// use papilio::logging::{self, LevelFilter};
///
/// let path = std::env::temp_dir().join("papilio-basic-config.log");
/// let is_first = logging::basic_config()
///     .level(LevelFilter::Info)
///     .target("papilio::http11", LevelFilter::Debug)
///     .target("papilio::connection", LevelFilter::Off)
///     .file(&path)
///     .init()?;
/// assert!(is_first);
/// # std::fs::remove_file(path).unwrap();
/// # Ok::<(), papilio::Error>(())
/// ```
#[doc(alias = "basicConfig")]
#[doc(alias = "logger")]
pub fn basic_config() -> BasicConfig {
    BasicConfig {
        levels: Levels::new(LevelFilter::Warn),
        look: Look::Template(Cow::Borrowed("{level} [{time}] {target} - {message}")),
        date_format: Cow::Borrowed("%Y-%m-%d %H:%M:%S"),
        is_utc: false,
        destination: Destination::Stderr,
        is_emptied: false,
        reads_rust_log: true,
    }
}

/// See [`basic_config`].
///
/// ```
/// let config: papilio::logging::BasicConfig = papilio::logging::basic_config();
/// assert!(format!("{config:?}").contains("Stderr"));
/// ```
#[must_use = "nothing is logged before `init`"]
pub struct BasicConfig {
    levels: Levels,
    look: Look,
    date_format: Cow<'static, str>,
    is_utc: bool,
    destination: Destination,
    is_emptied: bool,
    reads_rust_log: bool,
}

enum Look {
    Template(Cow<'static, str>),
    Function(Box<FormatFn>),
}

type FormatFn = dyn Fn(&mut Line<'_>, &Record<'_>) -> fmt::Result + Send + Sync;

#[derive(Debug)]
enum Destination {
    Stderr,
    Stdout,
    File(PathBuf),
}

impl BasicConfig {
    /// What is logged of targets that [`target`](Self::target) does not name. `WARN` unless set, as in Python.
    ///
    /// ```
    /// use papilio::logging::{self, LevelFilter};
    /// let config = logging::basic_config().level(LevelFilter::Debug);
    /// ```
    pub fn level(mut self, level: LevelFilter) -> Self {
        self.levels.set_rest(level);
        self
    }

    /// What is logged of this target and of all below it: `papilio` stands above `papilio::http11`. Of several that fit,
    /// the longest counts.
    ///
    /// ```
    /// use papilio::logging::{self, LevelFilter};
    ///
    /// let config = logging::basic_config()
    ///     .target("papilio", LevelFilter::Debug)
    ///     .target("papilio::connection", LevelFilter::Off);
    /// ```
    #[doc(alias = "setLevel")]
    #[doc(alias = "getLogger")]
    pub fn target(mut self, name: &str, level: LevelFilter) -> Self {
        self.levels.set(name, level);
        self
    }

    /// How a line looks, as a text with places: `{level}`, `{time}`, `{target}`, `{message}`, `{thread}`, `{file}` and
    /// `{line}` of the source, and `{fields}`, the pairs of a record that has some, a blank before each (feature
    /// `log-kv`). Two braces stand for one. `{level} [{time}] {target} - {message}` unless set.
    ///
    /// ```
    /// use papilio::logging;
    ///
    /// let config = logging::basic_config().template("{time} {level} {message}{fields}");
    /// ```
    pub fn template(mut self, text: impl Into<Cow<'static, str>>) -> Self {
        self.look = Look::Template(text.into());
        self
    }

    /// How a line looks, by a function that writes it without the line break.
    ///
    /// ```
    /// use std::fmt::Write;
    /// use papilio::logging;
    ///
    /// let config = logging::basic_config()
    ///     .format(|line, record| write!(line, "{}: {}", record.target(), record.args()));
    /// ```
    pub fn format(
        mut self,
        format: impl Fn(&mut Line<'_>, &Record<'_>) -> fmt::Result + Send + Sync + 'static,
    ) -> Self {
        self.look = Look::Function(Box::new(format));
        self
    }

    /// How `{time}` looks, by the letters of C's `strftime`. `%Y-%m-%d %H:%M:%S` unless set; `%.3f` adds milliseconds,
    /// `%z` the distance from UTC.
    ///
    /// ```
    /// use papilio::logging;
    ///
    /// let config = logging::basic_config().date_format("%H:%M:%S%.3f");
    /// ```
    #[doc(alias = "datefmt")]
    pub fn date_format(mut self, format: impl Into<Cow<'static, str>>) -> Self {
        self.date_format = format.into();
        self
    }

    /// Shows the time of UTC in place of local time.
    ///
    /// ```
    /// let config = papilio::logging::basic_config().utc().date_format("%H:%M:%SZ");
    /// ```
    pub fn utc(mut self) -> Self {
        self.is_utc = true;
        self
    }

    /// Writes to this file, at its end; it is made if need be.
    ///
    /// ```
    /// let config = papilio::logging::basic_config().file("requests.log");
    /// ```
    #[doc(alias = "filename")]
    pub fn file(mut self, path: impl Into<PathBuf>) -> Self {
        self.destination = Destination::File(path.into());
        self
    }

    /// Empties the file first, with `true`.
    ///
    /// ```
    /// use papilio::logging;
    ///
    /// let config = logging::basic_config().file("requests.log").truncate(true);
    /// ```
    #[doc(alias = "filemode")]
    pub fn truncate(mut self, truncate: bool) -> Self {
        self.is_emptied = truncate;
        self
    }

    /// Writes to standard output.
    ///
    /// ```
    /// let config = papilio::logging::basic_config().stdout();
    /// ```
    pub fn stdout(mut self) -> Self {
        self.destination = Destination::Stdout;
        self
    }

    /// Writes to standard error, which is so unless set.
    ///
    /// ```
    /// let config = papilio::logging::basic_config().stderr();
    /// ```
    pub fn stderr(mut self) -> Self {
        self.destination = Destination::Stderr;
        self
    }

    /// Whether the variable `RUST_LOG` changes the levels; it does unless set. `RUST_LOG=warn,papilio::http11=debug` is
    /// as if [`level`](Self::level) and [`target`](Self::target) were called last. A `/` and a text at its end let only
    /// lines with that text through.
    ///
    /// ```
    /// let config = papilio::logging::basic_config().rust_log(false);
    /// ```
    pub fn rust_log(mut self, reads: bool) -> Self {
        self.reads_rust_log = reads;
        self
    }

    /// Starts logging, for the rest of the program. Only the first logger of a program counts: `false` says that there
    /// was one already, by this function or not, and nothing was changed.
    ///
    /// # Errors
    /// [`Kind::Config`] for a file that cannot be opened, a template or a date format that is none. Nothing is installed
    /// then.
    ///
    /// ```
    /// use papilio::logging::{self, LevelFilter};
    /// assert!(logging::basic_config().level(LevelFilter::Off).init()?);
    /// // The second does not count.
    /// assert!(!logging::basic_config().init()?);
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn init(mut self) -> Result<bool> {
        let mut is_installed = INSTALLED.lock().unwrap_or_else(PoisonError::into_inner);
        if *is_installed {
            return Ok(false);
        }
        let variable = env::var_os("RUST_LOG").filter(|_| self.reads_rust_log);
        let variable = variable.unwrap_or_default();
        let variable = variable.to_string_lossy();
        let (rules, wanted) = variable.split_once('/').unwrap_or((&variable, ""));
        let wrong = self.levels.read(rules);

        let most = self.levels.most();
        let file = match &self.destination {
            Destination::File(path) => Some(open(path)?),
            _ => None,
        };
        let to_empty = match &self.destination {
            Destination::File(path) if self.is_emptied => Some(path.clone()),
            _ => None,
        };
        let logger = self.logger(file, wanted)?;
        if log::set_boxed_logger(Box::new(logger)).is_err() {
            return Ok(false);
        }
        *is_installed = true;
        // Not before it was clear that this logger counts; and there are no lines in it yet.
        let emptied = to_empty.map(|path| OpenOptions::new().write(true).truncate(true).open(path));
        log::set_max_level(most);
        if let Some(Err(error)) = emptied {
            log::warn!(target: "papilio", "the log file was not emptied: {error}");
        }
        for rule in wrong {
            log::warn!(target: "papilio", "RUST_LOG: {rule:?} is ignored: it is no level, target or target=level");
        }
        Ok(true)
    }

    fn logger(self, file: Option<File>, wanted: &str) -> Result<Logger> {
        let clock = Clock::new(self.date_format, self.is_utc)?;
        let look: Box<FormatFn> = match self.look {
            Look::Function(function) => function,
            Look::Template(text) => {
                let template = Template::parse(&text)?;
                Box::new(move |line, record| template.write(line, record))
            }
        };
        let mut output = env_logger::Builder::new();
        output.target(match (file, self.destination) {
            (Some(file), _) => Target::Pipe(Box::new(file)),
            (None, Destination::Stdout) => Target::Stdout,
            (None, _) => Target::Stderr,
        });
        output.filter_level(LevelFilter::Trace);
        if !wanted.is_empty() && !wanted.contains('/') {
            output.parse_filters(&format!("trace/{wanted}"));
        }
        output.format(move |out, record| {
            let mut line = Line::new(&clock);
            look(&mut line, record).map_err(io::Error::other)?;
            out.write_all(line.finish().as_bytes())
        });
        Ok(Logger {
            levels: self.levels,
            output: output.build(),
        })
    }
}

impl fmt::Debug for BasicConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BasicConfig")
            .field("levels", &self.levels)
            .field("destination", &self.destination)
            .finish_non_exhaustive()
    }
}

fn open(path: &PathBuf) -> Result<File> {
    let file = OpenOptions::new().create(true).append(true).open(path);
    file.map_err(|error| {
        let message = format!("the log file {} cannot be opened", path.display());
        Error::new(Kind::Config, message).with_source(error)
    })
}

/// env_logger writes the lines. It would take names for prefixes, `papilio::http1` for one of `papilio::http11`, so which
/// lines there are is decided here.
struct Logger {
    levels: Levels,
    output: env_logger::Logger,
}

impl Log for Logger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= self.levels.of(metadata.target())
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            self.output.log(record);
        }
    }

    fn flush(&self) {
        self.output.flush();
    }
}

/// Whether a logger of this module is at work; held while one is put to work.
static INSTALLED: Mutex<bool> = Mutex::new(false);
