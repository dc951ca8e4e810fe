//! `--retry`: whether a request is sent again, and when.
//!
//! Owns the decision. Sending and waiting is `call.rs`.

use std::time::{Duration, SystemTime};

use papilio::{Kind, Method, Reason, StreamingResponse, Url};

use super::args::Args;

/// How many tries are left, and what they are for.
pub(crate) struct Retry {
    left: u32,
    /// Also what a server may then do twice.
    any: bool,
    pause: Duration,
}

impl Retry {
    pub(crate) fn new(args: &Args) -> Self {
        Self {
            left: args.retry,
            any: args.retry_any,
            pause: FIRST_PAUSE,
        }
    }

    /// Whether this outcome of a request to `url` is worth another try.
    pub(crate) fn next(
        &mut self,
        method: &str,
        url: &Url,
        outcome: &papilio::Result<StreamingResponse>,
    ) -> Next {
        if self.left == 0 {
            return Next::Enough;
        }
        let may_repeat = self.may_repeat(method);
        let (what, asked) = match outcome {
            Ok(response) if may_repeat && is_busy(response) => {
                let what = format!(
                    "{} {}",
                    response.status().as_u16(),
                    response.reason_phrase()
                );
                let asked = response.headers().get("Retry-After");
                let asked = asked.and_then(|asked| retry_after(&asked, SystemTime::now()));
                (what, asked)
            }
            Err(error) if is_unsent(error, url) || (may_repeat && is_passing(error)) => {
                (error.kind().name().to_owned(), None)
            }
            _ => return Next::Enough,
        };
        self.after(what.trim_end(), asked)
    }

    /// Whether the rest of a body that ended early is worth asking for.
    pub(crate) fn after_cut(&mut self, error: &papilio::Error) -> Next {
        if self.left == 0 || !is_passing(error) {
            return Next::Enough;
        }
        self.after(error.kind().name(), None)
    }

    fn after(&mut self, what: &str, asked: Option<Duration>) -> Next {
        let pause = asked.unwrap_or(self.pause);
        if pause > LONGEST_PAUSE {
            let seconds = pause.as_secs();
            return Next::TooLong(format!(
                "{what}: not tried again, for the server asks for a pause of {seconds} s"
            ));
        }
        self.left -= 1;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        let (seconds, left) = (pause.as_secs_f32(), self.left);
        let message = format!("{what}: trying again in {seconds:.1} s, {left} more after that");
        Next::Again(pause, message)
    }

    fn may_repeat(&self, method: &str) -> bool {
        let method = method.to_ascii_uppercase();
        self.any || Method::from_bytes(method.as_bytes()).is_ok_and(|m| m.is_idempotent())
    }
}

/// What comes of an outcome, and what there is to say of it.
pub(crate) enum Next {
    Enough,
    TooLong(String),
    Again(Duration, String),
}

fn is_busy(response: &StreamingResponse) -> bool {
    matches!(response.status().as_u16(), 429 | 502..=504)
}

/// No server has heard of it: nobody was reached, nor was there a redirect before.
fn is_unsent(error: &papilio::Error, url: &Url) -> bool {
    let is_certificate = matches!(
        error.reason(),
        Some(
            Reason::CertificateName
                | Reason::CertificateExpired
                | Reason::CertificateUnknownIssuer
                | Reason::CertificateInvalid
        )
    );
    matches!(error.kind(), Kind::Connect | Kind::ConnectTimeout)
        && !is_certificate
        && error.url() == Some(url)
}

/// The connection's doing, and none of what was said over it.
fn is_passing(error: &papilio::Error) -> bool {
    let kind = error.kind();
    matches!(
        kind,
        Kind::Read | Kind::ReadTimeout | Kind::Write | Kind::WriteTimeout
    ) || (kind == Kind::RemoteProtocol && error.reason() == Some(Reason::Incomplete))
}

/// Seconds, or a date (RFC 9110 section 10.2.3); one that is past is now.
fn retry_after(text: &str, now: SystemTime) -> Option<Duration> {
    let text = text.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than fit are a long time too.
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    let date = httpdate::parse_http_date(text).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::retry_after;

    #[test]
    fn times_to_wait() {
        let now = UNIX_EPOCH + Duration::from_secs(784_111_777);
        let seconds = |text: &str| retry_after(text, now).map(|pause| pause.as_secs());
        assert_eq!(seconds("0"), Some(0));
        assert_eq!(seconds(" 120 "), Some(120));
        assert_eq!(seconds("Sun, 06 Nov 1994 08:49:39 GMT"), Some(2));
        assert_eq!(seconds("Sunday, 06-Nov-94 08:49:39 GMT"), Some(2));
        assert_eq!(seconds("Sun, 06 Nov 1994 08:49:30 GMT"), Some(0));
        assert_eq!(seconds(&"9".repeat(30)), Some(u64::MAX));
        for text in ["", "-1", "1.5", "soon", "+1"] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }
}
