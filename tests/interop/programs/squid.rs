//! squid: an HTTP and HTTPS proxy with several doors, and tinyproxy beside it.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use super::process::{Process, free_ports, nobody, with_hosts};
use super::work;

/// Every door is a port of `127.0.0.1`. Only squid knows the name `origin.test` (it is `127.0.0.1`). User and password
/// are [`USER`] and [`PASSWORD`].
pub(crate) struct Squid {
    process: Process,
    folder: PathBuf,
    /// For everybody.
    pub(crate) open: u16,
    /// 407 with Basic.
    pub(crate) basic: u16,
    /// 407 with Digest.
    pub(crate) digest: u16,
    /// 407 with both.
    pub(crate) either: u16,
    /// 403 for everybody.
    pub(crate) refusing: u16,
    /// By TLS, with the certificate `proxy/server.pem` (for `127.0.0.1`, not for `localhost`) of an authority of its own,
    /// `proxy/client.pem`.
    pub(crate) tls: u16,
    /// The same, and 407 with Basic.
    pub(crate) tls_basic: u16,
}

/// One request that squid saw.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    /// At which door.
    pub(crate) port: u16,
    /// The port of the client: the same for requests of one connection.
    pub(crate) client: u16,
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) status: u16,
    pub(crate) user: Option<String>,
    /// The fields as they came, a line each.
    pub(crate) fields: Vec<String>,
}

impl Squid {
    pub(crate) fn start() -> Self {
        let [open, basic, digest, either, refusing, tls, tls_basic] = free_ports();
        let folder = work(&format!("squid-{open}"));
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("basic"), format!("{USER}:{}\n", crypted())).unwrap();
        fs::write(folder.join("digest"), format!("{USER}:{PASSWORD}\n")).unwrap();
        let mut configuration = CONFIGURATION
            .replace("@FOLDER@", folder.to_str().unwrap())
            .replace("@HELPERS@", &helpers())
            .replace("@HOSTS@", work("hosts").to_str().unwrap());
        for (name, port) in [
            ("open", open),
            ("basic", basic),
            ("digest", digest),
            ("either", either),
            ("refusing", refusing),
        ] {
            configuration += &format!("http_port 127.0.0.1:{port} name={name}\n");
        }
        for (name, port) in [("tls", tls), ("tls_basic", tls_basic)] {
            configuration += &format!(
                "https_port 127.0.0.1:{port} name={name} tls-cert={} tls-key={}\n",
                work("proxy/server.pem").display(),
                work("proxy/server.key").display()
            );
        }
        let file = folder.join("squid.conf");
        fs::write(&file, configuration).unwrap();
        let mut command = nobody();
        command.args(["squid", "-N", "-f"]).arg(file);
        let mut process = Process::start("squid", command);
        // The doors open one after the other; the helpers come last.
        process.until("is ready", || {
            let log = fs::read_to_string(folder.join("cache.log")).unwrap_or_default();
            (log.matches("Accepting ").count() == 7).then_some(())
        });
        Self {
            process,
            folder,
            open,
            basic,
            digest,
            either,
            refusing,
            tls,
            tls_basic,
        }
    }

    /// The requests so far, once they are at least `count`. One with CONNECT counts when its tunnel has ended.
    pub(crate) fn seen(&mut self, count: usize) -> Vec<Seen> {
        let file = self.folder.join("access.log");
        self.process.until(&format!("saw {count} requests"), || {
            let log = fs::read_to_string(&file).unwrap_or_default();
            let seen: Vec<_> = log.lines().filter_map(Seen::parse).collect();
            (seen.len() >= count).then_some(seen)
        })
    }
}

impl Seen {
    fn parse(line: &str) -> Option<Self> {
        let (facts, fields) = line.split_once(" [")?;
        let [port, client, method, target, status, user] =
            facts.split(' ').collect::<Vec<_>>().try_into().ok()?;
        Some(Self {
            port: port.parse().ok()?,
            client: client.parse().ok()?,
            method: method.to_owned(),
            target: target.to_owned(),
            status: status.parse().ok()?,
            user: (user != "-").then(|| user.to_owned()),
            fields: fields
                .trim_end_matches(']')
                .split_terminator("\\r\\n")
                .map(str::to_owned)
                .collect(),
        })
    }

    /// The first field of this name.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find_map(|line| {
            let (field, value) = line.split_once(": ")?;
            field.eq_ignore_ascii_case(name).then_some(value)
        })
    }
}

/// tinyproxy: forwards and tunnels, with Basic.
pub(crate) struct Tinyproxy {
    process: Process,
    pub(crate) port: u16,
}

impl Tinyproxy {
    pub(crate) fn start() -> Self {
        let [port] = free_ports();
        let file = work(&format!("tinyproxy-{port}.conf"));
        let configuration = format!(
            "Port {port}\nListen 127.0.0.1\nTimeout 20\nMaxClients 20\nLogLevel Connect\nBasicAuth {USER} {PASSWORD}\n"
        );
        fs::write(&file, configuration).unwrap();
        let mut command = with_hosts();
        command.args(["tinyproxy", "-d", "-c"]).arg(file);
        let process = Process::listening("tinyproxy", command, port);
        Self { process, port }
    }

    pub(crate) fn output(&self) -> String {
        self.process.output()
    }
}

/// Where Debian, or another, put what checks passwords.
fn helpers() -> String {
    let said = Command::new("squid").arg("-v").output().unwrap().stdout;
    let said = String::from_utf8_lossy(&said).into_owned();
    let (_, rest) = said
        .split_once("--libexecdir=")
        .expect("squid says how it was built");
    rest.split(['\'', ' ', '\n'])
        .next()
        .unwrap()
        .replace("${prefix}", "/usr")
}

fn crypted() -> String {
    let output = Command::new("openssl")
        .args(["passwd", "-apr1", PASSWORD])
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

pub(crate) const USER: &str = "ada";
pub(crate) const PASSWORD: &str = "lovelace";

const CONFIGURATION: &str = "\
visible_hostname proxy.test
auth_param basic program @HELPERS@/basic_ncsa_auth @FOLDER@/basic
auth_param basic realm the proxy
auth_param basic children 1 startup=1 idle=1
auth_param digest program @HELPERS@/digest_file_auth @FOLDER@/digest
auth_param digest realm the proxy
auth_param digest children 1 startup=1 idle=1
acl on_basic myportname basic tls_basic
acl on_digest myportname digest
acl on_either myportname either
acl on_refusing myportname refusing
acl known proxy_auth REQUIRED
auth_schemes basic on_basic
auth_schemes digest on_digest
http_access deny on_refusing
http_access deny on_basic !known
http_access deny on_digest !known
http_access deny on_either !known
http_access allow all
strip_query_terms off
cache deny all
cache_mem 0 MB
hosts_file @HOSTS@
logformat facts %>lp %>p %rm %ru %>Hs %un [%>h]
access_log stdio:@FOLDER@/access.log facts
cache_log @FOLDER@/cache.log
cache_store_log none
pid_filename none
netdb_filename none
pinger_enable off
coredump_dir @FOLDER@
shutdown_lifetime 0 seconds
";
