//! A scripted server on loopback: plain threads, plain sockets, no HTTP library.
//!
//! Owns the life of the server and what it records. What a connection does is a [`Script`] (`server/script.rs`), how
//! bytes come and go is `server/link.rs`, certificates are `server/tls.rs`, and addresses where nobody answers are
//! `server/nowhere.rs`. A hostile server is three lines:
//!
//! ```text
//! let server = Server::start(script().read().send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ncut").close());
//! let error = papilio::get(server.url("/")).send().unwrap_err();
//! assert_eq!(error.bytes_received(), Some(3));
//! ```
//!
//! Dropping the server ends every connection and every thread at once, and raises what went wrong inside them (a
//! malformed request, a connection nobody expected) as a failure of the test.

mod link;
mod nowhere;
mod script;
mod tests;
#[cfg(feature = "tls")]
pub(crate) mod tls;

use std::collections::HashMap;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

pub(crate) use link::Seen;
pub(crate) use nowhere::{BlackHole, Refused};
pub(crate) use script::{Pace, Script, in_every_pace, script};

/// A running server. See the module for its manners.
pub(crate) struct Server {
    shared: Arc<Shared>,
    address: SocketAddr,
    scheme: &'static str,
    acceptor: Option<JoinHandle<Vec<JoinHandle<()>>>>,
}

impl Server {
    /// The same script for every connection.
    pub(crate) fn start(script: Script) -> Self {
        let scheme = script.scheme();
        Self::launch(scheme, move |_| Some(script.clone()))
    }

    /// One script for each connection, in the order they are accepted. One connection more fails the test.
    pub(crate) fn each(scripts: impl IntoIterator<Item = Script>) -> Self {
        let scripts: Vec<_> = scripts.into_iter().collect();
        let scheme = scripts.first().map_or("http", Script::scheme);
        Self::launch(scheme, move |index| scripts.get(index).cloned())
    }

    /// A script chosen by the number of the connection, counted from 0.
    pub(crate) fn with(choose: impl Fn(usize) -> Script + Send + 'static) -> Self {
        Self::launch("http", move |index| Some(choose(index)))
    }

    /// The n-th request gets the n-th reply, on whichever connection it comes. One request more fails the test. A reply
    /// that says `Connection: close` ends its connection.
    pub(crate) fn replies<R: AsRef<[u8]>>(replies: impl IntoIterator<Item = R>) -> Self {
        let replies: Vec<Vec<u8>> = replies.into_iter().map(|r| r.as_ref().to_vec()).collect();
        let next = AtomicUsize::new(0);
        Self::handler(move |seen| {
            let number = next.fetch_add(1, SeqCst);
            let Some(reply) = replies.get(number) else {
                panic!("request {number} has no reply: {}", seen.head);
            };
            reply.clone()
        })
    }

    /// The same reply to every request.
    pub(crate) fn always(reply: impl AsRef<[u8]>) -> Self {
        let reply = reply.as_ref().to_vec();
        Self::handler(move |_| reply.clone())
    }

    /// Answers each request with its own exact bytes as the body.
    pub(crate) fn echo() -> Self {
        Self::handler(|seen| ok(&seen.raw))
    }

    /// Answers each request with the bytes the closure makes of it: a whole response, head and all.
    pub(crate) fn handler(answer: impl Fn(&Seen) -> Vec<u8> + Send + Sync + 'static) -> Self {
        Self::start(script().serve(answer))
    }

    /// As [`start`](Self::start), each connection beginning with a TLS handshake.
    #[cfg(feature = "tls")]
    pub(crate) fn start_tls(script: Script, tls: impl Into<tls::Tls>) -> Self {
        Self::start(self::script().start_tls(tls).then(script))
    }

    fn launch(
        scheme: &'static str,
        choose: impl Fn(usize) -> Option<Script> + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a loopback port");
        let address = listener.local_addr().expect("a bound listener");
        let shared = Arc::new(Shared::default());
        let acceptor = thread::spawn({
            let shared = Arc::clone(&shared);
            move || accept(&listener, &shared, choose)
        });
        Self {
            shared,
            address,
            scheme,
            acceptor: Some(acceptor),
        }
    }

