//! A terminal that somebody looks at: what a run writes to it becomes the lines of a screen, their colours noted.

use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;
use std::thread::{self, JoinHandle};

use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};
use vt100::Color;

use super::process::{Run, Running, read_all};

/// A pair of pseudo-terminals, and whoever reads it.
pub(super) struct Screen {
    ours: File,
    theirs: File,
}

/// A run on a terminal, under way.
pub(super) struct Watched {
    pub(super) running: Running,
    pub(super) screen: Screen,
    seen: JoinHandle<Vec<u8>>,
}

impl Screen {
    pub(super) fn new() -> Self {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY;
        let ours = openpt(flags).unwrap();
        grantpt(&ours).unwrap();
        unlockpt(&ours).unwrap();
        let theirs = ioctl_tiocgptpeer(&ours, flags).unwrap();
        let size = Winsize {
            ws_row: ROWS,
            ws_col: COLUMNS,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&ours, size).unwrap();
        Self {
            ours: ours.into(),
            theirs: theirs.into(),
        }
    }

    /// Starts the command with all its streams on this terminal.
    pub(super) fn start(self, mut run: Run) -> Watched {
        run.command.stdout(self.theirs.try_clone().unwrap());
        self.start_piped(run)
    }

    /// Starts the command with its streams on this terminal, but for standard output.
    pub(super) fn start_piped(self, mut run: Run) -> Watched {
        let theirs = || self.theirs.try_clone().unwrap();
        let command = &mut run.command;
        command.stdin(theirs()).stderr(theirs());
        let child = command.spawn().unwrap();
        // The command's side of the terminal is closed here with the `Run`.
        drop(run);
        let ours = self.ours.try_clone().unwrap();
        Watched {
            running: Running(child),
            screen: self,
            seen: thread::spawn(move || read_all(ours)),
        }
    }

    /// Types on it.
    pub(super) fn write(&mut self, text: &str) {
        self.ours.write_all(text.as_bytes()).unwrap();
    }

    /// Whether what is typed shows.
    pub(super) fn echoes(&self) -> bool {
        let modes = tcgetattr(&self.theirs).unwrap().local_modes;
        modes.contains(LocalModes::ECHO)
    }
}

impl Watched {
    /// The exit code, and the bytes that came to the terminal.
    pub(super) fn end(mut self) -> (Option<i32>, Vec<u8>) {
        let code = self.running.wait().code();
        let Screen { ours, theirs } = self.screen;
        // Nobody holds it any longer, so that reading ends.
        drop((ours, theirs));
        (code, self.seen.join().unwrap())
    }
}

/// What stands on the screen in the end, with `‹colour:text›` for what is coloured.
pub(super) fn picture(bytes: &[u8]) -> String {
    let mut terminal = vt100::Parser::new(ROWS, COLUMNS, 0);
    terminal.process(bytes);
    let screen = terminal.screen();
    let mut lines: Vec<String> = Vec::new();
    for row in 0..ROWS {
        let mut line = String::new();
        let mut colour = None;
        for column in 0..COLUMNS {
            let Some(cell) = screen.cell(row, column) else {
                continue;
            };
            let text = if cell.has_contents() {
                cell.contents()
            } else {
                " "
            };
            let its = (!text.trim().is_empty())
                .then(|| name(cell.fgcolor()))
                .flatten();
            let goes_on = text.trim().is_empty()
                && colour.is_some()
                && continues(screen, row, column, colour);
            if its != colour && !goes_on {
                if colour.is_some() {
                    line.push('›');
                }
                if let Some(its) = its {
                    line.push_str(&format!("‹{its}:"));
                }
                colour = its;
            }
            line.push_str(text);
        }
        let line = line.trim_end();
        let end = if colour.is_some() { "›" } else { "" };
        lines.push(format!("{line}{end}"));
    }
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines.join("\n") + "\n"
}

/// Whether the next thing in the row is of that colour too.
fn continues(screen: &vt100::Screen, row: u16, column: u16, colour: Option<&str>) -> bool {
    (column..COLUMNS)
        .filter_map(|column| screen.cell(row, column))
        .find(|cell| cell.has_contents() && !cell.contents().trim().is_empty())
        .is_some_and(|cell| name(cell.fgcolor()) == colour)
}

fn name(colour: Color) -> Option<&'static str> {
    match colour {
        Color::Default => None,
        Color::Idx(1) => Some("red"),
        Color::Idx(2) => Some("green"),
        Color::Idx(3) => Some("yellow"),
        Color::Idx(4) => Some("blue"),
        Color::Idx(5) => Some("magenta"),
        Color::Idx(6) => Some("cyan"),
        Color::Idx(8) => Some("grey"),
        _ => Some("other"),
    }
}

/// Compares with the picture of that name in `tests/data/terminal`. With `PAPILIO_TAKE_PICTURES` set, takes it anew: look
/// at the difference before you keep it.
#[track_caller]
pub(super) fn is_picture(shown: &str, name: &str) {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "tests/data/terminal", name]
        .iter()
        .collect();
    if std::env::var_os("PAPILIO_TAKE_PICTURES").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, shown).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert!(shown == expected, "{name} has changed:\n{shown}");
}

const ROWS: u16 = 40;
const COLUMNS: u16 = 80;
