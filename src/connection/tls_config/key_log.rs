//! `SSLKEYLOGFILE`: the secrets of sessions for whoever records the traffic (TLS-12), in the format of NSS.

use std::fmt::{self, Write as _};
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::KeyLog;

use super::roots::variable;
use crate::error::{Error, Kind, Result};

const VARIABLE: &str = "SSLKEYLOGFILE";

pub(super) fn in_environment() -> bool {
    variable(VARIABLE).is_some()
}

/// The file that the variable names, opened to be added to and made if it is missing; `None` if it is not set.
pub(super) fn open(trust_env: bool) -> Result<Option<Arc<dyn KeyLog>>> {
    let Some(path) = variable(VARIABLE).filter(|_| trust_env) else {
        return Ok(None);
    };
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    // Whoever reads it reads the traffic.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(&path).map_err(|e| {
        let path = Path::new(&path).display();
        let message = format!("{VARIABLE} cannot be used: cannot write to {path}");
        Error::new(Kind::Tls, message).with_source(e)
    })?;
    Ok(Some(Arc::new(KeyFile(Mutex::new(file)))))
}

struct KeyFile(Mutex<File>);

impl KeyLog for KeyFile {
    fn log(&self, label: &str, client_random: &[u8], secret: &[u8]) {
        let mut line =
            String::with_capacity(label.len() + 2 * (client_random.len() + secret.len()) + 3);
        line.push_str(label);
        for bytes in [client_random, secret] {
            line.push(' ');
            for byte in bytes {
                // Writing to a string cannot fail.
                let _ = write!(line, "{byte:02x}");
            }
        }
        line.push('\n');
        let mut file = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // In one piece, since others may write to the same file; a full disk is no reason to fail the request.
        let _ = file.write_all(line.as_bytes());
    }
}

impl fmt::Debug for KeyFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyFile")
    }
}
