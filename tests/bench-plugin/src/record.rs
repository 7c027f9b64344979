//! The record layout of `plugins/maxcompute`, file by file, with the CRC of [`crate::hardware`] in the place of its own.

#[path = "../../../plugins/maxcompute/src/record/bound.rs"]
mod bound;
#[path = "../../../plugins/maxcompute/src/record/encoding.rs"]
mod encoding;
#[path = "../../../plugins/maxcompute/src/record/hash.rs"]
mod hash;
#[path = "../../../plugins/maxcompute/src/record/key.rs"]
mod key;
#[path = "../../../plugins/maxcompute/src/record/plan.rs"]
mod plan;
#[path = "../../../plugins/maxcompute/src/record/reject.rs"]
mod reject;
#[path = "../../../plugins/maxcompute/src/record/stream.rs"]
mod stream;
#[path = "../../../plugins/maxcompute/src/record/text.rs"]
mod text;
#[path = "../../../plugins/maxcompute/src/record/wire.rs"]
mod wire;

pub use bound::{BoundPlan, Image};
pub use hash::Hasher;
pub use key::Key;
pub use plan::{Operation, Plan};
pub use reject::{Reject, RowReject};
pub use stream::RecordStream;

pub use crate::hardware::Crc32c;
