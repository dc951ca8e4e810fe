//! The two standard streams: what may be coloured, what must be escaped, and when it goes out.
//!
//! Owns the difference between a terminal and a pipe, and that nothing a server sends drives a terminal. Does not own what is written (`render.rs`).

use std::env;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use anstream::AutoStream;

use super::interrupt;

/// One of the streams. A terminal gets colours, and no control character that a server has sent; anything else gets plain
/// text as it is.
pub(crate) struct Output {
    stream: Box<dyn Write + Send>,
    /// Not yet on its way.
    waiting: Vec<u8>,
    is_terminal: bool,
    colours: bool,
    /// A CR was the last character, and waits for what follows: before LF it is part of a line end.
    return_waits: bool,
}

/// A colour, as the sequence that starts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Colour(&'static str);

impl Colour {
    pub(crate) const BLUE: Self = Self("\x1b[34m");
    pub(crate) const CYAN: Self = Self("\x1b[36m");
    pub(crate) const GREEN: Self = Self("\x1b[32m");
    pub(crate) const GREY: Self = Self("\x1b[90m");
    pub(crate) const MAGENTA: Self = Self("\x1b[35m");
    pub(crate) const RED: Self = Self("\x1b[31m");
    pub(crate) const YELLOW: Self = Self("\x1b[33m");
    const END: &'static str = "\x1b[0m";
}

impl Output {
    pub(crate) fn stdout() -> Self {
        let is_terminal = io::stdout().is_terminal();
        if !wants_colours(is_terminal) {
            return Self::new(Box::new(io::stdout()), is_terminal, false);
        }
        interrupt::colours_are_on();
        // Where a terminal needs to be told or helped to understand colours, this does it.
        Self::new(Box::new(AutoStream::always(io::stdout())), true, true)
    }

    pub(crate) fn stderr() -> Self {
        let is_terminal = io::stderr().is_terminal();
        if !wants_colours(is_terminal) {
            return Self::new(Box::new(io::stderr()), is_terminal, false);
        }
        Self::new(Box::new(AutoStream::always(io::stderr())), true, true)
    }

    /// Nobody sees what goes there.
    pub(crate) fn nowhere() -> Self {
        Self::new(Box::new(io::sink()), false, false)
    }

    /// A terminal with colours, as far as a test is concerned.
    #[cfg(test)]
    pub(crate) fn test(stream: impl Write + Send + 'static) -> Self {
        Self::new(Box::new(stream), true, true)
    }

    fn new(stream: Box<dyn Write + Send>, is_terminal: bool, colours: bool) -> Self {
        Self {
            stream,
            waiting: Vec::new(),
            is_terminal,
            colours,
            return_waits: false,
        }
    }

    pub(crate) fn has_colours(&self) -> bool {
        self.colours
    }

    pub(crate) fn is_terminal(&self) -> bool {
        self.is_terminal
    }

    /// Adds text, which may be a server's.
    pub(crate) fn text(&mut self, text: &str) -> io::Result<()> {
        if !self.is_terminal {
            return self.bytes(text.as_bytes());
        }
        for c in text.chars() {
            if std::mem::take(&mut self.return_waits) && c != '\n' {
                push_escaped('\r', &mut self.waiting);
            }
            match c {
                '\r' => self.return_waits = true,
                '\n' | '\t' => push(c, &mut self.waiting),
                _ if is_harmful(c) => push_escaped(c, &mut self.waiting),
                _ => push(c, &mut self.waiting),
            }
        }
        self.make_room()
    }

    /// Says that the text is over, which tells what a CR at its end was.
    pub(crate) fn end_text(&mut self) {
        if std::mem::take(&mut self.return_waits) {
            push_escaped('\r', &mut self.waiting);
        }
    }

    /// Adds text in a colour, if there are colours.
    pub(crate) fn coloured(&mut self, colour: Colour, text: &str) -> io::Result<()> {
        if !self.colours {
            return self.text(text);
        }
        self.waiting.extend_from_slice(colour.0.as_bytes());
        self.text(text)?;
        self.waiting.extend_from_slice(Colour::END.as_bytes());
        Ok(())
    }

    /// Adds bytes as they are.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.waiting.extend_from_slice(bytes);
        self.make_room()
    }

    /// Sends everything on its way.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.send()?;
        self.stream.flush()
    }

    fn make_room(&mut self) -> io::Result<()> {
        if self.waiting.len() < MOST_WAITING {
            return Ok(());
        }
        self.send()
    }

    fn send(&mut self) -> io::Result<()> {
        let result = self.stream.write_all(&self.waiting);
        self.waiting.clear();
        result
    }
}

/// `Name: message` on standard error, in red on a terminal.
pub(crate) fn error_line(message: &str) {
    let message = harmless(message);
    if wants_colours(io::stderr().is_terminal()) {
        let line = format!("{}{message}{}", Colour::RED.0, Colour::END);
        print_to(&mut AutoStream::always(io::stderr()), &line);
    } else {
        print_to(&mut io::stderr(), &message);
    }
}

/// Plain lines on standard error.
pub(crate) fn print_error(text: &str) {
    print_to(&mut io::stderr(), &harmless(text));
}

/// Help, with its colours, on standard output.
pub(crate) fn print_help(text: &str) -> ExitCode {
    match anstream::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            error_line(&format!("Error: cannot write to standard output: {error}"));
            ExitCode::FAILURE
        }
        _ => ExitCode::SUCCESS,
    }
}

/// Text of the command's own, as it is, on standard output.
pub(crate) fn print_text(text: &[u8]) -> io::Result<()> {
    let mut stdout = io::stdout();
    stdout.write_all(text).and_then(|()| stdout.flush())
}

fn print_to(stream: &mut dyn Write, line: &str) {
    // If nobody can be told, nobody can be told that either.
    drop(stream.write_all(format!("{line}\n").as_bytes()));
}

fn wants_colours(is_terminal: bool) -> bool {
    let is_set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    is_terminal && !is_set("NO_COLOR") && env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// Text that a server may have had a hand in, for a message.
pub(crate) fn harmless(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    for c in text.chars() {
        if is_harmful(c) && !matches!(c, '\n' | '\t') {
            push_escaped(c, &mut bytes);
        } else {
            push(c, &mut bytes);
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// What makes a terminal do something else than show a character: control characters, and what reorders the text around
/// it (Unicode's bidirectional controls) or ends its line.
fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        )
}

fn push(c: char, bytes: &mut Vec<u8>) {
    bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
}

/// Control characters are below U+0100, all others get braces.
fn push_escaped(c: char, bytes: &mut Vec<u8>) {
    let code = u32::from(c);
    let text = if code < 0x100 {
        format!("\\x{code:02x}")
    } else {
        format!("\\u{{{code:x}}}")
    };
    bytes.extend_from_slice(text.as_bytes());
}

/// In bytes.
const MOST_WAITING: usize = 32 * 1024;
