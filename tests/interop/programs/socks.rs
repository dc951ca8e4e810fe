//! SOCKS proxies: Dante (4 and 5, without users) and microsocks (5, with a user).

use std::fs;

use super::process::{Process, free_ports, with_hosts};
use super::work;

/// SOCKS 4 and 5 for everybody, not 4a. Only the program knows the name `origin.test` (it is `127.0.0.1`).
pub(crate) struct Dante {
    process: Process,
    pub(crate) port: u16,
    /// Nobody may be connected with this port: "not allowed by ruleset".
    pub(crate) blocked: u16,
}

impl Dante {
    pub(crate) fn start() -> Self {
        let [port, blocked] = free_ports();
        let file = work(&format!("dante-{port}.conf"));
        let configuration = CONFIGURATION
            .replace("@PORT@", &port.to_string())
            .replace("@BLOCKED@", &blocked.to_string());
        fs::write(&file, configuration).unwrap();
        let mut command = with_hosts();
        command.args(["danted", "-f"]).arg(file);
        let process = Process::listening("dante", command, port);
        Self {
            process,
            port,
            blocked,
        }
    }

    /// Its log: addresses of every connection, no names.
    pub(crate) fn output(&self) -> String {
        self.process.output()
    }
}

/// SOCKS 5 for the user and the password of [`super::squid`]. Only the program knows the name `origin.test`.
pub(crate) struct Microsocks {
    process: Process,
    pub(crate) port: u16,
}

impl Microsocks {
    pub(crate) fn start() -> Self {
        let [port] = free_ports();
        let mut command = with_hosts();
        command.args(["microsocks", "-i", "127.0.0.1", "-p", &port.to_string()]);
        command.args(["-u", super::squid::USER, "-P", super::squid::PASSWORD]);
        let process = Process::listening("microsocks", command, port);
        Self { process, port }
    }

    /// A line for each connection: `client[4] 127.0.0.1: connected to origin.test:443`, as the client named it.
    pub(crate) fn output(&self) -> String {
        self.process.output()
    }
}

const CONFIGURATION: &str = "\
logoutput: stdout
internal: 127.0.0.1 port = @PORT@
external: lo
clientmethod: none
socksmethod: none
user.privileged: root
user.unprivileged: root
client pass {
    from: 127.0.0.0/8 to: 0.0.0.0/0
    log: error
}
socks block {
    from: 127.0.0.0/8 to: 0.0.0.0/0 port = @BLOCKED@
    log: connect
}
socks pass {
    from: 127.0.0.0/8 to: 0.0.0.0/0
    command: connect
    log: connect error
}
";
