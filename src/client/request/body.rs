//! The bodies a request can be given, one at a time.

use std::borrow::Cow;

use super::{RequestBuilder, WithBody};
use crate::error::{Error, Kind, Result};
#[cfg(feature = "multipart")]
use crate::flow::defaults::Defaults;
use crate::models::body::Body;
#[cfg(feature = "multipart")]
use crate::models::multipart::{Boundary, Form};
use crate::models::query::QueryParams;

/// Bodies; one of them. Two of different kinds are an error.
impl<S> RequestBuilder<S, WithBody> {
    /// Sends these bytes, this text, file or stream as they are, without a Content-Type.
    ///
    /// Empty bytes and text are no body.
    ///
    /// ```
    /// use papilio::Body;
    /// let client = papilio::Client::new();
    /// let request = client.put("https://example.org/").body("text").build()?;
    /// assert_eq!(request.content()?, b"text");
    /// let request = client.put("https://example.org/").body(Body::reader(std::io::empty())).build()?;
    /// assert_eq!(request.headers.get("Transfer-Encoding").as_deref(), Some("chunked"));
    /// # Ok::<(), papilio::Error>(())
    /// ```
    #[doc(alias = "content")]
    pub fn body(mut self, body: impl Into<Body>) -> Self {
        self.set_body("body", None, Ok(body.into()));
        self
    }

    /// Sends form fields, `application/x-www-form-urlencoded`: pairs, a map, text, or [`QueryParams`].
    ///
    /// ```
    /// let client = papilio::Client::new();
    /// let request = client.post("http://e.com/").form([("name", "Ada L"), ("age", "36")]).build()?;
    /// assert_eq!(request.content()?, b"name=Ada+L&age=36");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    #[doc(alias = "data")]
    pub fn form(mut self, fields: impl Into<QueryParams>) -> Self {
        let body = Body::from(fields.into().to_string());
        self.set_body("form", Some("application/x-www-form-urlencoded"), Ok(body));
        self
    }

    /// Sends a form of fields and files, `multipart/form-data`. Fields given by [`form`](Self::form) come first; without
    /// any part they are sent as that method does.
    ///
    /// Each request has a random boundary. A `Content-Type: multipart/form-data` of yours stays, and its boundary is
    /// used; it must be a token, and no line of a part may begin with it, as far as it is in memory: streams are not searched.
    ///
    /// ```
    /// use papilio::multipart::{Form, Part};
    ///
    /// let client = papilio::Client::new();
    /// let form = Form::new().text("a", 1).part("f", Part::bytes("abc").file_name("n.txt"));
    /// let request = client.post("http://e.com/").multipart(form).build()?;
    /// assert_eq!(request.body.len(), request.headers.get("Content-Length").and_then(|n| n.parse().ok()));
    /// # Ok::<(), papilio::Error>(())
    /// ```
    #[doc(alias = "files")]
    #[cfg(feature = "multipart")]
    pub fn multipart(mut self, form: Form) -> Self {
        match self.body_kind {
            Some((before, _)) if before != "form" => self.refuse_second(before, "multipart"),
            _ => self.multipart = Some(form),
        }
        self
    }

    /// Sends a value as JSON, `application/json`, without spaces and in UTF-8. Non-finite floats become `null`.
    ///
    /// ```
    /// let client = papilio::Client::new();
    /// let request = client.post("http://e.com/").json(&serde_json::json!({"a": [1, "é"]})).build()?;
    /// assert_eq!(request.content()?, r#"{"a":[1,"é"]}"#.as_bytes());
    /// # Ok::<(), papilio::Error>(())
    /// ```
    #[cfg(feature = "json")]
    pub fn json(mut self, value: &(impl serde::Serialize + ?Sized)) -> Self {
        let body = serde_json::to_vec(value).map(Body::from).map_err(|e| {
            Error::new(Kind::Json, "the value cannot be written as JSON").with_source(e)
        });
        self.set_body("json", Some("application/json"), body);
        self
    }
}

impl<S, B> RequestBuilder<S, B> {
    fn set_body(
        &mut self,
        kind: &'static str,
        content_type: Option<&'static str>,
        body: Result<Body>,
    ) {
        let content_type = content_type.map(Cow::Borrowed);
        let before = self.body_kind.replace((kind, content_type));
        if let Some((before, _)) = before.filter(|(before, _)| *before != kind) {
            return self.refuse_second(before, kind);
        }
        #[cfg(feature = "multipart")]
        if self.multipart.is_some() && kind != "form" {
            return self.refuse_second("multipart", kind);
        }
        match body {
            Ok(body) => self.body = body,
            Err(error) => self.fail(error),
        }
    }

    fn refuse_second(&mut self, first: &str, second: &str) {
        self.fail(Error::new(
            Kind::Config,
            format!("a request has one body: both {first} and {second} were given"),
        ));
    }

    /// Makes the body of fields and form. A boundary in a Content-Type of the caller's is used, and one that is missing
    /// there is added (MPF-10).
    #[cfg(feature = "multipart")]
    pub(super) fn encode(&mut self, form: Form, defaults: &Defaults) -> Result<()> {
        let given = self
            .headers
            .get_bytes("Content-Type")
            .or_else(|| defaults.headers.get_bytes("Content-Type"));
        let boundary = Boundary::for_request(given)?;
        if let Some(completed) = given.and_then(|given| boundary.completed(given)) {
            self.headers.replace("Content-Type", &completed);
        }
        let fields = QueryParams::from(self.body.as_bytes().unwrap_or_default());
        self.body = form.encode(&fields, &boundary)?;
        self.body_kind = Some(("multipart", Some(boundary.content_type().into())));
        Ok(())
    }
}
