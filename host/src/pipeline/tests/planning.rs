//! The `pipeline` block, and the plan as a whole.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;
use crate::pipeline::{LocalTimeZone, RuntimeMode, SchemaChangeBehavior};

#[test]
fn defaults_are_those_of_the_documentation() {
    let plan = plan(&format!("{SOURCE}{SINK}")).unwrap();
    assert_eq!(plan.parallelism, 1);
    assert_eq!(plan.schema_change_behavior, SchemaChangeBehavior::Lenient);
    assert_eq!(plan.checkpoint_interval, Duration::from_secs(30));
    assert_eq!(plan.memory_limit, 512 << 20);
    assert_eq!(plan.local_time_zone, LocalTimeZone::System);
    assert_eq!(plan.runtime_mode, RuntimeMode::Streaming);
}

#[test]
fn every_value_of_the_pipeline_block_takes_effect() {
    let plan = plan_with(
        "  name: sync\n  parallelism: 4\n  schema.change.behavior: TRY_EVOLVE\n  checkpoint.interval: 100ms\n  \
         memory.limit: 1gb\n  local-time-zone: GMT+08:00\n",
    )
    .unwrap();
    assert_eq!((plan.name.as_str(), plan.parallelism), ("sync", 4));
    assert_eq!(plan.schema_change_behavior, SchemaChangeBehavior::TryEvolve);
    assert_eq!(plan.checkpoint_interval, Duration::from_millis(100));
    assert_eq!(plan.memory_limit, 1 << 30);
    assert_eq!(plan.local_time_zone, LocalTimeZone::Fixed(28_800));
    for (text, behavior) in [
        ("exception", SchemaChangeBehavior::Exception),
        ("Evolve", SchemaChangeBehavior::Evolve),
        ("ignore", SchemaChangeBehavior::Ignore),
        ("LENIENT", SchemaChangeBehavior::Lenient),
    ] {
        let plan = plan_with(&format!("  schema.change.behavior: {text}\n")).unwrap();
        assert_eq!(plan.schema_change_behavior, behavior);
    }
}

#[test]
fn options_of_flink_without_effect_here_warn() {
    let plan = plan_with(
        "  schema-operator.rpc-timeout: 1 h\n  sink.partitioning.strategy: TABLE_ID\n  operator.uid.prefix: x\n  \
         transform.decimal.precision.mode: UP_TO_38\n  transform.expression.semantics: FLINK_SQL\n  route-mode: ALL_MATCH\n",
    )
    .unwrap();
    assert_eq!(plan.warnings.len(), 6);
    assert!(plan.warnings.iter().all(|warning| warning.message.contains("has no effect: ")));
    let lines: Vec<_> =
        plan.warnings.iter().filter_map(|w| w.place.as_ref().map(|place| place.line)).collect();
    assert_eq!(lines, [14, 15, 16, 17, 18, 19]);
}

#[test]
fn what_the_pipeline_block_may_not_hold_is_refused() {
    for (line, message) in [
        ("paralelism: 2", "did you mean 'parallelism'?"),
        (
            "execution.checkpointing.interval: 1s",
            "unknown option 'execution.checkpointing.interval' in pipeline",
        ),
        ("parallelism: 0", "is not between 1 and 256"),
        ("parallelism: 100000", "is not between 1 and 256"),
        ("checkpoint.interval: 99ms", "is not between 100 ms"),
        ("memory.limit: 1kb", "is not between 16777216 bytes"),
        ("schema.change.behavior: tolerant", "is none of exception, evolve, try_evolve, lenient, ignore"),
        ("local-time-zone: invalid time zone", "unknown time zone"),
        ("schema-operator.rpc-timeout: soon", "does not start with a number"),
        ("execution.runtime-mode: BATCH", "BATCH needs a source that ends"),
        ("schema.operator.uid: a\n  operator.uid.prefix: b", "exclude each other"),
    ] {
        let shown = plan_with(&format!("  {line}\n")).unwrap_err().to_string();
        assert!(shown.contains(message), "{shown}");
        assert!(shown.contains("\n  --> pipeline.yaml:14:"), "{shown}");
    }
}

#[test]
fn a_batch_reads_a_snapshot() {
    let text =
        format!("{SOURCE}  scan.startup.mode: snapshot\n{SINK}pipeline:\n  execution.runtime-mode: batch\n");
    assert_eq!(plan(&text).unwrap().runtime_mode, RuntimeMode::Batch);
}

