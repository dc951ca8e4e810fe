//! What a connection does, as a list of steps, and how the steps are played.

use std::io;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::thread;
use std::time::Duration;

use super::link::{Link, Seen};
use super::{Shared, lock};

/// An empty script; the methods of [`Script`] add the steps.
pub(crate) fn script() -> Script {
    Script {
        steps: Vec::new(),
        pace: Pace::Whole,
    }
}

/// Runs a test with answers that come in one segment, and again with one byte a segment: no verdict may depend on it.
pub(crate) fn in_every_pace(test: impl Fn(Pace)) {
    for pace in [Pace::Whole, Pace::Bytes] {
        println!("pace: {pace:?}");
        test(pace);
    }
}

/// How the bytes of a `send` are cut into segments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pace {
    Whole,
    Bytes,
    /// Two segments, with this many bytes in the first.
    SplitAt(usize),
    Chunks(usize, Duration),
}

/// The steps of one connection, in order. A script that runs out closes the connection, as [`close`](Self::close) does.
/// A script ends early when its peer leaves.
#[derive(Clone)]
pub(crate) struct Script {
    steps: Vec<Step>,
    pace: Pace,
}

impl Script {
    /// Reads one whole request and records it.
    pub(crate) fn read(self) -> Self {
        self.read_head().read_body()
    }

    /// Reads and records the head of a request only: an answer may be sent while the body is still coming.
    pub(crate) fn read_head(self) -> Self {
        self.add(Step::ReadHead)
    }

    /// Reads the body of the request whose head was read last.
    pub(crate) fn read_body(self) -> Self {
        self.add(Step::ReadBody)
    }

    /// Reads these bytes, for what is not HTTP; others fail the test.
    pub(crate) fn expect(self, bytes: impl AsRef<[u8]>) -> Self {
        self.add(Step::Expect(bytes.as_ref().into()))
    }

    pub(crate) fn send(self, bytes: impl AsRef<[u8]>) -> Self {
        self.add(Step::Send(bytes.as_ref().into(), None))
    }

    /// Sends in segments of `chunk` bytes with a pause after each.
    pub(crate) fn send_slowly(
        self,
        bytes: impl AsRef<[u8]>,
        chunk: usize,
        pause: Duration,
    ) -> Self {
        let pace = Some(Pace::Chunks(chunk, pause));
        self.add(Step::Send(bytes.as_ref().into(), pace))
    }

    /// Sends these bytes again and again until the peer leaves or the server is dropped.
    pub(crate) fn flood(self, pattern: impl AsRef<[u8]>) -> Self {
        let pattern = pattern.as_ref();
        let times = (16 * 1024 / pattern.len().max(1)).max(1);
        self.add(Step::Flood(pattern.repeat(times).into()))
    }

    pub(crate) fn sleep(self, time: Duration) -> Self {
        self.add(Step::Sleep(Some(time)))
    }

    /// Holds the connection open, reading nothing, until the server is dropped.
    pub(crate) fn stall(self) -> Self {
        self.add(Step::Sleep(None))
    }

    /// Reads and forgets until the peer leaves: silence from a server that notices when the client hangs up.
    pub(crate) fn drain(self) -> Self {
        self.add(Step::Drain)
    }

    /// Ends the connection with FIN; inside TLS with the close alert before it.
    pub(crate) fn close(self) -> Self {
        self.add(Step::Close)
    }

    /// Ends the connection with FIN, and no close alert inside TLS.
    pub(crate) fn cut(self) -> Self {
        self.add(Step::Cut)
    }

    /// Ends the connection with RST. What the peer has not read yet is lost to it.
    pub(crate) fn reset(self) -> Self {
        self.add(Step::Reset)
    }

    /// Sends FIN and goes on with the next step.
    pub(crate) fn half_close(self) -> Self {
        self.add(Step::HalfClose)
    }

    /// Sends what the closure makes of the request read last.
    pub(crate) fn answer(self, answer: impl Fn(&Seen) -> Vec<u8> + Send + Sync + 'static) -> Self {
        self.add(Step::Answer(Arc::new(answer)))
    }

