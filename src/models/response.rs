//! stub
/// stub
#[derive(Debug)]
#[allow(unnameable_types)]
pub struct Response;
