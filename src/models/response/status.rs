//! What a status means: its class, its redirect, its error.

use crate::error::{Error, Kind, Result};
use crate::models::response::Response;
use crate::models::url::Url;

impl<B> Response<B> {
    /// 1xx.
    ///
    /// ```
    /// # use papilio::Response;
    /// assert!(Response::builder(103).text("").is_informational());
    /// assert!(!Response::builder(200).text("").is_informational());
    /// ```
    pub fn is_informational(&self) -> bool {
        self.head.status.is_informational()
    }

    /// 2xx.
    ///
    /// ```
    /// # use papilio::Response;
    /// assert!(Response::builder(204).text("").is_success());
    /// assert!(!Response::builder(304).text("").is_success());
    /// ```
    pub fn is_success(&self) -> bool {
        self.head.status.is_success()
    }

    /// 3xx.
    ///
    /// ```
    /// # use papilio::Response;
    /// assert!(Response::builder(304).text("").is_redirect());
    /// assert!(!Response::builder(200).text("").is_redirect());
    /// ```
    pub fn is_redirect(&self) -> bool {
        self.head.status.is_redirection()
    }

    /// 4xx.
    ///
    /// ```
    /// # use papilio::Response;
    /// assert!(Response::builder(404).text("").is_client_error());
    /// assert!(!Response::builder(500).text("").is_client_error());
    /// ```
    pub fn is_client_error(&self) -> bool {
        self.head.status.is_client_error()
    }

    /// 5xx.
    ///
    /// ```
    /// # use papilio::Response;
    /// assert!(Response::builder(503).text("").is_server_error());
    /// assert!(!Response::builder(404).text("").is_server_error());
    /// ```
    pub fn is_server_error(&self) -> bool {
        self.head.status.is_server_error()
    }

    /// 4xx or 5xx.
    ///
    /// ```
    /// # use papilio::Response;
    /// assert!(Response::builder(404).text("").is_error());
    /// assert!(!Response::builder(302).text("").is_error());
    /// ```
    pub fn is_error(&self) -> bool {
        self.is_client_error() || self.is_server_error()
    }

    /// 301, 302, 303, 307 or 308 with a `Location`.
    ///
    /// ```
    /// # use papilio::Response;
    /// assert!(Response::builder(301).header("Location", "/").text("").has_redirect_location());
    /// assert!(!Response::builder(301).text("").has_redirect_location());
    /// ```
    pub fn has_redirect_location(&self) -> bool {
        self.head.has_redirect_location()
    }

    /// As [`error_for_status`](Self::error_for_status), leaving the response where it is.
    ///
    /// # Errors
    /// [`Kind::Status`], without the response.
    ///
    /// ```
    /// # use papilio::Response;
    /// let response = Response::builder(500).text("");
    /// assert!(response.error_for_status_ref().is_err());
    /// assert_eq!(response.status(), 500);
    /// ```
    pub fn error_for_status_ref(&self) -> Result<&Self> {
        if self.is_success() {
            return Ok(self);
        }
        Err(self.attach(Error::new(Kind::Status, self.status_message())))
    }

    /// The two or three lines of HTTPX's message (RES-07).
    pub(crate) fn status_message(&self) -> String {
        let status = self.head.status.as_u16();
        let class = match status / 100 {
            1 => "Informational response",
            3 => "Redirect response",
            4 => "Client error",
            5 => "Server error",
            _ => "Invalid status code",
        };
        let mut message = format!(
            "{class} '{status} {}' for url '{}'",
            self.reason_phrase(),
            self.url().masked()
        );
        if self.has_redirect_location() {
            let location = self.head.headers.get("Location").unwrap_or_default();
            let shown = match Url::parse(&location) {
                Ok(url) if !url.userinfo().is_empty() => url.masked().to_string(),
                // It may hold a password all the same, wherever that ends.
                Err(_) if location.contains('@') => "[secure]".to_owned(),
                _ => location.escape_debug().to_string(),
            };
            message.push_str(&format!("\nRedirect location: '{shown}'"));
        }
        message.push_str(&format!(
            "\nFor more information check: https://developer.mozilla.org/en-US/docs/Web/HTTP/Status/{status}"
        ));
        message
    }
}

impl Response {
    /// The response if it is 2xx, else an error that holds it.
    ///
    /// # Errors
    /// [`Kind::Status`] for anything that is not 2xx, 1xx and 3xx included.
    ///
    /// ```
    /// let error = papilio::Response::builder(404).text("").error_for_status().unwrap_err();
    /// assert!(error.to_string().starts_with("Client error '404 Not Found' for url"));
    /// assert_eq!(error.response().unwrap().status(), 404);
    /// ```
    #[doc(alias = "raise_for_status")]
    pub fn error_for_status(self) -> Result<Self> {
        if self.is_success() {
            return Ok(self);
        }
        let mut error = Error::new(Kind::Status, self.status_message());
        if let Some(request) = &self.head.request {
            error = error.for_line(&request.method, &request.url);
        }
        Err(error.with_response(self))
    }
}
