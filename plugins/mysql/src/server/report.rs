//! What was found on a server before anything is read: all of it at once, each with what repairs it.

use cdc_plugin::host::Level;
use cdc_plugin::types::Error;

use crate::server::{Host, Server};

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Nothing can be read.
    Error,
    /// Something may be missing or go wrong later.
    Warning,
}

/// Something found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// Stable, as codes of errors are.
    pub code: &'static str,
    /// A sentence without its end.
    pub what: String,
    /// The statement that repairs it, or what else does.
    pub repair: String,
}

/// All of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    findings: Vec<Finding>,
}

// === impl Report ===

impl Report {
    /// Nothing can be read before this is repaired.
    pub fn error(&mut self, code: &'static str, what: impl Into<String>, repair: impl Into<String>) {
        let (what, repair) = (what.into(), repair.into());
        self.findings.push(Finding { severity: Severity::Error, code, what, repair });
    }

    /// The operator should know.
    pub fn warning(&mut self, code: &'static str, what: impl Into<String>, repair: impl Into<String>) {
        let (what, repair) = (what.into(), repair.into());
        self.findings.push(Finding { severity: Severity::Warning, code, what, repair });
    }

    /// In the order they were found.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Take over what another report has.
    pub fn append(&mut self, other: Self) {
        self.findings.extend(other.findings);
    }

    /// The error that tells everything, where there is one that keeps from reading.
    ///
    /// # Errors
    /// That one.
    pub fn refuse(&self, place: &str) -> Result<(), Error> {
        let first = self.findings.iter().find(|finding| finding.severity == Severity::Error);
        let Some(first) = first else { return Ok(()) };
        let lines = self.findings.iter().map(|finding| {
            let severity = if finding.severity == Severity::Error { "error" } else { "warning" };
            format!("\n  {severity}: {}; {}", finding.what, finding.repair)
        });
        let text = match self.findings.len() {
            1 => format!("{place}: {}; {}", first.what, first.repair),
            count => format!("{count} things of {place} need attention:{}", lines.collect::<String>()),
        };
        Err(Error::config(first.code, text))
    }

    /// Tell the operator.
    pub fn log<H: Host>(&self, server: &Server<H>) {
        for finding in &self.findings {
            let fields = [("finding", finding.code.to_owned()), ("repair", finding.repair.clone())];
            server.log(Level::Warn, &finding.what, &fields);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_error_tells_all_findings_with_their_repairs() {
        let mut report = Report::default();
        report.warning("mysql.a", "the first is doubtful", "run: A");
        assert_eq!(report.refuse("u@h:1"), Ok(()));
        report.error("mysql.b", "the second is wrong", "run: B");
        report.error("mysql.c", "the third is wrong", "run: C");
        let error = report.refuse("u@h:1").unwrap_err();
        assert_eq!(error.code, "mysql.b");
        for part in ["u@h:1", "3 things", "warning: the first is doubtful; run: A", "run: B", "run: C"] {
            assert!(error.message.contains(part), "{} lacks {part}", error.message);
        }
    }
}
