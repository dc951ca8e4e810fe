//! Servers of HTTP/2 beside nginx: nghttpd, hypercorn, Node.

use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::process::{Process, free_ports, python, source};
use super::work;

/// nghttpd serves the folder `files`, and sends back what it gets by POST or PUT. Trailer `x-sum: 42`.
pub(crate) struct Nghttpd {
    encrypted: Process,
    clear: Process,
    pub(crate) tls: u16,
    pub(crate) plain: u16,
}

impl Nghttpd {
    pub(crate) fn start() -> Self {
        let [tls, plain] = free_ports();
        let command = |port: u16| {
            let mut command = Command::new("nghttpd");
            command.args([
                "-v",
                "--echo-upload",
                "--trailer",
                "x-sum: 42",
                "-a",
                "127.0.0.1",
                "-d",
            ]);
            command.arg(work("files")).arg(port.to_string());
            command
        };
        let mut secure = command(tls);
        secure.arg(work("server.key")).arg(work("server.pem"));
        let mut clear = command(plain);
        clear.arg("--no-tls");
        Self {
            encrypted: Process::listening("nghttpd", secure, tls),
            clear: Process::listening("nghttpd-plain", clear, plain),
            tls,
            plain,
        }
    }

    /// Every frame, as nghttpd tells it.
    pub(crate) fn output(&self) -> String {
        self.encrypted.output() + &self.clear.output()
    }
}

/// hypercorn with the application of uvicorn: `/count`, `/echo`, `/chunks`, `/moved-late`. HTTP/1.1 too.
pub(crate) struct Hypercorn {
    process: Process,
    pub(crate) tls: u16,
    pub(crate) plain: u16,
}

impl Hypercorn {
    pub(crate) fn start() -> Self {
        let [tls, plain] = free_ports();
        let mut command = python("hypercorn");
        command.env("PYTHONPATH", source(""));
        // No workers: one process.
        command.args(["--workers", "0", "--access-logfile", "-"]);
        command.args(["--access-logformat", "%(H)s %(m)s %(U)s %(s)s"]);
        command.args(["--bind", &format!("127.0.0.1:{tls}")]);
        command.args(["--insecure-bind", &format!("127.0.0.1:{plain}")]);
        command.arg("--certfile").arg(work("server.pem"));
        command
            .arg("--keyfile")
            .arg(work("server.key"))
            .arg("app:app");
        let mut process = Process::listening("hypercorn", command, tls);
        process.until("answers plainly", || {
            std::net::TcpStream::connect(("127.0.0.1", plain))
                .is_ok()
                .then_some(())
        });
        Self {
            process,
            tls,
            plain,
        }
    }

    /// A line for each request: `2 GET /chunks 200`.
    pub(crate) fn output(&self) -> String {
        self.process.output()
    }

    /// Waits until it has told so.
    #[track_caller]
    pub(crate) fn until(&self, what: &str, done: impl Fn(&str) -> bool) {
        let began = Instant::now();
        while !done(&self.output()) {
            assert!(
                began.elapsed() < Duration::from_secs(5),
                "{what}: {}",
                self.output()
            );
            thread::sleep(Duration::from_millis(20));
        }
    }
}

/// Node with `http2.mjs`, which tells what its paths do.
pub(crate) struct Node {
    _process: Process,
    pub(crate) tls: u16,
    pub(crate) plain: u16,
    /// Every session says GOAWAY in the middle of its 23rd request.
    pub(crate) leaving: u16,
    facts: u16,
}

impl Node {
    pub(crate) fn start() -> Self {
        let mut command = Command::new("node");
        command
            .arg(source("http2.mjs"))
            .arg(work("server.pem"))
            .arg(work("server.key"));
        let mut process = Process::start("node", command);
        let output = work(&process.output_name());
        let ports: Value = process.until("says its ports", || {
            serde_json::from_str(std::fs::read_to_string(&output).ok()?.lines().next()?).ok()
        });
        let port = |name: &str| u16::try_from(ports[name].as_u64().unwrap()).unwrap();
        Self {
            _process: process,
            tls: port("tls"),
            plain: port("plain"),
            leaving: port("leaving"),
            facts: port("facts"),
        }
    }

    /// `sessions`, `open` (sessions), `requests` (`GET /about`), `resets` (codes, of either side), `received`
    /// (bytes of bodies), `settings` (of every session), `goaways` (sent).
    pub(crate) fn facts(&self) -> Value {
        self.ask("GET")
    }

    /// The facts, which then start anew.
    pub(crate) fn forget(&self) -> Value {
        self.ask("DELETE")
    }

    /// The facts, once they are so.
    #[track_caller]
    pub(crate) fn until(&self, done: impl Fn(&Value) -> bool) -> Value {
        let began = Instant::now();
        loop {
            let facts = self.facts();
            if done(&facts) {
                return facts;
            }
            assert!(began.elapsed() < Duration::from_secs(5), "{facts}");
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn ask(&self, method: &str) -> Value {
        let url = format!("http://127.0.0.1:{}/", self.facts);
        super::client()
            .request(method, url)
            .send()
            .unwrap()
            .json()
            .unwrap()
    }
}
