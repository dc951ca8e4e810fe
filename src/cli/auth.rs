//! Who asks: the options about users, passwords and tokens.
//!
//! Owns which of them counts. Asking a person is `prompt.rs`.

use std::sync::Arc;

use papilio::{Auth, BasicAuth, BearerAuth, DigestAuth, NetrcAuth};

use super::Failure;
use super::args::{Args, pairs};
use super::prompt::ask;

/// How the request authenticates, if the options say.
pub(crate) fn auth(args: &Args) -> Result<Option<Arc<dyn Auth>>, Failure> {
    if let Some([user, password]) = args.auth.as_deref().and_then(|auth| pairs(auth).next()) {
        let password = secret(password, &format!("Password of {user}"), args)?;
        return Ok(Some(if args.digest {
            Arc::new(DigestAuth::new(user, &password))
        } else {
            Arc::new(BasicAuth::new(user, &password))
        }));
    }
    if let Some(token) = &args.bearer {
        let token = secret(token, "Token", args)?;
        return Ok(Some(Arc::new(BearerAuth::new(token))));
    }
    Ok(match &args.netrc {
        None => None,
        Some(None) => Some(Arc::new(NetrcAuth::new()?)),
        Some(Some(path)) => Some(Arc::new(NetrcAuth::from_file(path)?)),
    })
}

/// As given, or asked for.
pub(crate) fn secret(given: &str, what: &str, args: &Args) -> Result<String, Failure> {
    if given != "-" {
        return Ok(given.to_owned());
    }
    ask(what, args)
}
