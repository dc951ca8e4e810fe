//! What is said of the arguments: complaints, help, completions and the manual page.
//!
//! Owns how these are printed. The definition they are made of is in `args.rs`.

use std::io;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};

use super::Failure;
use super::args::Args;
use super::output::{print_error, print_help, print_text};

/// The arguments this process was started with; else help or complaints are printed, and the exit code is returned.
pub(crate) fn arguments() -> Result<Args, ExitCode> {
    Args::try_parse().map_err(|error| {
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

/// Says on standard error how the command is used and what was wrong.
pub(crate) fn report(message: &str) {
    print_error(&format!(
        "Usage: {USAGE}\nTry 'papilio --help' for help.\n\nError: {message}"
    ));
}

/// Prints what is about the command itself, if that was asked for.
pub(crate) fn about(args: &Args) -> Option<Result<(), Failure>> {
    let text = if let Some(shell) = args.completions {
        let mut text = Vec::new();
        clap_complete::generate(shell, &mut Args::command(), "papilio", &mut text);
        text
    } else if args.man {
        let mut text = Vec::new();
        match manual(&mut text) {
            Ok(()) => text,
            Err(error) => return Some(Err(Failure::Output(error))),
        }
    } else {
        return None;
    };
    Some(print_text(&text).map_err(Failure::Output))
}

fn manual(text: &mut Vec<u8>) -> io::Result<()> {
    clap_mangen::Man::new(Args::command()).render(text)
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

pub(crate) const USAGE: &str = "papilio <URL> [OPTIONS]";
