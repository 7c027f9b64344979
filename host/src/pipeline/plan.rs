//! What the file means: checked, complete, and ready to run.

use std::{collections::BTreeSet, fmt, path::Path, time::Duration};

use serde::Serialize;

use super::{
    Refusal, SchemaChangeKind,
    grant::{Endpoint, Grant, HostPattern, SharedDirectory},
    manifest::{Manifest, OptionKind, OptionRole, OptionSpec},
    options::{Block, Setting, SettingValue, ValueOrigin},
    problem::{Problem, Problems},
    schema_changes::accepted,
    spec::{ConnectorSpec, Side, Spec},
    timezone::LocalTimeZone,
    transforms::Transforms,
};
use crate::secret::Secrets;

/// The most lanes that one process runs.
const MOST_LANES: i64 = 256;

/// A pipeline that may run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// For logs and metrics.
    pub name: String,
    /// The source.
    pub source: ConnectorPlan,
    /// The sink.
    pub sink: ConnectorPlan,
    /// Lanes from source to sink; at least one.
    pub parallelism: usize,
    /// What becomes of a schema change.
    pub schema_change_behavior: SchemaChangeBehavior,
    /// The schema changes that reach the sink.
    pub schema_changes: BTreeSet<SchemaChangeKind>,
    /// How tables are shaped beyond what the source says.
    pub transforms: Transforms,
    /// Time between the beginnings of two checkpoints.
    pub checkpoint_interval: Duration,
    /// Bytes that all tables and lanes may buffer together.
    pub memory_limit: u64,
    /// The zone for values that have none.
    pub local_time_zone: LocalTimeZone,
    /// Whether the pipeline ends by itself.
    pub runtime_mode: RuntimeMode,
    /// What the handles in the settings stand for.
    pub secrets: Secrets,
    /// What the operator should know.
    pub warnings: Vec<Problem>,
    /// The `pipeline` block as checked, defaults filled in; for the summary.
    pub pipeline_settings: Vec<Setting>,
}

/// One end of the pipeline.
#[derive(Clone, Debug)]
pub struct ConnectorPlan {
    /// The `type:`.
    pub type_name: String,
    /// The `name:` of the block, for people.
    pub name: Option<String>,
    /// What the plugin is configured with.
    pub settings: Vec<Setting>,
    /// What the plugin may reach.
    pub grant: Grant,
}

/// What becomes of a schema change (`schema.change.behavior`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SchemaChangeBehavior {
    /// The pipeline stops.
    Exception,
    /// It is applied as it is.
    Evolve,
    /// As `Evolve`; one that the sink does not support is skipped.
    TryEvolve,
    /// It is applied so that no data of the sink is lost.
    Lenient,
    /// Only tables are created.
    Ignore,
}

/// Whether the pipeline ends by itself (`execution.runtime-mode`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum RuntimeMode {
    /// It follows the source until stopped.
    Streaming,
    /// It ends after the snapshot.
    Batch,
}

/// The options of the `pipeline` block: Flink CDC's `PipelineOptions` and our own.
#[must_use]
pub fn pipeline_options() -> Vec<OptionSpec> {
    let no_transform = "expressions in transform are not supported by this version";
    vec![
        OptionSpec::text("name").default("CDC pipeline").summary("Name of the pipeline in logs and metrics"),
        OptionSpec::new("parallelism", OptionKind::Integer)
            .default("1")
            .between(1, MOST_LANES)
            .summary("Lanes from source to sink"),
        OptionSpec::choice(
            "schema.change.behavior",
            &["exception", "evolve", "try_evolve", "lenient", "ignore"],
        )
        .default("lenient")
        .summary("What becomes of a schema change"),
        OptionSpec::text("local-time-zone")
            .default("systemDefault")
            .summary("Zone of values that have none: an IANA name or an offset such as GMT+08:00"),
        OptionSpec::choice("execution.runtime-mode", &["STREAMING", "BATCH"])
            .default("STREAMING")
            .summary("BATCH ends after the snapshot"),
        OptionSpec::new("checkpoint.interval", OptionKind::Duration)
            .default("30s")
            .between(100, 86_400_000)
            .summary("Time between the beginnings of two checkpoints"),
        OptionSpec::new("memory.limit", OptionKind::Size)
            .default("512MB")
            .between(16 << 20, i64::MAX)
            .summary("Bytes that all tables and lanes may buffer together"),
        OptionSpec::choice("route-mode", &["ALL_MATCH", "FIRST_MATCH"])
            .ignored("route is not supported by this version")
            .summary("Whether every matching route applies, or the first"),
        OptionSpec::new("schema-operator.rpc-timeout", OptionKind::Duration)
            .ignored("schema changes are applied in this process, without remote calls"),
        OptionSpec::text("schema.operator.uid").ignored("there are no operators to identify"),
        OptionSpec::text("operator.uid.prefix").ignored("there are no operators to identify"),
        OptionSpec::choice("sink.partitioning.strategy", &["SINK_DEFINED", "PRIMARY_KEY", "TABLE_ID"])
            .ignored("every table belongs to one lane"),
        OptionSpec::choice("transform.decimal.precision.mode", &["UP_TO_19", "UP_TO_38"])
            .ignored(no_transform),
        OptionSpec::choice("transform.expression.semantics", &["LEGACY", "FLINK_SQL"]).ignored(no_transform),
    ]
}

