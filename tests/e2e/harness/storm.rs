use std::path::Path;

use super::Mysql;
use super::stepped::Stepped;

/// Eight threads that write to five tables, and alterations when told to (`tests/storm/writer.py`).
pub(crate) struct Storm(Stepped);

impl Storm {
    /// Its tables.
    pub(crate) const TABLES: [&str; 5] =
        ["storm.accounts", "storm.names", "storm.pairs", "storm.moments", "storm.events"];

    /// Fill the tables with so many rows each and start to write.
    pub(crate) async fn start(mysql: &Mysql, rows: u64, journal: &Path) -> Self {
        let rows = rows.to_string();
        let arguments = ["--rows".as_ref(), rows.as_ref(), "--journal".as_ref(), journal];
        let mut stepped = Stepped::start("tests/storm/writer.py", mysql, &arguments).await;
        stepped.expect("writing").await;
        Self(stepped)
    }

    /// Begin the next alteration of every table.
    pub(crate) async fn alter(&mut self) {
        self.0.step().await;
    }

    /// Wait until an alteration is done in every table.
    pub(crate) async fn altered(&mut self) {
        self.0.expect("step").await;
    }

    /// Let it finish its transactions; returns how many there were.
    pub(crate) async fn stop(self) -> String {
        self.0.stop().await
    }
}