#[test]
fn an_unknown_schema_change_points_at_itself() {
    let shown = plan(&format!("{SOURCE}{SINK}  include.schema.changes: [add.column, drop.colum]\n"));
    let shown = shown.unwrap_err().to_string();
    assert!(
        shown.contains("error: unknown schema change 'drop.colum'\n  --> pipeline.yaml:13:40\n"),
        "{shown}"
    );
    assert!(
        shown.contains("13 | ... drop.colum\n   |     ^^^^^^^^^^ did you mean 'drop.column'?"),
        "{shown}"
    );
}

#[test]
fn all_problems_of_a_file_come_together_in_its_order() {
    let text = "source:\n  type: mysql\n  port: x\n  hots: y\nsink:\n  type: maxcompute\n  exclude.schema.changes: [foo]\n\
                route:\n  - source-table: a\n    sink-table: b\npipeline:\n  parallelism: many\n  foo: bar\n";
    let refusal = plan(text).unwrap_err();
    let lines: Vec<_> =
        refusal.problems.iter().filter_map(|p| p.place.as_ref().map(|place| place.line)).collect();
    assert_eq!(lines, [1, 3, 4, 5, 7, 8, 12, 13]);
}

#[test]
fn the_summary_says_what_is_in_effect_and_why() {
    let plan =
        plan(&format!("{SOURCE}{SINK}pipeline:\n  parallelism: 4\n  route-mode: ALL_MATCH\n")).unwrap();
    let shown = plan.summary().to_string();
    let squeezed: Vec<String> =
        shown.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    for line in [
        "source: mysql",
        "hostname db.example.com (line 3)",
        "port 3306 (default)",
        "password *** (line 5)",
        "may reach: db.example.com:3306",
        "access-key *** (line 10)",
        "may reach: https://service.cn.maxcompute.aliyun.com:443, *.maxcompute.aliyun.com",
        "parallelism 4 (line 14)",
        "schema.change.behavior lenient (default)",
        "schema changes that reach the sink: add.column, alter.column.type, alter.table.comment, create.table, \
         drop.column, rename.column, rename.table",
        "warning: option 'route-mode' has no effect: route is not supported by this version",
    ] {
        assert!(squeezed.iter().any(|shown| shown == line), "{line}\n\n{shown}");
    }
    let json = serde_json::to_value(plan.summary()).unwrap();
    assert_eq!(json["sink"]["type"], "maxcompute");
    assert_eq!(json["source"]["options"][3]["name"], "password");
    assert_eq!(json["source"]["options"][3]["value"], "***");
    assert_eq!(json["source"]["options"][3]["origin"]["file"]["line"], 5);
    assert_eq!(json["source"]["options"][1]["origin"], "default");
    assert_eq!(json["sink"]["grant"]["patterns"][0], "*.maxcompute.aliyun.com");
    assert_eq!(json["warnings"][0]["severity"], "warning");
    assert_eq!(json["warnings"][0]["line"], 15);
}

#[test]
fn a_refusal_is_json_too() {
    let refusal = plan(&format!("{SOURCE}{SINK}  bucket-num: 1\n")).unwrap_err();
    let json = serde_json::to_value(&refusal).unwrap();
    assert_eq!(json["problems"][0]["file"], "pipeline.yaml");
    assert_eq!(json["problems"][0]["column"], 3);
    assert_eq!(json["problems"][0]["hint"], "did you mean 'buckets-num'?");
}

#[test]
fn ten_megabytes_of_mistakes_are_told_in_a_page_or_two() {
    let mut text = format!("{SOURCE}{SINK}");
    while text.len() < 10 << 20 {
        text.push_str(&format!("  bucket-{}: hunter8\n", text.len()));
    }
    let begin = Instant::now();
    let refusal = plan(&text).unwrap_err();
    assert!(begin.elapsed() < Duration::from_secs(60), "{:?}", begin.elapsed());
    assert!(refusal.omitted > 100_000 && refusal.to_string().len() < 20_000);
    assert!(!refusal.to_string().contains("hunter"));
}

