//! Sessions of the tunnel: what is uploaded into one is durable at once and visible when it commits.

mod columns;
mod keeper;
mod session;
mod slots;
mod upload;
mod upsert;

pub use keeper::Keeper;
pub use session::{Destination, Look, Session, SessionId, Status};
pub use upload::{BLOCKS, UploadSession};
pub use upsert::UpsertSession;
