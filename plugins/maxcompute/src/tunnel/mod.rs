//! Sessions of the tunnel: what is uploaded into one is durable at once and visible when it commits.

mod columns;
mod keeper;
mod upload;
mod upsert;

pub use keeper::{Keeper, Open};
pub use upload::{BLOCKS, UploadSession, UploadStatus};
pub use upsert::{UpsertSession, UpsertStatus};