#[test]
fn megabytes_in_one_line_take_time_in_proportion() {
    for (head, item) in [
        ("route: [", "{source-table: a, sink-table: b},"),
        ("route: [", "{source-table: a, sonk-table: b},"),
        ("plugins:\n  [", "a,"),
        ("transform: [", "{},"),
        ("pipeline: {model: [", "{name: m, type: t},"),
    ] {
        let tail = if head.contains('{') { "]}\n" } else { "]\n" };
        let text = format!("{SOURCE}{SINK}{head}{}{tail}", item.repeat((2 << 20) / item.len()));
        let begin = Instant::now();
        let outcome = Spec::parse(&text, "p.yaml").and_then(|spec| Plan::new(&spec, &mysql(), &maxcompute()));
        assert!(begin.elapsed() < Duration::from_secs(60), "{head}{item} {:?}", begin.elapsed());
        assert!(outcome.unwrap_err().to_string().len() < 20_000);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn a_secret_in_any_place_is_never_told(
        key in "(password|access-key|prot|endpoint|hostname|x y|name\\.\\*|jdbc\\.properties\\.a)",
        quote in "['\"]?",
        before in proptest::sample::select(&["", "[", "{", "'", "\"", "- ", "|\n    ", ">\n    ", "? ", "*", "&", "!", "@"][..]),
        after in proptest::sample::select(&["", "]", "}", "'", "\"", ": ", ": x", ",", "\n    ", "\n", "\t", " #"][..]),
        extra in "[ \\-:{}\\[\\],\n'\"#]{0,4}",
    ) {
        let secret = "Qz7mWkP2vX";
        let text = format!("{SOURCE}  {key}: {quote}{before}{secret}{after}{quote}{extra}\n{SINK}");
        let outcome = Spec::parse(&text, "p.yaml").and_then(|spec| Plan::new(&spec, &mysql(), &maxcompute()));
        if let Err(refusal) = outcome {
            // A text that stands where a key belongs is a key.
            let shown = refusal.to_string();
            prop_assert!(!shown.contains(secret) || shown.contains(&format!("'{secret}")) || shown.contains(&format!("{secret}:")), "{text}\n{shown}");
        }
    }

    #[test]
    fn any_edit_of_a_pipeline_is_a_plan_or_a_refusal(
        at in 0usize..330,
        cut in 0usize..6,
        insert in "[a-c:\\-\\[\\]{},?&*!|>'\"%@`# \t\r\n]{0,6}",
    ) {
        let mut text = format!("{SOURCE}{SINK}pipeline:\n  parallelism: 2\n  memory.limit: 64mb\n");
        let at = at.min(text.len());
        let end = (at + cut).min(text.len());
        text.replace_range(at..end, &insert);
        let outcome = Spec::parse(&text, "p.yaml").and_then(|spec| Plan::new(&spec, &mysql(), &maxcompute()));
        if let Err(refusal) = outcome {
            prop_assert!(!refusal.problems.is_empty());
            prop_assert!(refusal.to_string().starts_with("error: ") || refusal.to_string().starts_with("warning: "));
        }
    }
}

#[test]
fn a_directory_is_lent_where_the_file_says_and_seen_by_the_plugin_elsewhere() {
    let sink = Manifest::new("journal", vec![OptionSpec::directory("directory").required()]);
    let text = format!("{SOURCE}sink:\n  type: journal\n  directory: ./out\n");
    let spec = Spec::parse(&text, "/etc/cdc/pipeline.yaml").unwrap();
    let plan = Plan::new(&spec, &mysql(), &sink).unwrap();
    let [directory] = plan.sink.grant.directories.as_slice() else { panic!("{:?}", plan.sink.grant) };
    assert_eq!(directory.path, std::path::Path::new("/etc/cdc/./out"));
    assert_eq!(plan.sink.plain("directory"), Some("/directory"));
    assert!(plan.summary().to_string().contains("may read and write: /etc/cdc/./out"));
    assert!(plan.source.grant.directories.is_empty());
}

#[test]
fn a_plugin_cannot_lend_itself_a_directory() {
    let sink = Manifest::new("journal", vec![OptionSpec::directory("directory").default("/etc")]);
    let refusal =
        Plan::new(&spec(&format!("{SOURCE}sink:\n  type: journal\n")), &mysql(), &sink).unwrap_err();
    assert!(refusal.to_string().contains("no default"), "{refusal}");
}
