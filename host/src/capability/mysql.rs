//! MySQL sessions.
/// A connection.
#[derive(Debug)]
pub struct Session;
