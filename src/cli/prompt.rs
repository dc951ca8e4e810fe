//! Asking for a secret: on the terminal without showing it, else a line of standard input.

use std::io::{self, IsTerminal};

use console::Term;

use super::Failure;
use super::args::Args;
use super::body::Given;
use super::interrupt;
use super::output::harmless;

/// The secret that a person types, or a program writes to standard input.
pub(crate) fn ask(what: &str, args: &Args) -> Result<String, Failure> {
    let unreadable =
        |error: io::Error| Failure::File(format!("cannot ask for the secret '-': {error}"));
    if io::stderr().is_terminal() {
        let terminal = Term::stderr();
        let question = format!("{}: ", harmless(what));
        terminal.write_str(&question).map_err(unreadable)?;
        let quiet = interrupt::remember_terminal();
        let answer = terminal.read_secure_line().map_err(unreadable);
        drop(quiet);
        return answer;
    }
    if takes_stdin(args) {
        let message = "standard input cannot be both the body and a password";
        return Err(Failure::Usage(message.to_owned()));
    }
    let mut line = String::new();
    io::stdin().read_line(&mut line).map_err(unreadable)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

fn takes_stdin(args: &Args) -> bool {
    let is_stdin = |given: &Option<Given>| *given == Some(Given::Stdin);
    is_stdin(&args.content)
        || is_stdin(&args.json)
        || args.files.iter().skip(1).step_by(2).any(|file| file == "-")
}
