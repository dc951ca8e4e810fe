//! The arguments: their names, their help, and what must be right about each alone.
//!
//! Owns the form of the command line. Does not own what arguments do, nor complaints about them (`usage.rs`). Help,
//! completions and the manual page are made of this definition.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Parser, ValueHint};
use clap_complete::Shell;
use papilio::QueryParams;

use super::body::Given;
use super::usage::USAGE;

/// Sends an HTTP request and shows the response.
#[derive(Debug, Parser)]
#[command(
    name = "papilio",
    version,
    override_usage = USAGE,
    disable_help_flag = true,
    disable_version_flag = true,
    after_help = "Exit code: 0 for a 2xx response, 1 for any other response or an error, 2 for wrong use.",
    max_term_width = 100
)]
pub(crate) struct Args {
    /// Where the request goes: http://... or https://...
    #[arg(value_name = "URL", value_hint = ValueHint::Url, required_unless_present_any = ["completions", "man"])]
    url: Option<String>,

    /// Method, in any case; unless given, GET, or POST if there is a body.
    #[arg(short, long, value_name = "METHOD", help_heading = REQUEST)]
    method: Option<String>,

    /// Query parameter to add to the URL; may be repeated.
    #[arg(short, long, num_args = 2, value_names = PAIR, allow_hyphen_values = true, help_heading = REQUEST)]
    pub(crate) params: Vec<String>,

    /// Header to send; may be repeated.
    #[arg(short = 'h', long, num_args = 2, value_names = PAIR, allow_hyphen_values = true, help_heading = REQUEST)]
    pub(crate) headers: Vec<String>,

    /// Cookie to send, this time only; may be repeated.
    #[arg(long, num_args = 2, value_names = PAIR, allow_hyphen_values = true, help_heading = REQUEST)]
    pub(crate) cookies: Vec<String>,

    /// Text to send as the body; @FILE is a file, @- standard input, @@ stands for one @.
    #[arg(short, long, value_name = "TEXT", allow_hyphen_values = true, help_heading = REQUEST)]
    #[arg(conflicts_with_all = ["data", "files", "json"])]
    pub(crate) content: Option<Given>,

    /// Form field to send; may be repeated.
    #[arg(short, long, num_args = 2, value_names = PAIR, allow_hyphen_values = true, help_heading = REQUEST)]
    #[arg(conflicts_with = "json")]
    pub(crate) data: Vec<String>,

    /// File to send in a form, `-` for standard input; may be repeated.
    #[arg(short, long, num_args = 2, value_names = ["NAME", "FILENAME"], allow_hyphen_values = true, help_heading = REQUEST)]
    #[arg(conflicts_with = "json")]
    #[arg(value_hint = ValueHint::FilePath)]
    pub(crate) files: Vec<String>,

    /// JSON to send as the body; @FILE and @- as for --content.
    #[arg(short, long, value_name = "TEXT", allow_hyphen_values = true, help_heading = REQUEST)]
    pub(crate) json: Option<Given>,

    /// User and password, by the Basic scheme; the password `-` is asked for.
    #[arg(long, num_args = 2, value_names = ["USER", "PASS"], allow_hyphen_values = true, help_heading = AUTH)]
    #[arg(overrides_with = "auth", conflicts_with_all = ["bearer", "netrc"])]
    pub(crate) auth: Option<Vec<String>>,

    /// Use --auth by the Digest scheme.
    #[arg(long, requires = "auth", help_heading = AUTH)]
    pub(crate) digest: bool,

    /// Token to send; `-` is asked for.
    #[arg(long, value_name = "TOKEN", allow_hyphen_values = true, help_heading = AUTH)]
    #[arg(conflicts_with = "netrc")]
    pub(crate) bearer: Option<String>,

