use std::collections::BTreeMap;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Total;
use crate::plugin::source::Progress;
use crate::schema::TableId;

/// The place at the bottom of a terminal where bars are drawn; other lines go above them.
#[derive(Clone, Debug)]
pub struct Bars(MultiProgress);

/// The bars of one attempt.
pub(super) struct Drawing {
    place: MultiProgress,
    tables: BTreeMap<TableId, ProgressBar>,
    total: Option<ProgressBar>,
}

/// Bars of tables that are shown at once.
pub(super) const MOST: usize = 8;

impl Bars {
    /// Draw on stderr.
    #[must_use]
    pub fn on_stderr() -> Self {
        Self(MultiProgress::with_draw_target(ProgressDrawTarget::stderr()))
    }

    #[cfg(test)]
    pub(super) fn hidden() -> Self {
        Self(MultiProgress::with_draw_target(ProgressDrawTarget::hidden()))
    }

    /// Write to the terminal while no bars are there.
    pub fn above<R>(&self, write: impl FnOnce() -> R) -> R {
        self.0.suspend(write)
    }

    pub(super) fn draw(&self) -> Drawing {
        Drawing { place: self.0.clone(), tables: BTreeMap::new(), total: None }
    }
}

impl Drawing {
    /// A bar for each table under way, and one for all tables.
    pub(super) fn show(&mut self, progress: &Progress) {
        let under_way: Vec<_> =
            progress.tables.iter().filter(|table| !table.done && table.rows_read > 0).take(MOST).collect();
        self.tables.retain(|id, bar| {
            let stays = under_way.iter().any(|table| table.table == *id);
            if !stays {
                bar.finish_and_clear();
            }
            stays
        });
        let bar = self.total.get_or_insert_with(|| self.place.add(new()));
        for table in under_way {
            let of_table = self
                .tables
                .entry(table.table.clone())
                .or_insert_with(|| self.place.insert_before(bar, new()).with_prefix(table.table.to_string()));
            set(of_table, table.rows_read, table.rows_estimated.unwrap_or(0).max(table.rows_read));
        }
        let total = Total::of(progress);
        bar.set_prefix(format!("{} of {} tables", total.done, total.tables));
        set(bar, total.read, total.estimated);
    }

    /// Take all of them away.
    pub(super) fn clear(&mut self) {
        std::mem::take(&mut self.tables).into_values().chain(self.total.take()).for_each(|bar| {
            bar.finish_and_clear();
        });
    }

    /// `orders 5/10` for each.
    #[cfg(test)]
    pub(super) fn shown(&self) -> Vec<String> {
        let bars = self.tables.values().chain(&self.total);
        let shown = |bar: &ProgressBar| {
            format!("{} {}/{}", bar.prefix(), bar.position(), bar.length().unwrap_or_default())
        };
        bars.map(shown).collect()
    }
}

impl Drop for Drawing {
    fn drop(&mut self) {
        self.clear();
    }
}

fn set(bar: &ProgressBar, read: u64, estimated: u64) {
    bar.set_length(estimated);
    bar.set_position(read);
}

fn new() -> ProgressBar {
    let template = "{prefix:30!} [{bar:24}] {percent:>3} %  {human_pos} of about {human_len} rows, {per_sec}";
    let style = ProgressStyle::with_template(template);
    // The template is ours; were it wrong, bars would look otherwise.
    let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(0).with_style(style.progress_chars("#>-"))
}
