mod bars;

use std::time::{Duration, Instant};

pub use bars::Bars;
use bars::Drawing;

use super::error::FlowError;
use super::reader::Reader;
use crate::plugin::source::Progress;

/// Tells the operator how far the snapshot is: with bars on a terminal, else with lines in the log.
pub(super) struct Reporter {
    drawing: Option<Drawing>,
    snapshot: bool,
    next: Instant,
    rows_before: u64,
}

const ON_TERMINAL: Duration = Duration::from_millis(250);
const IN_LOG: Duration = Duration::from_secs(5);

impl Reporter {
    pub(super) fn new(bars: Option<&Bars>) -> Self {
        let pause = if bars.is_some() { Duration::ZERO } else { IN_LOG };
        Self { drawing: bars.map(Bars::draw), snapshot: true, next: Instant::now() + pause, rows_before: 0 }
    }

    /// Say how far the source is, if it is time to.
    pub(super) async fn report(&mut self, source: &Reader) -> Result<(), FlowError> {
        let now = Instant::now();
        if !self.snapshot || now < self.next {
            return Ok(());
        }
        self.next = now + if self.drawing.is_some() { ON_TERMINAL } else { IN_LOG };
        let progress = source.progress().await?;
        if progress.tables.iter().all(|table| table.done) {
            self.snapshot = progress.tables.is_empty();
            self.drawing.iter_mut().for_each(Drawing::clear);
        } else if let Some(drawing) = &mut self.drawing {
            drawing.show(&progress);
        } else {
            let rows: u64 = progress.tables.iter().map(|table| table.rows_read).sum();
            let per_second = rows.saturating_sub(self.rows_before) / IN_LOG.as_secs();
            self.rows_before = rows;
            tracing::info!(per_second, at = progress.place, "snapshot: {}", Total::of(&progress));
        }
        Ok(())
    }
}

/// All tables together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Total {
    done: usize,
    tables: usize,
    read: u64,
    /// Never less than what is read.
    estimated: u64,
}

impl Total {
    fn of(progress: &Progress) -> Self {
        let estimated = progress.tables.iter().map(|table| {
            if table.done { table.rows_read } else { table.rows_estimated.unwrap_or(0).max(table.rows_read) }
        });
        Self {
            done: progress.tables.iter().filter(|table| table.done).count(),
            tables: progress.tables.len(),
            read: progress.tables.iter().map(|table| table.rows_read).sum(),
            estimated: estimated.sum(),
        }
    }
}

/// `3 of 5 tables, 41 %, 120000 of about 290000 rows`.
impl std::fmt::Display for Total {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { done, tables, read, estimated } = self;
        let percent = (read * 100).checked_div(*estimated).unwrap_or(100);
        write!(out, "{done} of {tables} tables, {percent} %, {read} of about {estimated} rows")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugin::source::TableProgress;
    use crate::schema::TableId;

    fn table(name: &str, rows_read: u64, rows_estimated: u64, done: bool) -> TableProgress {
        let table = TableId { namespace: None, schema: None, name: name.into() };
        TableProgress { table, rows_read, rows_estimated: Some(rows_estimated), done }
    }

    fn progress(tables: Vec<TableProgress>) -> Progress {
        Progress { tables, ..Progress::default() }
    }

    #[test]
    fn an_estimate_that_was_too_low_never_shows_more_than_everything() {
        let progress = progress(vec![table("t", 150, 100, false)]);
        assert_eq!(Total::of(&progress).to_string(), "0 of 1 tables, 100 %, 150 of about 150 rows");
    }

    #[test]
    fn each_table_under_way_has_a_bar_and_all_together_another() {
        let mut drawing = Bars::hidden().draw();
        let begin = vec![table("a", 5, 10, false), table("b", 0, 10, false), table("c", 1, 0, false)];
        drawing.show(&progress(begin));
        assert_eq!(drawing.shown(), ["a 5/10", "c 1/1", "0 of 3 tables 6/21"]);
        drawing.show(&progress(vec![table("a", 12, 10, true), table("b", 3, 10, false)]));
        assert_eq!(drawing.shown(), ["b 3/10", "1 of 2 tables 15/22"]);
        drawing.clear();
        assert!(drawing.shown().is_empty());
    }

    #[test]
    fn of_many_tables_under_way_only_some_have_bars() {
        let tables = (0..100).map(|n| table(&format!("t{n}"), 1, 2, false)).collect();
        let mut drawing = Bars::hidden().draw();
        drawing.show(&progress(tables));
        assert_eq!(drawing.shown().len(), bars::MOST + 1);
    }
}
