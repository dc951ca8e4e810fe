//! A program that a test starts, and ends by its id.

use std::env;
use std::fs::{self, File};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::work;

/// One running program; dropped, it is killed with everything it started.
pub(crate) struct Process {
    name: String,
    child: Child,
}

impl Process {
    /// Starts the program; what it writes goes into a file of its own.
    pub(crate) fn start(name: &str, mut command: Command) -> Self {
        static STARTED: AtomicU32 = AtomicU32::new(0);
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let name = format!("{name}-{}-{number}", std::process::id());
        let log = File::create(work(&format!("{name}.log"))).unwrap();
        let child = command
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        // Whoever stops this process early finds the other there.
        fs::write(work(&format!("pids/{}", child.id())), &name).unwrap();
        Self { name, child }
    }

    /// The same, once it answers at this port of `127.0.0.1`.
    pub(crate) fn listening(name: &str, command: Command, port: u16) -> Self {
        let mut process = Self::start(name, command);
        process.until("answers", || {
            TcpStream::connect(("127.0.0.1", port))
                .is_ok()
                .then_some(())
        });
        process
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it wrote so far.
    pub(crate) fn output(&self) -> String {
        String::from_utf8_lossy(&fs::read(work(&self.output_name())).unwrap()).into_owned()
    }

    /// The file of that.
    pub(crate) fn output_name(&self) -> String {
        format!("{}.log", self.name)
    }

    /// Waits until the program is as far as that; fails if it ends before.
    pub(crate) fn until<T>(&mut self, what: &str, mut done: impl FnMut() -> Option<T>) -> T {
        let began = Instant::now();
        loop {
            if let Some(value) = done() {
                return value;
            }
            let ended = self.child.try_wait().unwrap();
            assert!(
                ended.is_none() && began.elapsed() < Duration::from_secs(20),
                "{} {what}: not yet, {ended:?}; it says {}",
                self.name,
                self.output()
            );
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_file(work(&format!("pids/{}", self.child.id())));
    }
}

/// For programs that change who they are, or leave children behind: within, this user has another id, and whatever was
/// started ends with the first process.
pub(crate) fn nobody() -> Command {
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-user=65534", "--map-group=65534"]);
    command.args(["--pid", "--fork", "--kill-child"]);
    command
}

/// The same as a root without power outside, and with the names of the file `hosts` in place of the system's: only the
/// program knows `origin.test`.
pub(crate) fn with_hosts() -> Command {
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--mount"]);
    command.args(["--pid", "--fork", "--kill-child"]);
    command.args(["sh", "-c", "mount --bind \"$0\" /etc/hosts && exec \"$@\""]);
    command.arg(work("hosts"));
    command
}

/// One of the virtual environment.
pub(crate) fn python(name: &str) -> Command {
    Command::new(
        PathBuf::from(env::var("INTEROP_VENV").unwrap())
            .join("bin")
            .join(name),
    )
}

/// A file beside this source.
pub(crate) fn source(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/interop")
        .join(name)
}

pub(crate) fn free_ports<const N: usize>() -> [u16; N] {
    let held: [_; N] = std::array::from_fn(|_| TcpListener::bind("127.0.0.1:0").unwrap());
    held.map(|listener| listener.local_addr().unwrap().port())
}
