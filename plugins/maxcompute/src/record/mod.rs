//! The tunnel's record stream: Protocol Buffers primitives without a message, a CRC for each record and one for all.
//!
//! A [`Plan`] is compiled once for a table: which source column feeds which target column, and how. Bound to a batch it
//! writes rows into [`RecordStream`]s without a look at types, names or JSON.

mod bound;
mod crc32c;
mod encoding;
mod hash;
mod key;
mod partition;
mod plan;
mod reject;
mod same_key;
mod stream;
mod text;
mod wire;

pub use bound::{BoundPlan, Image, Nulled};
pub use crc32c::Crc32c;
pub use hash::Hasher;
pub use key::Key;
pub use partition::Partitioner;
pub use plan::{Operation, Plan};
pub use reject::{Reject, RowReject};
pub use same_key::SameKey;
pub use stream::RecordStream;
