use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

use super::connection::ConnectionCut;

/// A body that is sent whole, or of which a fault keeps the second half.
#[derive(Debug)]
pub(super) struct ResponseBody {
    bytes: Bytes,
    cut: bool,
    flushed: bool,
}

impl ResponseBody {
    pub(super) fn whole(bytes: Bytes) -> Self {
        Self { bytes, cut: false, flushed: false }
    }

    /// The first half, after which the connection ends.
    pub(super) fn half_of(bytes: &Bytes) -> Self {
        Self { bytes: bytes.slice(..bytes.len() / 2), cut: true, flushed: false }
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = ConnectionCut;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, ConnectionCut>>> {
        if !self.bytes.is_empty() {
            return Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut self.bytes)))));
        }
        if self.cut && !self.flushed {
            // The connection sends what it has while it waits for more.
            self.flushed = true;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(self.cut.then_some(Err(ConnectionCut)))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_empty() && !self.cut
    }

    fn size_hint(&self) -> SizeHint {
        if self.cut { SizeHint::default() } else { SizeHint::with_exact(self.bytes.len() as u64) }
    }
}
