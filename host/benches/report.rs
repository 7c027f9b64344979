/// One subject's table, in Markdown.
pub(crate) struct Report {
    title: &'static str,
    lines: Vec<Vec<String>>,
}

/// What was measured round by round.
#[derive(Clone, Debug, Default)]
pub(crate) struct Series(Vec<f64>);

impl Report {
    pub(crate) fn new(title: &'static str, columns: &[&str]) -> Self {
        Self { title, lines: vec![columns.iter().map(|column| (*column).to_owned()).collect()] }
    }

    pub(crate) fn row(&mut self, cells: impl Into<Vec<String>>) {
        self.lines.push(cells.into());
    }

    /// Print the table, and under it what its sides do.
    pub(crate) fn print(&self, notes: &[String]) {
        println!("\n## {}\n", self.title);
        for (index, cells) in self.lines.iter().enumerate() {
            println!("| {} |", cells.join(" | "));
            if index == 0 {
                println!("|{}", "---|".repeat(cells.len()));
            }
        }
        println!();
        for note in notes {
            println!("- {note}");
        }
    }
}

impl Series {
    pub(crate) fn push(&mut self, value: f64) {
        self.0.push(value);
    }

    pub(crate) fn median(&self) -> f64 {
        let sorted = self.sorted();
        (sorted[(sorted.len() - 1) / 2] + sorted[sorted.len() / 2]) / 2.0
    }

    /// Round by round.
    pub(crate) fn ratio(&self, baseline: &Self) -> Self {
        assert_eq!(self.0.len(), baseline.0.len());
        Self(self.0.iter().zip(&baseline.0).map(|(value, base)| value / base).collect())
    }

    /// The median with the least and the most of all rounds: `1.40 (1.31 to 1.62)`.
    pub(crate) fn with_range(&self) -> String {
        let sorted = self.sorted();
        format!("{:.2} ({:.2} to {:.2})", self.median(), sorted[0], sorted[sorted.len() - 1])
    }

    fn sorted(&self) -> Vec<f64> {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        sorted
    }
}

/// Bytes a second, in MB.
pub(crate) fn megabytes_per_second(bytes: f64, time: f64) -> String {
    format!("{:.0} MB/s", bytes / time / 1e6)
}
