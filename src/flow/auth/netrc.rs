//! `NetrcAuth`: user names and passwords from a netrc file.
//!
//! Owns reading the file, its permissions, and which entry a URL gets. The grammar is in `netrc/parse.rs`.

mod parse;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::net::Ipv6Addr;
use std::path::Path;
use std::sync::Arc;

use super::{BasicAuth, Once};
use crate::error::{Error, Kind, Result};
use crate::models::auth::{Auth, AuthFlow};
use crate::models::request::Request;
use crate::models::url::Url;
pub(crate) use parse::{Entry, Netrc};

/// Basic authentication with the user name and password a netrc file has for the host.
///
/// The file is read once, here. The entry of exactly that host counts, else the `default` entry; without one, or without a
/// password in it, the request goes out as it is. A user name or password in the URL wins over the file.
///
/// ```
/// use papilio::{Client, NetrcAuth};
///
/// # let path = std::env::temp_dir().join(format!("papilio-netrc-doc-{}", std::process::id()));
/// # std::fs::write(&path, "machine example.org login ada password s3cret").unwrap();
/// # let _ = || {
/// let path = "deploy.netrc";
/// # };
/// let client = Client::builder().auth(NetrcAuth::from_file(&path)?).build()?;
/// # std::fs::remove_file(&path).unwrap();
/// # Ok::<(), papilio::Error>(())
/// ```
#[derive(Clone)]
pub struct NetrcAuth {
    hosts: Arc<Hosts>,
}

/// The entries, by host as a URL spells it.
pub(crate) struct Hosts {
    by_name: HashMap<String, Entry>,
    default: Option<Entry>,
}

impl NetrcAuth {
    /// From `.netrc` in the home directory. The variable `NETRC` is not looked at.
    ///
    /// # Errors
    /// [`Kind::Config`] if there is no such file, it cannot be read or makes no sense; the message has its name and the
    /// line. On Unix also if it holds a password, for another login than `anonymous`, and is not the user's own or others
    /// may access it.
    ///
    /// ```
    /// # use papilio::{Client, NetrcAuth};
    /// # let _ = || -> papilio::Result<()> {
    /// let client = Client::builder().auth(NetrcAuth::new()?).build()?;
    /// # Ok(()) };
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn new() -> Result<Self> {
        let home = std::env::home_dir()
            .filter(|home| !home.as_os_str().is_empty())
            .ok_or_else(|| Error::new(Kind::Config, "no home directory to find .netrc in"))?;
        Self::read(&home.join(".netrc"), true)
    }

    /// From this file, whoever may access it.
    ///
    /// # Errors
    /// [`Kind::Config`] if there is no such file, it cannot be read or makes no sense; the message has its name and the
    /// line.
    ///
    /// ```
    /// # use papilio::NetrcAuth;
    /// let path = std::env::temp_dir().join(format!("papilio-netrc-new-{}", std::process::id()));
    /// std::fs::write(&path, "machine example.org login ada password s3cret").unwrap();
    /// let auth = NetrcAuth::from_file(&path)?;
    /// # std::fs::remove_file(&path).unwrap();
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self> {
        Self::read(path.as_ref(), false)
    }

    fn read(path: &Path, is_private: bool) -> Result<Self> {
        let failed = |e: io::Error| {
            Error::new(Kind::Config, format!("cannot read {}", path.display())).with_source(e)
        };
        let file = File::open(path).map_err(failed)?;
        let mut text = Vec::new();
        (&file)
            .take(LONGEST + 1)
            .read_to_end(&mut text)
            .map_err(failed)?;
        if text.len() as u64 > LONGEST {
            let message = format!("{} is longer than 1 MiB", path.display());
            return Err(Error::new(Kind::Config, message));
        }
        let netrc = Netrc::parse(&text).map_err(|e| {
            let message = format!("{}, line {}: {}", path.display(), e.line, e.message);
            Error::new(Kind::Config, message)
        })?;
        if is_private && netrc.entries().any(Entry::is_secret) {
            check_access(path, &file).map_err(failed)??;
        }
        Ok(Self {
            hosts: Arc::new(Hosts::new(netrc)),
        })
    }
}

impl Hosts {
    /// A later entry for a host replaces an earlier one (AUT-14).
    pub(crate) fn new(netrc: Netrc) -> Self {
        let mut by_name = HashMap::new();
        for (name, entry) in netrc.machines {
            by_name.insert(normalized(&name), entry);
        }
        Self {
            by_name,
            default: netrc.default,
        }
    }

    /// AUT-13
    pub(crate) fn entry(&self, url: &Url) -> Option<&Entry> {
        self.by_name
            .get(&*canonical(url.raw_host()))
            .or(self.default.as_ref())
            .filter(|entry| !entry.password.is_empty())
    }

    fn authorize(&self, request: &mut Request) -> Result<()> {
        let auth = BasicAuth::from_url(&request.url).or_else(|| {
            let entry = self.entry(&request.url)?;
            Some(BasicAuth::new(&entry.login, &entry.password))
        });
        auth.map_or(Ok(()), |auth| auth.apply(request))
    }
}

impl Auth for NetrcAuth {
    fn flow(&self) -> Box<dyn AuthFlow> {
        let hosts = self.hosts.clone();
        Once::flow(move |request| hosts.authorize(request))
    }
}

/// How many entries there are, and nothing of them.
impl fmt::Debug for NetrcAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NetrcAuth({} machines)", self.hosts.by_name.len())
    }
}

/// As a URL would have it: in lower case, an international name in its `xn--` form (SEC-309).
fn normalized(name: &[u8]) -> String {
    let name = String::from_utf8_lossy(name);
    let bracketed = if name.contains(':') {
        format!("http://[{name}]/")
    } else {
        format!("http://{name}/")
    };
    Url::parse(&bracketed)
        .ok()
        // No user name, port or path hides in it.
        .filter(|url| url.as_str() == format!("http://{}/", url.netloc()) && url.port().is_none())
        .map_or_else(
            || name.to_ascii_lowercase(),
            |url| canonical(url.raw_host()).into_owned(),
        )
}

/// An IPv6 address in its one spelling (RFC 5952); a name as it is.
fn canonical(host: &str) -> Cow<'_, str> {
    host.parse::<Ipv6Addr>()
        .map_or(Cow::Borrowed(host), |address| {
            Cow::Owned(address.to_string())
        })
}

/// AUT-15. Of the open file, so that it is the one that was read.
#[cfg(unix)]
fn check_access(path: &Path, file: &File) -> io::Result<Result<()>> {
    use std::os::unix::fs::MetadataExt;

    let metadata = file.metadata()?;
    let problem = if metadata.uid() != rustix::process::getuid().as_raw() {
        "does not belong to this user"
    } else if metadata.mode() & 0o077 != 0 {
        "can be accessed by others (chmod 600 helps)"
    } else {
        return Ok(Ok(()));
    };
    let message = format!("{} holds a password and {problem}", path.display());
    Ok(Err(Error::new(Kind::Config, message)))
}

#[cfg(not(unix))]
fn check_access(_path: &Path, _file: &File) -> io::Result<Result<()>> {
    Ok(Ok(()))
}

/// In bytes.
const LONGEST: u64 = 1 << 20;