    /// Reads and answers requests until the peer leaves, or an answer says `Connection: close`.
    pub(crate) fn serve(self, answer: impl Fn(&Seen) -> Vec<u8> + Send + Sync + 'static) -> Self {
        self.repeat(script().read().answer(answer).add(Step::CloseIfSaid))
    }

    /// Plays these steps over and over until the peer leaves.
    pub(crate) fn repeat(self, script: Self) -> Self {
        self.add(Step::Repeat(script.steps.into()))
    }

    /// Plays these steps after those.
    pub(crate) fn then(mut self, script: Self) -> Self {
        self.steps.extend(script.steps);
        if script.pace != Pace::Whole {
            self.pace = script.pace;
        }
        self
    }

    /// Takes a TLS handshake: at the beginning for `https`, later for a tunnel.
    #[cfg(feature = "tls")]
    pub(crate) fn start_tls(self, tls: impl Into<super::tls::Tls>) -> Self {
        self.add(Step::StartTls(tls.into().config()))
    }

    /// Changes the keys of TLS 1.3 that many times.
    #[cfg(feature = "tls")]
    pub(crate) fn change_keys(self, times: usize) -> Self {
        self.add(Step::ChangeKeys(times))
    }

    /// Cuts all that this script sends into such segments.
    pub(crate) fn pace(mut self, pace: Pace) -> Self {
        self.pace = pace;
        self
    }

    pub(super) fn scheme(&self) -> &'static str {
        #[cfg(feature = "tls")]
        if let Some(Step::StartTls(_)) = self.steps.first() {
            return "https";
        }
        "http"
    }

    fn add(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    /// Plays the script on an accepted socket, to the end of the connection.
    pub(super) fn play(&self, socket: TcpStream, shared: &Shared, connection: usize) {
        let mut player = Player {
            link: Link::new(socket),
            shared,
            connection,
            pace: self.pace,
            place: None,
            last_answer: Vec::new(),
        };
        let end = player.play(&self.steps);
        // The handle for ending it from outside would keep the connection alive.
        let release = || drop(lock(&shared.sockets).remove(&connection));
        match end {
            Ok(()) | Err(End::Close) => {
                drop(player.link.half_close());
                release();
                player.link.empty();
            }
            Err(End::Cut) => {
                drop(player.link.cut());
                release();
                player.link.empty();
            }
            Err(End::Reset) => {
                release();
                player.link.reset();
            }
            Err(End::Left(error)) => {
                if !shared.is_stopped() {
                    shared.left.fetch_add(1, SeqCst);
                    if let Some(error) = error {
                        lock(&shared.errors).push(error.to_string());
                    }
                }
            }
            Err(End::Stopped) => {}
        }
    }
}

type Answer = Arc<dyn Fn(&Seen) -> Vec<u8> + Send + Sync>;

#[derive(Clone)]
enum Step {
    ReadHead,
    ReadBody,
    Expect(Arc<[u8]>),
    Send(Arc<[u8]>, Option<Pace>),
    Answer(Answer),
    CloseIfSaid,
    Flood(Arc<[u8]>),
    Sleep(Option<Duration>),
    Drain,
    HalfClose,
    Close,
    Cut,
    Reset,
    Repeat(Arc<[Self]>),
    #[cfg(feature = "tls")]
    StartTls(Arc<rustls::ServerConfig>),
    #[cfg(feature = "tls")]
    ChangeKeys(usize),
}

/// Why no further step is played.
enum End {
    Close,
    Cut,
    Reset,
    Left(Option<io::Error>),
    Stopped,
}

impl From<io::Error> for End {
    fn from(error: io::Error) -> Self {
        Self::Left(Some(error))
    }
}

struct Player<'a> {
    link: Link,
    shared: &'a Shared,
    connection: usize,
    pace: Pace,
    /// Where the request read last stands in the record.
    place: Option<usize>,
    last_answer: Vec<u8>,
}

