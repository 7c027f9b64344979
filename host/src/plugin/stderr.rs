use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};

/// What a guest writes to stdout and stderr: each line goes to the log, the last ones are kept for its obituary.
///
/// A panic message of a guest comes this way, with file and line.
#[derive(Clone, Debug)]
pub(super) struct StderrTail {
    plugin: Arc<str>,
    lines: Arc<Mutex<Lines>>,
}

#[derive(Debug, Default)]
struct Lines {
    unfinished: Vec<u8>,
    last: VecDeque<String>,
}

const KEPT: usize = 20;
const LONGEST: usize = 2048;

impl StderrTail {
    pub(super) fn new(plugin: &str) -> Self {
        Self { plugin: plugin.into(), lines: Arc::default() }
    }

    /// The last lines, the unfinished one included.
    pub(super) fn tail(&self) -> Vec<String> {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let mut tail: Vec<_> = lines.last.iter().cloned().collect();
        if !lines.unfinished.is_empty() {
            tail.push(String::from_utf8_lossy(&lines.unfinished).into_owned());
        }
        tail
    }

    fn take(&self, bytes: &[u8]) {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        for byte in bytes {
            if *byte != b'\n' && lines.unfinished.len() < LONGEST {
                lines.unfinished.push(*byte);
                continue;
            }
            let line = String::from_utf8_lossy(&std::mem::take(&mut lines.unfinished)).into_owned();
            if !line.is_empty() {
                tracing::warn!(plugin = &*self.plugin, "{line}");
                if lines.last.len() == KEPT {
                    lines.last.pop_front();
                }
                lines.last.push_back(line);
            }
        }
    }
}

impl IsTerminal for StderrTail {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for StderrTail {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }
}

impl AsyncWrite for StderrTail {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.take(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_kept_and_endless_ones_are_cut() {
        let stderr = StderrTail::new("test");
        (0..100).for_each(|n| stderr.take(format!("line {n}\n").as_bytes()));
        stderr.take(&[b'x'; 3000]);
        let tail = stderr.tail();
        assert_eq!(tail.first().unwrap(), "line 81");
        assert!(tail.iter().all(|line| line.len() <= LONGEST));
    }
}
