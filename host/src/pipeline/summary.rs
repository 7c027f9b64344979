//! The effective plan for people and programs: every value, and who gave it.

use std::{collections::BTreeSet, fmt};

use serde::Serialize;

use super::{
    Plan, Problem, SchemaChangeKind,
    grant::Grant,
    options::{Setting, SettingValue, ValueOrigin},
    plan::ConnectorPlan,
};

/// What `cdc-host validate` prints: as text by `Display`, as JSON by `Serialize`. Holds no secret.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// The source.
    pub source: ConnectorSummary,
    /// The sink.
    pub sink: ConnectorSummary,
    /// The `pipeline` block.
    pub pipeline: Vec<Line>,
    /// The schema changes that reach the sink.
    pub schema_changes: BTreeSet<SchemaChangeKind>,
    /// What the operator should know.
    pub warnings: Vec<Problem>,
}

/// One end of the pipeline.
#[derive(Clone, Debug, Serialize)]
pub struct ConnectorSummary {
    /// The `type:`.
    #[serde(rename = "type")]
    pub type_name: String,
    /// The `name:`.
    pub name: Option<String>,
    /// Its options.
    pub options: Vec<Line>,
    /// What it may reach.
    pub grant: Grant,
}

/// One option.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// The option.
    pub name: String,
    /// Its canonical text; `***` for a secret.
    pub value: String,
    /// Who gave it.
    pub origin: ValueOrigin,
}

impl Plan {
    /// The effective plan.
    #[must_use]
    pub fn summary(&self) -> Summary {
        Summary {
            source: connector(&self.source),
            sink: connector(&self.sink),
            pipeline: lines(&self.pipeline_settings),
            schema_changes: self.schema_changes.clone(),
            warnings: self.warnings.clone(),
        }
    }
}

fn connector(plan: &ConnectorPlan) -> ConnectorSummary {
    ConnectorSummary {
        type_name: plan.type_name.clone(),
        name: plan.name.clone(),
        options: lines(&plan.settings),
        grant: plan.grant.clone(),
    }
}

fn lines(settings: &[Setting]) -> Vec<Line> {
    let line = |setting: &Setting| Line {
        name: setting.name.clone(),
        value: match &setting.value {
            SettingValue::Plain(text) => text.clone(),
            SettingValue::Secret(_) => "***".to_owned(),
        },
        origin: setting.origin,
    };
    settings.iter().map(line).collect()
}

impl fmt::Display for ValueOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { line } => write!(f, "line {line}"),
            Self::Default => f.write_str("default"),
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (block, connector) in [("source", &self.source), ("sink", &self.sink)] {
            writeln!(f, "{block}: {}", connector.type_name)?;
            write_lines(f, &connector.options)?;
            let grant = &connector.grant;
            let endpoints = grant.endpoints.iter().map(ToString::to_string);
            let reach: Vec<String> =
                endpoints.chain(grant.patterns.iter().map(ToString::to_string)).collect();
            let reach = if reach.is_empty() { "nothing".to_owned() } else { reach.join(", ") };
            writeln!(f, "  may reach: {reach}")?;
            for directory in &grant.directories {
                writeln!(f, "  may read and write: {}", directory.path.display())?;
            }
            writeln!(f)?;
        }
        writeln!(f, "pipeline:")?;
        write_lines(f, &self.pipeline)?;
        let tags: Vec<&str> = self.schema_changes.iter().map(|kind| kind.tag()).collect();
        write!(f, "  schema changes that reach the sink: {}", tags.join(", "))?;
        self.warnings.iter().try_for_each(|warning| write!(f, "\n\n{warning}"))
    }
}

fn write_lines(f: &mut fmt::Formatter<'_>, lines: &[Line]) -> fmt::Result {
    let names = lines.iter().map(|line| line.name.chars().count()).max().unwrap_or_default();
    let shown: Vec<String> = lines.iter().map(|line| super::document::visible(&line.value)).collect();
    let values = shown.iter().map(|value| value.chars().count()).max().unwrap_or_default().min(60);
    for (line, value) in lines.iter().zip(&shown) {
        writeln!(f, "  {:names$}  {value:values$}  ({})", line.name, line.origin)?;
    }
    Ok(())
}
