//! The arguments: their names, their help, and what must be right about them.
//!
//! Owns the form of the command line and of complaints about it. Does not own what arguments do.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::{ArgAction, Parser};
use papilio::QueryParams;
use serde_json::Value;

use super::output::{print_error, print_help};

/// Sends an HTTP request and shows the response.
#[derive(Debug, Parser)]
#[command(
    name = "papilio",
    version,
    override_usage = USAGE,
    disable_help_flag = true,
    after_help = "Exit code: 0 for a 2xx response, 1 for any other response or an error, 2 for wrong use.",
    max_term_width = 100
)]
pub(crate) struct Args {
    /// Where the request goes: http://... or https://...
    #[arg(value_name = "URL")]
    pub(crate) url: String,

    /// Method, in any case; unless given, GET, or POST if there is a body.
    #[arg(short, long, value_name = "METHOD")]
    method: Option<String>,

    /// Query parameter to add to the URL; may be repeated.
    #[arg(short, long, num_args = 2, value_names = PAIR, allow_hyphen_values = true)]
    pub(crate) params: Vec<String>,

    /// Text to send as the body.
    #[arg(short, long, value_name = "TEXT", allow_hyphen_values = true)]
    #[arg(conflicts_with_all = ["data", "json"])]
    pub(crate) content: Option<String>,

    /// Form field to send; may be repeated.
    #[arg(short, long, num_args = 2, value_names = PAIR, allow_hyphen_values = true)]
    #[arg(conflicts_with = "json")]
    pub(crate) data: Vec<String>,

    /// JSON to send as the body.
    #[arg(short, long, value_name = "TEXT", allow_hyphen_values = true, value_parser = json)]
    pub(crate) json: Option<Value>,

    /// Header to send; may be repeated.
    #[arg(short = 'h', long, num_args = 2, value_names = PAIR, allow_hyphen_values = true)]
    pub(crate) headers: Vec<String>,

    /// Longest wait, in seconds, to connect, to send, and for the next bytes to come.
    #[arg(long, value_name = "SECONDS", default_value = "5.0", value_parser = seconds)]
    #[arg(allow_negative_numbers = true)]
    pub(crate) timeout: Duration,

    /// Accept any certificate. Whoever is on the way can then read and change everything.
    #[arg(long)]
    pub(crate) no_verify: bool,

    /// Save the body in FILE instead of showing it; `-` is standard output.
    #[arg(long, value_name = "FILE")]
    pub(crate) download: Option<PathBuf>,

    /// Show the request too, passwords and all; twice: also a debug log on standard error.
    #[arg(short, long, action = ArgAction::Count)]
    pub(crate) verbose: u8,

    /// Show this help.
    #[arg(long, action = ArgAction::HelpShort)]
    help: Option<bool>,
}

impl Args {
    /// The arguments this process was started with; else help or complaints are printed, and the exit code is returned.
    pub(crate) fn from_command_line() -> Result<Self, ExitCode> {
        Self::try_parse().map_err(|error| {
            let text = error.render();
            if matches!(
                error.kind(),
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
            ) {
                return print_help(&text.ansi().to_string());
            }
            report(complaint(&text.to_string()));
            ExitCode::from(2)
        })
    }

    /// As given; else by whether there is a body, be it empty.
    pub(crate) fn method(&self) -> &str {
        let has_body = self.content.is_some() || !self.data.is_empty() || self.json.is_some();
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

/// Says on standard error how the command is used and what was wrong.
pub(crate) fn report(message: &str) {
    print_error(&format!(
        "Usage: {USAGE}\nTry 'papilio --help' for help.\n\nError: {message}"
    ));
}

/// What is wrong, out of everything clap has to say.
fn complaint(text: &str) -> &str {
    let text = text.strip_prefix("error: ").unwrap_or(text);
    let end = ["\n\nUsage:", "\n\nFor more information"]
        .iter()
        .filter_map(|part| text.find(part))
        .min();
    text.get(..end.unwrap_or(text.len()))
        .unwrap_or(text)
        .trim_end()
}

fn json(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|error| format!("Not valid JSON: {error}"))
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "Not a number".to_owned())?;
    Duration::try_from_secs_f64(seconds).map_err(|_| "Not a length of time".to_owned())
}

const USAGE: &str = "papilio <URL> [OPTIONS]";
const PAIR: [&str; 2] = ["NAME", "VALUE"];