    /// The URL of a path here, by address: `http://127.0.0.1:49152/path`.
    pub(crate) fn url(&self, path: &str) -> String {
        self.url_on("127.0.0.1", path)
    }

    /// The URL of a path here under another name that leads to 127.0.0.1.
    pub(crate) fn url_on(&self, host: &str, path: &str) -> String {
        format!("{}://{host}:{}{path}", self.scheme, self.port())
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The requests so far, in the order they were read.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        lock(&self.shared.seen).clone()
    }

    /// The only request so far; fails the test if there were none or several.
    pub(crate) fn only(&self) -> Seen {
        let mut seen = self.seen();
        assert_eq!(seen.len(), 1, "requests seen: {seen:?}");
        seen.remove(0)
    }

    /// How many requests came on each connection, in the order the connections were accepted.
    pub(crate) fn requests_per_connection(&self) -> Vec<usize> {
        let mut counts = vec![0; self.connections()];
        for seen in lock(&self.shared.seen).iter() {
            counts[seen.connection] += 1;
        }
        counts
    }

    /// How many connections were accepted.
    pub(crate) fn connections(&self) -> usize {
        self.shared.accepted.load(SeqCst)
    }

    /// How many connections are being served now.
    pub(crate) fn open(&self) -> usize {
        self.shared.open.load(SeqCst)
    }

    /// The most connections that were open at one time. On Linux a connection ends for this count when its peer closed
    /// it, on other systems when its thread has noticed.
    pub(crate) fn most_open(&self) -> usize {
        self.shared.most_open.load(SeqCst)
    }

    /// How many connections the peer ended, as far as the scripts were reading or writing to notice.
    pub(crate) fn left(&self) -> usize {
        self.shared.left.load(SeqCst)
    }

    /// How many bytes the operating system took from us, TLS not counted: what a client that stops reading holds back.
    pub(crate) fn sent(&self) -> u64 {
        self.shared.sent.load(SeqCst)
    }

    /// What reading and writing failed with, as text: resets by the peer, TLS alerts.
    pub(crate) fn errors(&self) -> Vec<String> {
        lock(&self.shared.errors).clone()
    }

    /// Waits until the condition holds: for what a client does without anybody waiting for it, such as closing a
    /// connection. Fails the test after 5 seconds.
    #[track_caller]
    pub(crate) fn wait_until(&self, condition: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + Duration::from_secs(5);
        while !condition(self) {
            assert!(Instant::now() < deadline, "waited 5 seconds in vain");
            thread::sleep(Duration::from_millis(1));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        *lock(&self.shared.stopped) = true;
        self.shared.wake.notify_all();
        let Some(acceptor) = self.acceptor.take() else {
            return;
        };
        // `accept` has no time limit: one more connection makes it look at the flag.
        while !acceptor.is_finished() {
            drop(TcpStream::connect_timeout(
                &self.address,
                Duration::from_millis(50),
            ));
            thread::yield_now();
        }
        let threads = acceptor.join();
        for socket in lock(&self.shared.sockets).values() {
            drop(socket.shutdown(Shutdown::Both));
        }
        let mut failure = None;
        match threads {
            Ok(threads) => {
                for thread in threads {
                    failure = thread.join().err().or(failure);
                }
            }
            Err(panic) => failure = Some(panic),
        }
        if let Some(failure) = failure
            && !thread::panicking()
        {
            resume_unwind(failure);
        }
    }
}

/// What the threads of one server know together.
#[derive(Default)]
pub(crate) struct Shared {
    stopped: Mutex<bool>,
    wake: Condvar,
    /// A second handle of each open connection, to end it from outside.
    sockets: Mutex<HashMap<usize, TcpStream>>,
    seen: Mutex<Vec<Seen>>,
    errors: Mutex<Vec<String>>,
    accepted: AtomicUsize,
    open: AtomicUsize,
    most_open: AtomicUsize,
    left: AtomicUsize,
    sent: AtomicU64,
}

impl Shared {
    fn is_stopped(&self) -> bool {
        *lock(&self.stopped)
    }

