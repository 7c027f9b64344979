use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use super::error::FlowError;
use crate::plugin::source::{Progress, Source};

/// Tells the operator how far the snapshot is: lines in the log, and on a terminal one line that changes.
pub(super) struct Reporter {
    terminal: bool,
    shown: bool,
    snapshot: bool,
    next: Instant,
    next_line: Instant,
    rows_before: u64,
}

const ON_TERMINAL: Duration = Duration::from_millis(250);
const IN_LOG: Duration = Duration::from_secs(5);

impl Reporter {
    pub(super) fn new() -> Self {
        let now = Instant::now();
        Self {
            terminal: std::io::stderr().is_terminal(),
            shown: false,
            snapshot: true,
            next: now,
            next_line: now + IN_LOG,
            rows_before: 0,
        }
    }

    /// Say how far the source is, if it is time to.
    pub(super) async fn report(&mut self, source: &Source) -> Result<(), FlowError> {
        let now = Instant::now();
        if !self.snapshot || now < self.next {
            return Ok(());
        }
        self.next = now + if self.terminal { ON_TERMINAL } else { IN_LOG };
        let progress = source.progress().await?;
        if progress.tables.iter().all(|table| table.done) {
            self.snapshot = progress.tables.is_empty();
            if self.shown {
                self.draw(&summary(&progress), true);
            }
            return Ok(());
        }
        if self.terminal {
            self.draw(&summary(&progress), false);
        }
        if now >= self.next_line {
            self.next_line = now + IN_LOG;
            let rows: u64 = progress.tables.iter().map(|table| table.rows_read).sum();
            let per_second = rows.saturating_sub(self.rows_before) / IN_LOG.as_secs();
            self.rows_before = rows;
            tracing::info!(per_second, at = progress.place, "snapshot: {}", summary(&progress));
        }
        Ok(())
    }

    fn draw(&mut self, line: &str, last: bool) {
        self.shown = !last;
        let mut stderr = std::io::stderr();
        // A terminal that cannot be written to is no reason to stop.
        let _ =
            write!(stderr, "\r\x1b[2K{line}{}", if last { "\n" } else { "" }).and_then(|()| stderr.flush());
    }
}

/// `snapshot 3 of 5 tables [#######-----] 41 % 120,000 of about 290,000 rows`.
fn summary(progress: &Progress) -> String {
    let done = progress.tables.iter().filter(|table| table.done).count();
    let read: u64 = progress.tables.iter().map(|table| table.rows_read).sum();
    let estimated: u64 = progress
        .tables
        .iter()
        .map(|table| {
            if table.done { table.rows_read } else { table.rows_estimated.unwrap_or(0).max(table.rows_read) }
        })
        .sum();
    let percent = (read * 100).checked_div(estimated).unwrap_or(100);
    let filled = usize::try_from(percent / 5).unwrap_or(20).min(20);
    format!(
        "{done} of {} tables [{}{}] {percent} %, {read} of about {estimated} rows",
        progress.tables.len(),
        "#".repeat(filled),
        "-".repeat(20 - filled)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugin::source::TableProgress;
    use crate::schema::TableId;

    #[test]
    fn an_estimate_that_was_too_low_never_shows_more_than_everything() {
        let table = TableId { namespace: None, schema: None, name: "t".into() };
        let table = TableProgress { table, rows_read: 150, rows_estimated: Some(100), done: false };
        let progress = Progress { tables: vec![table], ..Progress::default() };
        assert_eq!(summary(&progress), "0 of 1 tables [####################] 100 %, 150 of about 150 rows");
    }
}
