//! A network of its own in which IPv6 vanishes.

use std::path::Path;
use std::process::{Command, Output};

use super::process::Process;
use super::work;

/// In it `both.test` is `2001:db8::2` (packets to it are lost without a word) and `192.0.2.1`, where Python's file
/// server listens at port 8080 and serves the folder `files`; `hole.test` has only the lost address. A program that
/// runs in it needs [`BlackHole::command`].
pub(crate) struct BlackHole {
    process: Process,
}

impl BlackHole {
    pub(crate) fn start() -> Self {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--net", "--mount"]);
        command.args(["sh", "-e", "-c", SETUP]).arg(work("files"));
        let mut process = Process::start("black-hole", command);
        let output = work(&process.output_name());
        process.until("serves", || {
            std::fs::read_to_string(&output)
                .ok()?
                .contains("Serving HTTP")
                .then_some(())
        });
        Self { process }
    }

    /// The program inside the network.
    pub(crate) fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["--target", &self.process.id().to_string()]);
        command.args(["--user", "--net", "--mount", "--preserve-credentials"]);
        command.arg(program.as_ref());
        command
    }

    /// papilio's command inside.
    pub(crate) fn papilio(&self, arguments: &[&str]) -> Output {
        self.command(env!("CARGO_BIN_EXE_papilio"))
            .args(arguments)
            .output()
            .unwrap()
    }

    /// What the file server says of its requests.
    pub(crate) fn output(&self) -> String {
        self.process.output()
    }

    /// The sockets that are still being connected.
    pub(crate) fn connecting(&self) -> String {
        let output = self
            .command("ss")
            .args(["-Htn", "state", "syn-sent"])
            .output()
            .unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

/// Two ends of a cable. Nobody listens at the far one; the neighbour is written down, so no one has to ask for it and be
/// told that it is missing.
const SETUP: &str = "
ip link set lo up
ip link add near type veth peer name far
ip link set near up
ip link set far up
ip -6 address add 2001:db8::1/64 dev near nodad
ip -6 neighbour add 2001:db8::2 lladdr 02:00:00:00:00:02 dev near nud permanent
ip address add 192.0.2.1/24 dev near
names=$(mktemp)
printf '2001:db8::2 both.test hole.test\\n192.0.2.1 both.test\\n' >\"$names\"
mount --bind \"$names\" /etc/hosts
rm \"$names\"
exec python3 -u -m http.server --bind 192.0.2.1 --directory \"$0\" 8080
";