    /// Users and passwords by host from FILE, or from .netrc in the home directory.
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true, help_heading = AUTH)]
    #[arg(value_hint = ValueHint::FilePath)]
    pub(crate) netrc: Option<Option<PathBuf>>,

    /// Keep cookies in FILE from one run to the next. Others must not see it.
    #[arg(long, value_name = "FILE", help_heading = AUTH)]
    #[arg(value_hint = ValueHint::FilePath)]
    pub(crate) session: Option<PathBuf>,

    /// Follow redirects, 20 at most.
    #[arg(short = 'L', long, help_heading = NETWORK)]
    pub(crate) follow_redirects: bool,

    /// Longest wait, in seconds, to connect, to send, and for the next bytes to come.
    #[arg(long, value_name = "SECONDS", default_value = "5.0", value_parser = seconds, help_heading = NETWORK)]
    #[arg(allow_negative_numbers = true)]
    pub(crate) timeout: Duration,

    /// Try again up to N times: if there is no connection, or for 429, 502, 503 and 504.
    ///
    /// The server's Retry-After is waited for if it is a minute at most; else half a second, and double that each time.
    #[arg(long, value_name = "N", default_value_t = 0, help_heading = NETWORK)]
    pub(crate) retry: u32,

    /// Let --retry repeat also what a server may then do twice, such as POST.
    #[arg(long, requires = "retry", help_heading = NETWORK)]
    pub(crate) retry_any: bool,

    /// Go by way of a proxy: http://..., https://..., socks5://... or socks5h://...
    #[arg(long, value_name = "URL", help_heading = NETWORK)]
    pub(crate) proxy: Option<String>,

    /// Use HTTP/2 where the server offers it.
    #[arg(long, help_heading = NETWORK)]
    pub(crate) http2: bool,

    /// Address to connect to for a host, in place of looking it up; may be repeated.
    #[arg(long, value_name = "HOST:PORT:ADDRESS", value_parser = resolve, help_heading = NETWORK)]
    pub(crate) resolve: Vec<(String, SocketAddr)>,

    /// Connect to this Unix domain socket, whatever the URL's host.
    #[arg(long, value_name = "PATH", help_heading = NETWORK)]
    #[arg(value_hint = ValueHint::FilePath)]
    pub(crate) unix_socket: Option<PathBuf>,

    /// IP address of this machine to connect from.
    #[arg(long, alias = "interface", value_name = "ADDRESS", help_heading = NETWORK)]
    pub(crate) local_address: Option<IpAddr>,

    /// Trust the certificates of FILE, or of the files in that directory, and no others.
    #[arg(long, value_name = "FILE", help_heading = TLS, conflicts_with = "no_verify")]
    #[arg(value_hint = ValueHint::FilePath)]
    pub(crate) cacert: Option<PathBuf>,

    /// Certificate to show to the server, in PEM; with its key, unless --key is given.
    #[arg(long, value_name = "FILE", help_heading = TLS)]
    #[arg(value_hint = ValueHint::FilePath)]
    pub(crate) cert: Option<PathBuf>,

    /// Key of --cert, in PEM.
    #[arg(long, value_name = "FILE", help_heading = TLS, requires = "cert")]
    #[arg(value_hint = ValueHint::FilePath)]
    pub(crate) key: Option<PathBuf>,

    /// Password of the key; `-` is asked for.
    #[arg(long, value_name = "PASS", allow_hyphen_values = true, help_heading = TLS, requires = "cert")]
    pub(crate) key_password: Option<String>,

    /// Accept any certificate. Whoever is on the way can then read and change everything.
    #[arg(long, help_heading = TLS)]
    pub(crate) no_verify: bool,

    /// Save the body in FILE instead of showing it; `-` is standard output.
    ///
    /// Until it is complete the file is called FILE.part.
    #[arg(short = 'o', long, value_name = "FILE", help_heading = OUTPUT)]
    #[arg(value_hint = ValueHint::FilePath)]
    pub(crate) download: Option<PathBuf>,

    /// Go on with the FILE.part of a download that was cut, if the server still has the same.
    #[arg(long = "continue", requires = "download", help_heading = OUTPUT)]
    pub(crate) resume: bool,

    /// Show the body alone and as it is, for other programs.
    #[arg(long, help_heading = OUTPUT, conflicts_with_all = ["download", "headers_only", "quiet"])]
    pub(crate) raw: bool,

    /// Show the whole response as one line of JSON, for other programs.
    #[arg(long, help_heading = OUTPUT, conflicts_with_all = ["download", "quiet", "raw"])]
    pub(crate) as_json: bool,

    /// Show status lines and headers, and do not wait for the body.
    #[arg(long, help_heading = OUTPUT, conflicts_with_all = ["download", "quiet"])]
    pub(crate) headers_only: bool,

    /// Show nothing but errors.
    #[arg(short, long, help_heading = OUTPUT)]
    pub(crate) quiet: bool,

    /// Say on standard error how long each step took.
    #[arg(long, help_heading = OUTPUT)]
    pub(crate) timing: bool,

    /// Show the request too, passwords and all; twice: also a debug log on standard error.
    #[arg(short, long, action = ArgAction::Count, help_heading = OUTPUT)]
    pub(crate) verbose: u8,

    /// Print the completions of the command line for a shell.
    #[arg(long, value_name = "SHELL", exclusive = true, help_heading = ABOUT)]
    pub(crate) completions: Option<Shell>,

    /// Print the manual page.
    #[arg(long, exclusive = true, help_heading = ABOUT)]
    pub(crate) man: bool,

    /// Show this help.
    #[arg(long, action = ArgAction::HelpShort, help_heading = ABOUT)]
    help: Option<bool>,

    /// Print the version.
    #[arg(short = 'V', long, action = ArgAction::Version, help_heading = ABOUT)]
    version: Option<bool>,
}