impl Plan {
    /// Checks a file against the manifests of its two plugins.
    ///
    /// # Errors
    /// Everything that is wrong at once.
    pub fn new(spec: &Spec, source: &Manifest, sink: &Manifest) -> Result<Self, Refusal> {
        let mut problems = Problems::default();
        let mut secrets = Secrets::default();
        let source_plan = connector(spec, Side::Source, source, &mut secrets, &mut problems);
        let sink_plan = connector(spec, Side::Sink, sink, &mut secrets, &mut problems);
        for (block, place) in &spec.unsupported {
            let message = format!("{block} is not supported by this version");
            problems.push(Problem::error(message, Some(place.clone())).hint("remove the block"));
        }
        let transforms = Transforms::read(&spec.transforms, &mut problems);
        let plan = Pipeline::read(spec, &mut secrets, &mut problems);
        let (include, exclude) = (spec.include.as_deref(), spec.exclude.as_deref());
        let schema_changes = accepted(include, exclude, plan.schema_change_behavior, &mut problems);
        plan.check_runtime_mode(spec, source, &source_plan, &mut problems);
        Ok(Self {
            name: plan.name,
            source: source_plan,
            sink: sink_plan,
            parallelism: plan.parallelism,
            schema_change_behavior: plan.schema_change_behavior,
            schema_changes,
            transforms,
            checkpoint_interval: plan.checkpoint_interval,
            memory_limit: plan.memory_limit,
            local_time_zone: plan.local_time_zone,
            runtime_mode: plan.runtime_mode,
            secrets,
            warnings: problems.finish()?,
            pipeline_settings: plan.settings,
        })
    }

    /// One end of the pipeline.
    #[must_use]
    pub fn connector(&self, side: Side) -> &ConnectorPlan {
        match side {
            Side::Source => &self.source,
            Side::Sink => &self.sink,
        }
    }
}

impl ConnectorPlan {
    /// The plain value of an option.
    #[must_use]
    pub fn plain(&self, name: &str) -> Option<&str> {
        self.settings.iter().find(|setting| setting.name == name).and_then(|setting| setting.value.plain())
    }
}

/// The meaning of the `pipeline` block.
struct Pipeline {
    name: String,
    parallelism: usize,
    schema_change_behavior: SchemaChangeBehavior,
    checkpoint_interval: Duration,
    memory_limit: u64,
    local_time_zone: LocalTimeZone,
    runtime_mode: RuntimeMode,
    settings: Vec<Setting>,
}

impl Pipeline {
    fn read(spec: &Spec, secrets: &mut Secrets, problems: &mut Problems) -> Self {
        let options = pipeline_options();
        let entries = spec.pipeline.as_slice();
        let block = Block { document: &spec.document, name: "pipeline", place: None, entries };
        let settings = block.check(&options, secrets, problems);
        let place = |key: &str| {
            let entry = spec.pipeline.iter().find(|entry| entry.name == key);
            entry.map(|entry| entry.at_value(&spec.document))
        };
        let text =
            |key: &str| settings.iter().find(|setting| setting.name == key).and_then(|s| s.value.plain());
        let number = |key: &str| text(key).and_then(|text| text.parse::<u64>().ok());
        if text("schema.operator.uid").is_some() && text("operator.uid.prefix").is_some() {
            let message = "'schema.operator.uid' and 'operator.uid.prefix' exclude each other";
            problems.push(Problem::error(message, place("schema.operator.uid")));
        }
        let zone = text("local-time-zone").map(LocalTimeZone::parse);
        if zone == Some(None) {
            let problem = Problem::error("unknown time zone", place("local-time-zone"));
            problems.push(
                problem.hint("an IANA name such as America/Los_Angeles, an offset such as GMT+08:00, or UTC"),
            );
        }
        // Where a value was refused above, the one used here is never seen: the plan is refused with it.
        Self {
            name: text("name").unwrap_or_default().to_owned(),
            parallelism: number("parallelism").and_then(|lanes| usize::try_from(lanes).ok()).unwrap_or(1),
            schema_change_behavior: match text("schema.change.behavior") {
                Some("exception") => SchemaChangeBehavior::Exception,
                Some("evolve") => SchemaChangeBehavior::Evolve,
                Some("try_evolve") => SchemaChangeBehavior::TryEvolve,
                Some("ignore") => SchemaChangeBehavior::Ignore,
                _ => SchemaChangeBehavior::Lenient,
            },
            checkpoint_interval: Duration::from_millis(number("checkpoint.interval").unwrap_or_default()),
            memory_limit: number("memory.limit").unwrap_or_default(),
            local_time_zone: zone.flatten().unwrap_or(LocalTimeZone::System),
            runtime_mode: match text("execution.runtime-mode") {
                Some("BATCH") => RuntimeMode::Batch,
                _ => RuntimeMode::Streaming,
            },
            settings,
        }
    }

