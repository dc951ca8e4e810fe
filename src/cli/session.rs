//! `--session`: the cookies of a client in a file, from one run to the next.
//!
//! Owns the file: JSON, for its owner alone, replaced as a whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use papilio::Cookies;

use super::Failure;

/// Where cookies are kept.
pub(crate) struct Session {
    path: PathBuf,
}

impl Session {
    /// Reads the cookies; a file that is not there has none.
    pub(crate) fn open(path: &Path) -> Result<(Self, Cookies), Failure> {
        let cookies = match fs::read(path) {
            Ok(text) => serde_json::from_slice(&text).map_err(|error| {
                let name = path.display();
                Failure::Usage(format!("'{name}' is not a session: {error}"))
            })?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Cookies::new(),
            Err(error) => {
                let name = path.display();
                return Err(Failure::Usage(format!("cannot read '{name}': {error}")));
            }
        };
        // Of a link it is the file behind it that is replaced.
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        Ok((Self { path }, cookies))
    }

    /// Writes the cookies, those of them that a server deleted left out.
    pub(crate) fn save(&self, cookies: &Cookies) -> Result<(), Failure> {
        self.replace(cookies).map_err(|error| {
            let name = self.path.display();
            Failure::File(format!("cannot write the session '{name}': {error}"))
        })
    }

    fn replace(&self, cookies: &Cookies) -> io::Result<()> {
        let mut text = serde_json::to_vec_pretty(cookies)?;
        text.push(b'\n');
        let mut name = self.path.as_os_str().to_owned();
        name.push(format!(".{}", std::process::id()));
        let new = PathBuf::from(name);
        let written = create_private(&new).and_then(|mut file| {
            file.write_all(&text)?;
            file.sync_all()
        });
        let replaced = written.and_then(|()| fs::rename(&new, &self.path));
        if replaced.is_err() {
            drop(fs::remove_file(&new));
        }
        replaced
    }
}

/// A new file that only its owner may read or write.
pub(crate) fn create_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path)
}