impl Player<'_> {
    fn play(&mut self, steps: &[Step]) -> Result<(), End> {
        for step in steps {
            match step {
                Step::ReadHead => self.read_head()?,
                Step::ReadBody => self.read_body()?,
                Step::Expect(bytes) => self.link.expect(bytes)?,
                Step::Send(bytes, pace) => self.send(bytes, pace.unwrap_or(self.pace))?,
                Step::Answer(answer) => {
                    self.last_answer = answer(&self.last_request());
                    self.send(&self.last_answer.clone(), self.pace)?;
                }
                Step::CloseIfSaid if says_close(&self.last_answer) => return Err(End::Close),
                Step::CloseIfSaid => {}
                Step::Flood(bytes) => loop {
                    self.send(bytes, Pace::Whole)?;
                },
                Step::Sleep(time) => self.sleep(*time)?,
                Step::Drain => {
                    self.link.drain()?;
                    return Err(End::Left(None));
                }
                Step::HalfClose => self.link.half_close()?,
                Step::Close => return Err(End::Close),
                Step::Cut => return Err(End::Cut),
                Step::Reset => return Err(End::Reset),
                Step::Repeat(steps) => loop {
                    self.play(steps)?;
                },
                #[cfg(feature = "tls")]
                Step::StartTls(config) => self.link.start_tls(Arc::clone(config))?,
                #[cfg(feature = "tls")]
                Step::ChangeKeys(times) => self.link.change_keys(*times)?,
            }
        }
        Ok(())
    }

    fn read_head(&mut self) -> Result<(), End> {
        let mut seen = Seen {
            connection: self.connection,
            ..Seen::default()
        };
        let read = self.link.read_head(&mut seen);
        if seen.raw.is_empty() {
            // Not a request: the peer has left, with FIN or with RST.
            return Err(End::Left(read.err()));
        }
        {
            let mut record = lock(&self.shared.seen);
            self.place = Some(record.len());
            record.push(seen);
        }
        read?;
        Ok(())
    }

    fn read_body(&mut self) -> Result<(), End> {
        let mut seen = self.last_request();
        let read = self.link.read_body(&mut seen);
        if let Some(place) = self.place {
            lock(&self.shared.seen)[place] = seen;
        }
        Ok(read?)
    }

    fn last_request(&self) -> Seen {
        let place = self.place.expect("a script reads before it answers");
        lock(&self.shared.seen)[place].clone()
    }

    fn send(&mut self, bytes: &[u8], pace: Pace) -> Result<(), End> {
        // Long enough for a reader that is awake to take one segment before the next, short enough for a long head.
        let brief = Duration::from_micros(20);
        let (first, chunk, pause) = match pace {
            Pace::Whole => (0, bytes.len(), Duration::ZERO),
            Pace::Bytes => (0, 1, brief),
            Pace::SplitAt(at) => (at.min(bytes.len()), bytes.len(), 50 * brief),
            Pace::Chunks(chunk, pause) => (0, chunk, pause),
        };
        let (head, rest) = bytes.split_at(first);
        let pieces = [head].into_iter().chain(rest.chunks(chunk.max(1)));
        for piece in pieces.filter(|piece| !piece.is_empty()) {
            self.link.send(piece)?;
            let sent = u64::try_from(piece.len()).unwrap_or(u64::MAX);
            self.shared.sent.fetch_add(sent, SeqCst);
            if pause > brief {
                self.sleep(Some(pause))?;
            } else if !pause.is_zero() {
                thread::sleep(pause);
            }
        }
        Ok(())
    }

    fn sleep(&self, time: Option<Duration>) -> Result<(), End> {
        if self.shared.sleep(time) {
            Ok(())
        } else {
            Err(End::Stopped)
        }
    }
}

/// Whether the head of a response announces the end of the connection.
fn says_close(response: &[u8]) -> bool {
    let text = String::from_utf8_lossy(response).to_ascii_lowercase();
    let head = text.split("\r\n\r\n").next().unwrap_or_default();
    head.contains("\r\nconnection: close")
}
