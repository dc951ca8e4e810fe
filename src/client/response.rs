//! What needs the time of day to be said of a response.

use std::time::SystemTime;

use crate::models::cookies::Cookies;
use crate::models::response::Response;

impl<B> Response<B> {
    /// The cookies that this very response sets, by the rules of the jar.
    pub fn cookies(&self) -> Cookies {
        let cookies = Cookies::new();
        cookies.store(
            self.url(),
            self.head.headers.values("Set-Cookie"),
            SystemTime::now(),
        );
        cookies
    }
}