impl Args {
    /// Where the request goes. Clap has seen to it that there is one.
    pub(crate) fn url(&self) -> &str {
        self.url.as_deref().unwrap_or_default()
    }

    /// As given; else by whether there is a body, be it empty.
    pub(crate) fn method(&self) -> &str {
        let has_body = self.content.is_some()
            || !self.data.is_empty()
            || !self.files.is_empty()
            || self.json.is_some();
        self.method
            .as_deref()
            .unwrap_or(if has_body { "POST" } else { "GET" })
    }
}

/// The values of an option that takes two.
pub(crate) fn pairs(values: &[String]) -> impl Iterator<Item = &[String; 2]> {
    values.as_chunks().0.iter()
}

pub(crate) fn query(values: &[String]) -> QueryParams {
    pairs(values)
        .map(|[name, value]| (name.as_str(), value.as_str()))
        .collect()
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "Not a number".to_owned())?;
    Duration::try_from_secs_f64(seconds).map_err(|_| "Not a length of time".to_owned())
}

/// `example.org:443:127.0.0.1`; an IPv6 address may have its brackets.
fn resolve(text: &str) -> Result<(String, SocketAddr), String> {
    let parts = text.split_once(':').and_then(|(host, rest)| {
        let (port, address) = rest.split_once(':')?;
        (!host.is_empty()).then_some((host, port, address))
    });
    let (host, port, address) = parts.ok_or("Not HOST:PORT:ADDRESS")?;
    let port: u16 = port.parse().map_err(|_| format!("Not a port: {port}"))?;
    let bare = address
        .strip_prefix('[')
        .and_then(|address| address.strip_suffix(']'))
        .unwrap_or(address);
    let ip: IpAddr = bare
        .parse()
        .map_err(|_| format!("Not an IP address: {address}"))?;
    Ok((host.to_owned(), SocketAddr::new(ip, port)))
}

const PAIR: [&str; 2] = ["NAME", "VALUE"];
const REQUEST: &str = "The request";
const AUTH: &str = "Who asks";
const NETWORK: &str = "The way to the server";
const TLS: &str = "Certificates";
const OUTPUT: &str = "What is shown";
const ABOUT: &str = "About the command";
