//! How an application can fail, and what becomes of that.

use std::any::Any;
#[cfg(feature = "tower")]
use std::error::Error as StdError;

use super::Settings;
use crate::error::{Error, Kind, Result};
use crate::models::response::Response;

impl Settings {
    /// An application that failed before its response began: an error, or what a server would say (TRN-33).
    pub(super) fn failed<R: From<Response>>(&self, error: Error) -> Result<R> {
        if self.raise_app_exceptions {
            Err(error)
        } else {
            Ok(Response::builder(500).bytes("").into())
        }
    }
}

/// The error of an application. One of papilio's stays what it is.
#[cfg(feature = "tower")]
pub(super) fn failure(error: Box<dyn StdError + Send + Sync>) -> Error {
    match error.downcast::<Error>() {
        Ok(error) => *error,
        Err(error) => Error::new(Kind::Custom, "the application failed").with_source(error),
    }
}

/// The panic of an application.
pub(super) fn panicked(payload: Box<dyn Any + Send>) -> Error {
    let message = match payload.downcast::<String>() {
        Ok(text) => *text,
        Err(payload) => match payload.downcast_ref::<&'static str>() {
            Some(text) => (*text).to_owned(),
            None => "it did not say why".to_owned(),
        },
    };
    Error::new(Kind::Custom, "the application panicked").with_source(message)
}