    /// Waits that long, or for ever; `false` when the server was stopped meanwhile.
    fn sleep(&self, time: Option<Duration>) -> bool {
        let stopped = lock(&self.stopped);
        let stopped = match time {
            Some(time) => {
                self.wake
                    .wait_timeout_while(stopped, time, |stopped| !*stopped)
                    .unwrap_or_else(PoisonError::into_inner)
                    .0
            }
            None => self
                .wake
                .wait_while(stopped, |stopped| !*stopped)
                .unwrap_or_else(PoisonError::into_inner),
        };
        !*stopped
    }
}

/// Takes connections until the server is stopped; returns their threads.
fn accept(
    listener: &TcpListener,
    shared: &Arc<Shared>,
    choose: impl Fn(usize) -> Option<Script>,
) -> Vec<JoinHandle<()>> {
    let mut threads = Vec::new();
    loop {
        let Ok((socket, _)) = listener.accept() else {
            // Out of descriptors, most likely: a test's doing, and it will pass.
            thread::sleep(Duration::from_millis(1));
            if shared.is_stopped() {
                return threads;
            }
            continue;
        };
        if shared.is_stopped() {
            return threads;
        }
        let index = shared.accepted.load(SeqCst);
        shared.open.fetch_add(1, SeqCst);
        let still_open = {
            let mut sockets = lock(&shared.sockets);
            let others = sockets.values().filter(|other| !has_left(other)).count();
            sockets.insert(index, socket.try_clone().expect("a second handle"));
            others + 1
        };
        shared.most_open.fetch_max(still_open, SeqCst);
        // Last, so that whoever waits for a number of connections finds the rest of the books up to date.
        shared.accepted.fetch_add(1, SeqCst);
        let script = choose(index);
        let shared = Arc::clone(shared);
        threads.push(thread::spawn(move || {
            let open = Open(&shared, index);
            let script = script.unwrap_or_else(|| panic!("connection {index} was not expected"));
            script.play(socket, &shared, index);
            drop(open);
        }));
    }
}

/// Strikes a connection off the lists, also when its thread panics.
struct Open<'a>(&'a Shared, usize);

impl Drop for Open<'_> {
    fn drop(&mut self) {
        lock(&self.0.sockets).remove(&self.1);
        self.0.open.fetch_sub(1, SeqCst);
    }
}

/// Whether the peer has closed, even with bytes still unread before the end.
#[cfg(target_os = "linux")]
fn has_left(socket: &TcpStream) -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};

    let mut polled = [PollFd::new(socket, PollFlags::RDHUP)];
    let now = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // A thread that is inside a write on the socket keeps the news from it: let that thread finish its step.
    (0..20).any(|_| {
        let has_left = poll(&mut polled, Some(&now)).is_ok_and(|ready| ready > 0);
        if !has_left {
            thread::yield_now();
        }
        has_left
    })
}

#[cfg(not(target_os = "linux"))]
fn has_left(_: &TcpStream) -> bool {
    false
}

/// A failed test has poisoned locks; its server must still end in good order.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A `200 OK` with this body.
pub(crate) fn ok(body: impl AsRef<[u8]>) -> Vec<u8> {
    response("200 OK", &[], body)
}

/// A response with a length: `response("404 Not Found", &[("Content-Type", "text/plain")], "no such page")`.
pub(crate) fn response(status: &str, fields: &[(&str, &str)], body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let mut bytes = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n", body.len());
    for (name, value) in fields {
        bytes.push_str(&format!("{name}: {value}\r\n"));
    }
    bytes.push_str("\r\n");
    let mut bytes = bytes.into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

/// A `200 OK` whose body comes in these chunks.
pub(crate) fn chunked<C: AsRef<[u8]>>(chunks: impl IntoIterator<Item = C>) -> Vec<u8> {
    let mut bytes = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    for chunk in chunks {
        let chunk = chunk.as_ref();
        bytes.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        bytes.extend_from_slice(chunk);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"0\r\n\r\n");
    bytes
}
