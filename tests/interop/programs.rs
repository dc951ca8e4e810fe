//! Where the programs are that `run` starts, and what the topics share. The files below this one start the others.

pub(crate) mod http2;
pub(crate) mod namespace;
pub(crate) mod process;
pub(crate) mod socks;
pub(crate) mod squid;

use std::env;
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use papilio::{Client, ClientBuilder, Response, Timeout};
use serde_json::Value;

/// A program by the variable that names its port.
#[derive(Clone, Copy)]
pub(crate) struct Program {
    scheme: &'static str,
    variable: &'static str,
}

/// httpbin on gunicorn with threads: connections are kept.
pub(crate) const HTTPBIN: Program = plain("HTTPBIN_PORT");
/// httpbin on gunicorn with processes: every connection is closed after its response.
pub(crate) const HTTPBIN_CLOSING: Program = plain("HTTPBIN_CLOSING_PORT");
/// The application beside this file, on uvicorn with httptools.
pub(crate) const UVICORN: Program = plain("UVICORN_PORT");
/// The same, on uvicorn with h11.
pub(crate) const UVICORN_H11: Program = plain("UVICORN_H11_PORT");
pub(crate) const DJANGO: Program = plain("DJANGO_PORT");
/// `python3 -m http.server`.
pub(crate) const FILES: Program = plain("FILES_PORT");
pub(crate) const NGINX: Program = plain("NGINX_PORT");
pub(crate) const NGINX_TLS: Program = secure("NGINX_TLS_PORT");
pub(crate) const NGINX_TLS12: Program = secure("NGINX_TLS12_PORT");
pub(crate) const NGINX_TLS13: Program = secure("NGINX_TLS13_PORT");
/// Its certificate has an RSA key.
pub(crate) const NGINX_RSA: Program = secure("NGINX_RSA_PORT");
/// Its certificate is for `other.example`.
pub(crate) const NGINX_WRONG_NAME: Program = secure("NGINX_WRONG_NAME_PORT");
pub(crate) const NGINX_EXPIRED: Program = secure("NGINX_EXPIRED_PORT");
/// Its certificate is valid from tomorrow.
pub(crate) const NGINX_EARLY: Program = secure("NGINX_EARLY_PORT");
/// Wants a certificate of `clients/client.pem`: `clients/ada.pem` or `clients/rsa.pem`.
pub(crate) const NGINX_CLIENT: Program = secure("NGINX_CLIENT_PORT");
/// Asks for one, and takes whoever has none.
pub(crate) const NGINX_CLIENT_ASKED: Program = secure("NGINX_CLIENT_ASKED_PORT");
pub(crate) const NGINX_HTTP2: Program = secure("NGINX_HTTP2_PORT");
/// HTTP/2 and nothing else.
pub(crate) const NGINX_HTTP2_PLAIN: Program = plain("NGINX_HTTP2_PLAIN_PORT");
/// Says GOAWAY after every 37 requests.
pub(crate) const NGINX_HTTP2_LEAVING: Program = secure("NGINX_HTTP2_LEAVING_PORT");

/// The bytes of `files/large.bin`.
pub(crate) const LARGE: u64 = (256 << 20) + 4_099;

/// The bytes of `files/text.txt`.
pub(crate) const TEXT: u64 = 628_890;

const fn plain(variable: &'static str) -> Program {
    Program {
        scheme: "http",
        variable,
    }
}

const fn secure(variable: &'static str) -> Program {
    Program {
        scheme: "https",
        variable,
    }
}

impl Program {
    pub(crate) fn url(self, path: &str) -> String {
        format!("{}://127.0.0.1:{}{path}", self.scheme, self.port())
    }

    /// The same for another host.
    pub(crate) fn url_of(self, host: &str, path: &str) -> String {
        format!("{}://{host}:{}{path}", self.scheme, self.port())
    }

