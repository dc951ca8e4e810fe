//! SOCKS 4, 4a and 5 from the client's side, without I/O: what to say to the proxy, and what its answers mean.
//!
//! Owns the messages of RFC 1928 and RFC 1929 and of SOCKS 4, and the texts of their errors. Does not own sockets, name
//! lookup or which proxy is used.

#![allow(dead_code, reason = "for the drivers to come")]
#![warn(clippy::indexing_slicing)]

use std::net::{IpAddr, Ipv4Addr};

use crate::error::{Error, Kind, Phase, Result, escaped};

/// One handshake: [`start`](Self::start) says what to send first, then [`receive`](Self::receive) takes what comes.
pub(crate) struct Socks {
    awaiting: Awaiting,
    /// The message that asks for the connection.
    request: Vec<u8>,
    /// That of RFC 1929; `None` without credentials.
    login: Option<Vec<u8>>,
}

/// Which answer comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Awaiting {
    /// The choice of a method (RFC 1928 section 3).
    Method,
    /// The verdict on the credentials (RFC 1929 section 2).
    Verdict,
    /// The reply to the request (RFC 1928 section 6).
    Reply,
    /// The reply of SOCKS 4.
    Reply4,
    Nothing,
}

/// What became of the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Received {
    /// A message is not complete; give it again with what follows.
    More,
    /// So many bytes were a message. What was appended to the output is to be sent, and another answer will come.
    Message(usize),
    /// So many bytes were the last message: the way to the origin is open.
    Done(usize),
}

impl Socks {
    /// SOCKS 5 to a host, by name unless it is an IP literal without brackets: the proxy looks names up (PRX-30).
    ///
    /// # Errors
    /// `Proxy` for a name or credentials that the messages have no room for.
    pub(crate) fn v5(host: &str, port: u16, credentials: Option<(&[u8], &[u8])>) -> Result<Self> {
        // VER, CMD = CONNECT, RSV.
        let mut request = vec![5, 1, 0];
        match host.parse::<IpAddr>() {
            Ok(IpAddr::V4(address)) => {
                request.push(IPV4);
                request.extend_from_slice(&address.octets());
            }
            Ok(IpAddr::V6(address)) => {
                request.push(IPV6);
                request.extend_from_slice(&address.octets());
            }
            Err(_) => {
                request.push(NAME);
                counted(host.as_bytes(), "host name", &mut request)?;
            }
        }
        request.extend_from_slice(&port.to_be_bytes());
        let login = match credentials {
            Some((user, password)) => {
                let mut login = vec![1];
                counted(user, "user name", &mut login)?;
                counted(password, "password", &mut login)?;
                Some(login)
            }
            None => None,
        };
        Ok(Self {
            awaiting: Awaiting::Method,
            request,
            login,
        })
    }

    /// SOCKS 4 to an address.
    ///
    /// # Errors
    /// As [`v4a`](Self::v4a).
    pub(crate) fn v4(address: Ipv4Addr, port: u16, user: &[u8]) -> Result<Self> {
        Ok(Self::reply4(request4(address, port, user)?))
    }

    /// SOCKS 4a to a host, by name unless it is an IPv4 literal.
    ///
    /// # Errors
    /// `Proxy` for an IPv6 address, and for a name or user that the message has no room for.
    pub(crate) fn v4a(host: &str, port: u16, user: &[u8]) -> Result<Self> {
        match host.parse::<IpAddr>() {
            Ok(IpAddr::V4(address)) => Self::v4(address, port, user),
            Ok(IpAddr::V6(_)) => Err(failure("SOCKS 4 cannot connect to IPv6 addresses")),
            Err(_) => {
                // An address that cannot be one says that a name follows.
                let mut request = request4(Ipv4Addr::new(0, 0, 0, 1), port, user)?;
                check_text(host.as_bytes(), "host name")?;
                request.extend_from_slice(host.as_bytes());
                request.push(0);
                Ok(Self::reply4(request))
            }
        }
    }

    fn reply4(request: Vec<u8>) -> Self {
        Self {
            awaiting: Awaiting::Reply4,
            request,
            login: None,
        }
    }

    /// Appends the first message.
    pub(crate) fn start(&self, out: &mut Vec<u8>) {
        match self.awaiting {
            // One method is offered, so there is nothing to choose (PRX-31).
            Awaiting::Method => out.extend_from_slice(&[5, 1, self.method()]),
            _ => out.extend_from_slice(&self.request),
        }
    }

    /// Takes the answer at the start of `input`, and appends the message that follows it. Any error is final.
    ///
    /// # Errors
    /// `Proxy`: a refusal, bytes that are not SOCKS, or more of them than an answer has.
    pub(crate) fn receive(&mut self, input: &[u8], out: &mut Vec<u8>) -> Result<Received> {
        let received = match self.awaiting {
            Awaiting::Method => self.chosen(input, out),
            Awaiting::Verdict => self.judged(input, out),
            Awaiting::Reply => self.replied(input),
            Awaiting::Reply4 => self.replied4(input),
            Awaiting::Nothing => Ok(Received::Done(0)),
        }?;
        // Whoever answers what was not asked yet is guessing, or somebody else: the origin speaks second, in TLS as in
        // HTTP (R-PRX-02, R-PRX-08).
        match received {
            Received::Message(used) | Received::Done(used) if used < input.len() => Err(failure(
                "the proxy sent more than the answer it was asked for",
            )),
            received => Ok(received),
        }
    }

    /// The connection ended while an answer was awaited.
    pub(crate) fn eof(&self, is_within: bool) -> Error {
        failure(if is_within {
            "the proxy closed the connection within its answer"
        } else {
            "the proxy closed the connection without an answer"
        })
    }

