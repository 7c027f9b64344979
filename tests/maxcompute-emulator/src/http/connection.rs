use std::os::fd::AsFd;
use std::time::Duration;

use socket2::Socket;
use tokio::net::TcpStream;

/// A second handle on a connection that hyper owns, to reset it.
#[derive(Debug)]
pub(super) struct ConnectionHandle(Socket);

/// The connection is reset: no answer is sent.
#[derive(Debug, thiserror::Error)]
#[error("a fault resets the connection")]
pub(super) struct ConnectionCut;

impl ConnectionHandle {
    pub(super) fn of(stream: &TcpStream) -> std::io::Result<Self> {
        Ok(Self(stream.as_fd().try_clone_to_owned()?.into()))
    }

    /// Makes the close that follows a reset instead of an orderly end.
    pub(super) fn reset(&self) -> ConnectionCut {
        if let Err(error) = self.0.set_linger(Some(Duration::ZERO)) {
            tracing::warn!(%error, "a connection is closed rather than reset");
        }
        ConnectionCut
    }
}