    pub(crate) fn port(self) -> String {
        variable(self.variable)
    }
}

/// A file of the run: `server.pem`, `files/text.txt`.
pub(crate) fn work(path: &str) -> PathBuf {
    PathBuf::from(variable("INTEROP_WORK")).join(path)
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("{name} is not set: start tests/interop/run"))
}

/// The lines of nginx's access log with this text, once they are so many. A request is written when it has ended.
#[track_caller]
pub(crate) fn nginx_saw(text: &str, count: usize) -> Vec<String> {
    let began = Instant::now();
    loop {
        let log = fs::read_to_string(work("nginx-access.log")).unwrap();
        let lines = log.lines().filter(|line| line.contains(text));
        let lines: Vec<_> = lines.map(str::to_owned).collect();
        if lines.len() >= count {
            return lines;
        }
        assert!(
            began.elapsed() < Duration::from_secs(5),
            "nginx saw {} of {count}: {text}",
            lines.len()
        );
        thread::sleep(Duration::from_millis(20));
    }
}

/// Of a client that trusts the private authority too and nothing in the environment, and waits long for busy programs.
pub(crate) fn builder() -> ClientBuilder<Client> {
    Client::builder()
        .trust_env(false)
        .timeout(Timeout::all(Duration::from_secs(20)))
        .add_root_certificate(fs::read(work("client.pem")).unwrap())
}

pub(crate) fn client() -> Client {
    builder().build().unwrap()
}

/// One that follows redirects.
pub(crate) fn following() -> Client {
    builder().follow_redirects(true).build().unwrap()
}

/// The status, then the content as JSON.
#[track_caller]
pub(crate) fn json(response: &Response) -> Value {
    assert_eq!(response.status(), 200, "{}", response.text());
    response.json().unwrap()
}

#[track_caller]
pub(crate) fn header<'a, B>(response: &'a Response<B>, name: &str) -> std::borrow::Cow<'a, str> {
    response.headers().get(name).unwrap_or_default()
}

/// For the end of the run.
pub(crate) fn figure(text: &str) {
    println!("{text}");
    let file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(work("figures"));
    writeln!(file.unwrap(), "{text}").unwrap();
}

/// That both give the same bytes; how many.
#[track_caller]
pub(crate) fn same(mut left: impl Read, mut right: impl Read) -> u64 {
    let (mut ours, mut theirs) = (vec![0; 1 << 20], vec![0; 1 << 20]);
    let mut total = 0;
    loop {
        let count = fill(&mut left, &mut ours);
        assert_eq!(count, fill(&mut right, &mut theirs), "after {total} bytes");
        assert!(
            ours[..count] == theirs[..count],
            "different after {total} bytes"
        );
        total += count as u64;
        if count < ours.len() {
            return total;
        }
    }
}

fn fill(reader: &mut impl Read, buffer: &mut [u8]) -> usize {
    let mut filled = 0;
    while filled < buffer.len() {
        match reader.read(&mut buffer[filled..]).unwrap() {
            0 => break,
            count => filled += count,
        }
    }
    filled
}

pub(crate) fn open(path: &str) -> File {
    File::open(work(path)).unwrap()
}

/// Whether this process runs the named test and no other; if not, such a process is started and has to succeed. For a
/// test that measures its process.
#[track_caller]
pub(crate) fn alone(test: &str) -> bool {
    const MARK: &str = "INTEROP_ALONE";
    if env::var_os(MARK).is_some_and(|name| name == test) {
        return true;
    }
    let output = Command::new(env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(MARK, test)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    print!("{said}");
    false
}

/// Runs this and says by how many KiB the largest size of the process grew, where the system tells.
pub(crate) fn growth(action: impl FnOnce()) -> Option<u64> {
    let before = peak_memory();
    action();
    // What the system counts of a process is not exact: it can come out smaller than before.
    Some(peak_memory()?.saturating_sub(before?))
}

fn peak_memory() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