    fn method(&self) -> u8 {
        if self.login.is_some() {
            LOGIN
        } else {
            NO_LOGIN
        }
    }

    fn chosen(&mut self, input: &[u8], out: &mut Vec<u8>) -> Result<Received> {
        check_version(input, 5)?;
        let Some(&[_, chosen]) = input.first_chunk() else {
            return Ok(Received::More);
        };
        let asked = self.method();
        if chosen != asked {
            let (asked, chosen) = (method_name(asked), method_name(chosen));
            return Err(failure(format!(
                "Requested {asked} from proxy server, but got {chosen}."
            )));
        }
        if let Some(login) = &self.login {
            out.extend_from_slice(login);
            self.awaiting = Awaiting::Verdict;
        } else {
            self.ask(out);
        }
        Ok(Received::Message(2))
    }

    fn judged(&mut self, input: &[u8], out: &mut Vec<u8>) -> Result<Received> {
        check_version(input, 1)?;
        let Some(&[_, verdict]) = input.first_chunk() else {
            return Ok(Received::More);
        };
        if verdict != 0 {
            return Err(failure("Invalid username/password"));
        }
        self.ask(out);
        Ok(Received::Message(2))
    }

    fn ask(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.request);
        self.awaiting = Awaiting::Reply;
    }

    fn replied(&mut self, input: &[u8]) -> Result<Received> {
        check_version(input, 5)?;
        // A refusal is one however the rest of it looks.
        match input.get(1) {
            None => return Ok(Received::More),
            Some(0) => {}
            Some(&code) => return Err(refused(reply_text(code), code)),
        }
        let Some(&kind) = input.get(3) else {
            return Ok(Received::More);
        };
        let address = match kind {
            IPV4 => 4,
            IPV6 => 16,
            NAME => match input.get(4) {
                Some(&length) => 1 + usize::from(length),
                None => return Ok(Received::More),
            },
            other => {
                return Err(failure(format!(
                    "the proxy answered with an address of unknown type {other}"
                )));
            }
        };
        Ok(self.complete(input, 4 + address + 2))
    }

    /// VN = 0, CD, port and address, which mean nothing here.
    fn replied4(&mut self, input: &[u8]) -> Result<Received> {
        check_version(input, 0)?;
        match input.get(1) {
            None => return Ok(Received::More),
            Some(90) => {}
            Some(&code) => return Err(refused(reply4_text(code), code)),
        }
        Ok(self.complete(input, 8))
    }

    fn complete(&mut self, input: &[u8], length: usize) -> Received {
        if input.len() < length {
            return Received::More;
        }
        self.awaiting = Awaiting::Nothing;
        Received::Done(length)
    }
}

/// VN, CD = CONNECT, port, address, user.
fn request4(address: Ipv4Addr, port: u16, user: &[u8]) -> Result<Vec<u8>> {
    if !user.is_empty() {
        check_text(user, "user name")?;
    }
    let mut request = vec![4, 1];
    request.extend_from_slice(&port.to_be_bytes());
    request.extend_from_slice(&address.octets());
    request.extend_from_slice(user);
    request.push(0);
    Ok(request)
}

/// One byte of length, then the text: cut to fit, it would be another text (R-PRX-08).
fn counted(text: &[u8], what: &str, out: &mut Vec<u8>) -> Result<()> {
    match u8::try_from(text.len()) {
        Ok(length) if length > 0 => {
            out.push(length);
            out.extend_from_slice(text);
            Ok(())
        }
        _ => Err(bad_length(text, what)),
    }
}

/// Text that a zero byte ends.
fn check_text(text: &[u8], what: &str) -> Result<()> {
    if text.is_empty() || text.len() > 255 {
        return Err(bad_length(text, what));
    }
    if text.contains(&0) {
        return Err(failure(format!("a {what} with a zero byte for SOCKS 4")));
    }
    Ok(())
}

fn bad_length(text: &[u8], what: &str) -> Error {
    failure(format!(
        "a {what} of {} bytes for a SOCKS proxy, which takes 1 to 255",
        text.len()
    ))
}

fn check_version(input: &[u8], version: u8) -> Result<()> {
    match input.first() {
        Some(&first) if first != version => Err(failure(format!(
            "the proxy answered with something that is not SOCKS: {}",
            escaped(input.get(..32).unwrap_or(input))
        ))),
        _ => Ok(()),
    }
}

fn refused(text: &str, code: u8) -> Error {
    failure(match text {
        "" => format!("Proxy Server could not connect: Unknown reply code {code}."),
        text => format!("Proxy Server could not connect: {text}."),
    })
}

fn failure(message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(Kind::Proxy, message).in_phase(Phase::Proxy)
}

fn method_name(method: u8) -> &'static str {
    match method {
        NO_LOGIN => "NO AUTHENTICATION REQUIRED",
        1 => "GSSAPI",
        LOGIN => "USERNAME/PASSWORD",
        0xFF => "NO ACCEPTABLE METHODS",
        _ => "UNKNOWN",
    }
}

/// RFC 1928 section 6.
fn reply_text(code: u8) -> &'static str {
    match code {
        1 => "General SOCKS server failure",
        2 => "Connection not allowed by ruleset",
        3 => "Network unreachable",
        4 => "Host unreachable",
        5 => "Connection refused",
        6 => "TTL expired",
        7 => "Command not supported",
        8 => "Address type not supported",
        _ => "",
    }
}

fn reply4_text(code: u8) -> &'static str {
    match code {
        91 => "Request rejected or failed",
        92 => "No identd on the client",
        93 => "The client's identd names another user",
        _ => "",
    }
}

const NO_LOGIN: u8 = 0;
const LOGIN: u8 = 2;

const IPV4: u8 = 1;
const NAME: u8 = 3;
const IPV6: u8 = 4;

#[cfg(test)]
mod tests;
