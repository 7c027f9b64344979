use super::Mysql;
use super::stepped::Stepped;

/// An application that writes to three tables, and alters them when told to (`schema_writer.py`).
pub(crate) struct SchemaWriter(Stepped);

impl SchemaWriter {
    /// Its tables as the judge names them.
    pub(crate) const TABLES: [&str; 3] =
        ["evolving.alpha=alpha:keyed", "evolving.beta=beta:keyed", "evolving.gamma=gamma:keyed"];
    /// How often it can alter each of them.
    pub(crate) const STEPS: usize = 10;

    /// Create the tables and start to write.
    pub(crate) async fn start(mysql: &Mysql) -> Self {
        Self(Stepped::start("tests/e2e/schema_writer.py", mysql, &[]).await)
    }

    /// Make the next step of every table, and wait until the server has done it.
    pub(crate) async fn alter(&mut self) {
        self.0.step().await;
        self.0.expect("step").await;
    }

    /// Let it finish its transactions.
    pub(crate) async fn stop(self) {
        self.0.stop().await;
    }
}