    /// Flink CDC runs a batch only over a source that ends: `scan.startup.mode: snapshot`.
    fn check_runtime_mode(
        &self,
        spec: &Spec,
        manifest: &Manifest,
        source: &ConnectorPlan,
        problems: &mut Problems,
    ) {
        let mode = "scan.startup.mode";
        let endless = manifest.option(mode).is_some() && source.plain(mode) != Some("snapshot");
        if self.runtime_mode == RuntimeMode::Batch && endless {
            let entry = spec.pipeline.iter().find(|entry| entry.name == "execution.runtime-mode");
            let place = entry.map(|entry| entry.at_value(&spec.document));
            let problem = Problem::error("BATCH needs a source that ends", place);
            problems.push(problem.hint(format!("write `{mode}: snapshot` in the source")));
        }
    }
}

fn connector(
    spec: &Spec,
    side: Side,
    manifest: &Manifest,
    secrets: &mut Secrets,
    problems: &mut Problems,
) -> ConnectorPlan {
    let block = spec.connector(side);
    let type_name = block.type_name.text.clone();
    let name = block.name.as_ref().map(|name| name.text.clone());
    if let Err(why) = manifest.check() {
        let message = format!("the {side} plugin '{type_name}' describes itself wrongly: {why}");
        let problem = Problem::error(message, Some(block.type_name.place.clone()));
        problems.push(problem.hint("this is a fault of the plugin, not of this file"));
        let grant = Grant::none(&type_name, side);
        return ConnectorPlan { type_name, name, settings: Vec::new(), grant };
    }
    let checked = Block {
        document: &spec.document,
        name: side.name(),
        place: Some(block.place.clone()),
        entries: &block.options,
    };
    let mut settings = checked.check(&manifest.options, secrets, problems);
    let mut grant = grant(spec, block, manifest, &settings, problems);
    grant.directories = share_directories(spec, manifest, &mut settings);
    ConnectorPlan { type_name, name, settings, grant }
}

/// Endpoints are what the file says; a default grants nothing, or a plugin could grant itself anything.
fn grant(
    spec: &Spec,
    block: &ConnectorSpec,
    manifest: &Manifest,
    settings: &[Setting],
    problems: &mut Problems,
) -> Grant {
    let mut grant = Grant::none(&block.type_name.text, block.side);
    let is_endpoint =
        |name: &str| manifest.option(name).is_some_and(|option| option.role == OptionRole::Endpoint);
    let endpoint_options = manifest.options.iter().filter(|option| option.role == OptionRole::Endpoint);
    grant.endpoint_options = endpoint_options.map(|option| option.name.clone()).collect();
    grant.patterns = manifest.hosts.iter().filter_map(|host| HostPattern::parse(host).ok()).collect();
    let port = settings.iter().find(|setting| setting.name == "port");
    let port = port.and_then(|setting| setting.value.plain()?.parse().ok());
    for setting in settings.iter().filter(|setting| is_endpoint(&setting.name)) {
        let (SettingValue::Plain(text), ValueOrigin::File { .. }) = (&setting.value, setting.origin) else {
            continue;
        };
        match Endpoint::parse(&setting.name, text, port) {
            Ok(endpoints) => grant.endpoints.extend(endpoints),
            Err(why) => {
                // A URL that cannot be read may hold a password.
                let entry = block.options.iter().find(|entry| entry.name == setting.name);
                let place = entry.map(|entry| entry.at_key(&spec.document));
                problems.push(Problem::error(format!("the value of '{}' {why}", setting.name), place));
            }
        }
    }
    grant
}

/// The directories that the file names; each setting becomes the path that the plugin sees.
fn share_directories(spec: &Spec, manifest: &Manifest, settings: &mut [Setting]) -> Vec<SharedDirectory> {
    let beside = Path::new(spec.document.file()).parent().unwrap_or(Path::new(""));
    let mut shared = Vec::new();
    for setting in settings {
        let role = manifest.option(&setting.name).map(|option| option.role);
        let (Some(OptionRole::Directory), SettingValue::Plain(text)) = (role, &mut setting.value) else {
            continue;
        };
        let directory = SharedDirectory { option: setting.name.clone(), path: beside.join(&*text) };
        *text = directory.guest_path();
        shared.push(directory);
    }
    shared
}

impl fmt::Display for SchemaChangeBehavior {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Exception => "exception",
            Self::Evolve => "evolve",
            Self::TryEvolve => "try_evolve",
            Self::Lenient => "lenient",
            Self::Ignore => "ignore",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::settings::canonical;

    #[test]
    fn every_pipeline_option_makes_sense() {
        let options = pipeline_options();
        for option in &options {
            let default = option.default.as_deref();
            assert!(default.is_none_or(|text| canonical(option, text).is_ok()), "{}", option.name);
            assert!(
                option.ignored.is_some() || default.is_some(),
                "{} has neither effect nor note",
                option.name
            );
        }
    }
}
