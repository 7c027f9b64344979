//! The grammar. The cases of Flink CDC's `YamlPipelineDefinitionParserTest` that concern it, then ours.

use super::*;
use crate::{
    pipeline::{
        LocalTimeZone, RuntimeMode, SchemaChangeBehavior, SchemaChangeKind, Side,
        rules::{FunctionCode, ModelSpec},
    },
    secret::Secret,
};

const FULL: &str = "source:
  type: mysql
  name: source-database
  host: localhost
  port: 3306
  username: admin
  password: pass
  tables: adb.*, bdb.user_table_[0-9]+, [app|web]_order_.*
  chunk-column: app_order_.*:id,web_order:product_id
  capture-new-tables: true

sink:
  type: kafka
  name: sink-queue
  bootstrap-servers: localhost:9092
  auto-create-table: true

route:
  - source-table: mydb.default.app_order_.*
    sink-table: odsdb.default.app_order_<>
    replace-symbol: \"<>\"
    description: sync all sharding tables to one
  - source-table: mydb.default.web_order
    sink-table: odsdb.default.ods_web_order_>_<
    replace-symbol: \">_<\"

transform:
  - source-table: mydb.app_order_.*
    projection: id, order_id, TO_UPPER(product_name)
    filter: id > 10 AND order_id > 100
    primary-keys: id
    partition-keys: product_name
    table-options: comment=app order
    description: project fields from source table
    converter-after-transform: SOFT_DELETE
  - source-table: mydb.web_order_.*
    projection: \\*, CONCAT(id, order_id) as uniq_id
    filter: uniq_id > 10

pipeline:
  name: source-database-sync-pipe
  parallelism: 4
  sink.partitioning.strategy: TABLE_ID
  schema.change.behavior: evolve
  schema-operator.rpc-timeout: 1 h
  execution.runtime-mode: STREAMING
  model:
    - model-name: GET_EMBEDDING
      class-name: OpenAIEmbeddingModel
      openai.model: text-embedding-3-small
      openai.apikey: abcd1234
";

const HEAD: &str = "source:\n  type: values\nsink:\n  type: values\n";

fn text(located: Option<&crate::pipeline::fields::Located>) -> Option<&str> {
    located.map(|located| located.text.as_str())
}

fn model_options(model: &ModelSpec) -> Vec<(&str, &str)> {
    model.options.iter().map(|(name, value)| (name.as_str(), Secret::expose(value))).collect()
}

#[test]
fn the_full_definition_is_read_whole() {
    let spec = spec(FULL);
    assert_eq!((spec.source_type(), spec.sink_type()), ("mysql", "kafka"));
    assert_eq!(text(spec.source.name.as_ref()), Some("source-database"));
    let options: Vec<_> =
        spec.source.options.iter().map(|entry| (entry.name.as_str(), entry.value.expose())).collect();
    assert_eq!(
        options,
        [
            ("host", "localhost"),
            ("port", "3306"),
            ("username", "admin"),
            ("password", "pass"),
            ("tables", "adb.*, bdb.user_table_[0-9]+, [app|web]_order_.*"),
            ("chunk-column", "app_order_.*:id,web_order:product_id"),
            ("capture-new-tables", "true"),
        ]
    );
    let [first, second] = spec.transforms() else { panic!("two transforms") };
    assert_eq!(first.source_table.text, "mydb.app_order_.*");
    assert_eq!(text(first.projection.as_ref()), Some("id, order_id, TO_UPPER(product_name)"));
    assert_eq!(text(first.filter.as_ref()), Some("id > 10 AND order_id > 100"));
    assert_eq!(text(first.primary_keys.as_ref()), Some("id"));
    assert_eq!(text(first.partition_keys.as_ref()), Some("product_name"));
    assert_eq!(text(first.table_options.as_ref()), Some("comment=app order"));
    assert_eq!(text(first.converter_after_transform.as_ref()), Some("SOFT_DELETE"));
    assert_eq!(text(second.projection.as_ref()), Some("*, CONCAT(id, order_id) as uniq_id"));
    assert_eq!(text(second.primary_keys.as_ref()), None);
    let [model] = spec.models() else { panic!("one model") };
    assert!(model.legacy);
    assert_eq!(
        (model.name.text.as_str(), model.type_name.text.as_str()),
        ("GET_EMBEDDING", "OpenAIEmbeddingModel")
    );
    assert_eq!(
        model_options(model),
        [("openai.model", "text-embedding-3-small"), ("openai.apikey", "abcd1234")]
    );
}

#[test]
fn a_route_has_a_replacement_symbol() {
    let spec = spec(FULL);
    let [first, second] = spec.routes() else { panic!("two routes") };
    assert_eq!(first.source_table.text, "mydb.default.app_order_.*");
    assert_eq!(first.sink_table.text, "odsdb.default.app_order_<>");
    assert_eq!(text(first.replace_symbol.as_ref()), Some("<>"));
    assert_eq!(text(first.description.as_ref()), Some("sync all sharding tables to one"));
    assert_eq!(text(second.replace_symbol.as_ref()), Some(">_<"));
    assert_eq!(second.place.line, 23);
}

#[test]
fn blocks_that_are_not_carried_out_yet_refuse_the_plan_at_their_line() {
    let refusal = Plan::new(&spec(FULL), &anything("mysql"), &anything("kafka")).unwrap_err();
    let found: Vec<_> = refusal
        .problems
        .iter()
        .filter(|problem| problem.message.ends_with("is not supported by this version"))
        .map(|problem| (problem.message.split(' ').next().unwrap(), problem.place.as_ref().unwrap().line))
        .filter(|(word, _)| !word.starts_with("option"))
        .collect();
    assert_eq!(
        found,
        [
            ("route", 18),
            ("projection", 29),
            ("filter", 30),
            ("converter-after-transform", 35),
            ("projection", 37),
            ("filter", 38),
            ("model", 47)
        ]
    );
    let shown = refusal.to_string();
    assert!(!shown.contains("abcd1234") && !shown.contains("pass\n"), "{shown}");
}

#[test]
fn the_necessary_definition_is_enough() {
    let text = "source:\n  type: mysql\n  host: localhost\n  port: 3306\nsink:\n  type: kafka\n  \
                bootstrap-servers: localhost:9092\npipeline:\n  parallelism: 4\n";
    let plan = Plan::new(&spec(text), &anything("mysql"), &anything("kafka")).unwrap();
    assert_eq!(plan.parallelism, 4);
    assert_eq!(plan.source.plain("port"), Some("3306"));
}

#[test]
fn the_minimal_definition_is_enough() {
    let spec = spec("source:\n  type: mysql\n\nsink:\n  type: kafka\n");
    let plan = Plan::new(&spec, &anything("mysql"), &anything("kafka")).unwrap();
    assert_eq!(plan.parallelism, 1);
    assert_eq!(plan.schema_change_behavior, SchemaChangeBehavior::Lenient);
    assert_eq!(plan.local_time_zone, LocalTimeZone::System);
    assert_eq!(plan.runtime_mode, RuntimeMode::Streaming);
    assert_eq!(plan.warnings, []);
}

#[test]
fn an_empty_pipeline_block_is_no_pipeline_block() {
    assert!(Spec::parse(&format!("{HEAD}pipeline:\n"), "p").is_ok());
}

#[test]
fn a_function_has_a_class_and_options() {
    let spec = spec(&format!(
        "{HEAD}pipeline:\n  parallelism: 1\n  user-defined-function:\n    - name: inc\n      classpath: a.B\n    \
         - name: query_redis\n      classpath: a.C\n      options:\n        hostname: localhost\n        port: \
         \"6379\"\n        cache.enabled: true\n"
    ));
    let [first, second] = spec.functions() else { panic!("two functions") };
    assert_eq!(first.name.text, "inc");
    let FunctionCode::Classpath { class, options } = &second.code else { panic!("a class") };
    assert_eq!(class.text, "a.C");
    let options: Vec<_> = options.iter().map(|(name, value)| (name.as_str(), value.expose())).collect();
    assert_eq!(options, [("hostname", "localhost"), ("port", "6379"), ("cache.enabled", "true")]);
    let refusal = Plan::new(&spec, &anything("values"), &anything("values")).unwrap_err().to_string();
    assert!(
        refusal.contains("user-defined-function is not supported by this version\n --> pipeline.yaml:7:3")
    );
}

#[test]
fn a_function_may_be_a_python_program() {
    let spec = spec(&format!(
        "{HEAD}pipeline:\n  user-defined-function:\n    - name: py_identity\n      python-code: |\n        def \
         eval(x: int) -> int:\n          return x\n      python-executable: /usr/bin/python3\n      \
         python-files:\n        - /lib/deps.zip\n        - /lib/shared\n"
    ));
    let [function] = spec.functions() else { panic!("one function") };
    let FunctionCode::Python { code, executable, files } = &function.code else { panic!("a program") };
    assert_eq!(code.text, "def eval(x: int) -> int:\n  return x\n");
    assert_eq!(text(executable.as_ref()), Some("/usr/bin/python3"));
    assert_eq!(
        files.iter().map(|file| file.text.as_str()).collect::<Vec<_>>(),
        ["/lib/deps.zip", "/lib/shared"]
    );
}

#[test]
fn a_function_that_contradicts_itself_is_refused() {
    let function =
        |body: &str| refused(&format!("{HEAD}pipeline:\n  user-defined-function:\n    - name: f\n{body}"));
    for (body, message) in [
        ("      classpath: a.B\n      python-code: x\n", "takes 'classpath' or 'python-code', not both"),
        ("      python-code: x\n      options:\n        a: b\n", "'options' goes with 'classpath'"),
        ("      classpath: a.B\n      python-executable: p\n", "need 'python-code'"),
        ("      classpath: a.B\n      python-files:\n        - p\n", "need 'python-code'"),
        ("      python-code: x\n      python-files: p\n", "python-files expects a list"),
        ("      python-code: x\n      python-files:\n        a: b\n", "python-files expects a list"),
        ("", "missing 'classpath' or 'python-code'"),
        ("      classpath: a.B\n      class-path: a.B\n", "unknown key 'class-path'"),
    ] {
        let shown = function(body);
        assert!(shown.contains(message), "{shown}");
    }
    let unnamed = refused(&format!("{HEAD}pipeline:\n  user-defined-function:\n    - python-code: x\n"));
    assert!(unnamed.contains("missing 'name' in user-defined-function"), "{unnamed}");
    let scalar = refused(&format!("{HEAD}pipeline:\n  user-defined-function:\n    name: f\n"));
    assert!(scalar.contains("user-defined-function expects a list, found a map"), "{scalar}");
}

#[test]
fn the_mode_of_routes_is_known() {
    let spec = spec(&format!("{HEAD}pipeline:\n  parallelism: 2\n  route-mode: FIRST_MATCH\n"));
    let plan = Plan::new(&spec, &anything("values"), &anything("values")).unwrap();
    assert!(plan.warnings[0].message.starts_with("option 'route-mode' has no effect"));
    let wrong = super::spec(&format!("{HEAD}pipeline:\n  route-mode: LAST_MATCH\n"));
    let refusal = Plan::new(&wrong, &anything("values"), &anything("values")).unwrap_err().to_string();
    assert!(refusal.contains("is none of ALL_MATCH, FIRST_MATCH"), "{refusal}");
}

/// Kinds that reach the sink, under a behaviour and two lists.
fn reaching(behavior: &str, include: Option<&str>, exclude: Option<&str>) -> Vec<&'static str> {
    let list = |key: &str, tags: Option<&str>| {
        tags.map(|tags| format!("  {key}.schema.changes: {tags}\n")).unwrap_or_default()
    };
    let (include, exclude) = (list("include", include), list("exclude", exclude));
    let text = format!(
        "source:\n  type: foo\nsink:\n  type: bar\n{include}{exclude}pipeline:\n  schema.change.behavior: \
         {behavior}\n  parallelism: 1\n"
    );
    let plan = Plan::new(&spec(&text), &anything("foo"), &anything("bar")).unwrap();
    plan.schema_changes.into_iter().map(SchemaChangeKind::tag).collect()
}

#[test]
fn included_and_excluded_schema_changes_combine_as_in_flink_cdc() {
    let all: Vec<&str> = SchemaChangeKind::ALL.iter().map(|kind| kind.tag()).collect();
    assert_eq!(reaching("evolve", None, None), all);
    assert_eq!(reaching("TRY_EVOLVE", None, None), all);
    assert_eq!(
        reaching("evolve", Some("[column, table]"), Some("[drop]")),
        [
            "add.column",
            "alter.column.type",
            "alter.table.comment",
            "create.table",
            "rename.column",
            "rename.table",
            "truncate.table"
        ]
    );
    assert_eq!(
        reaching("lenient", None, None),
        [
            "add.column",
            "alter.column.type",
            "alter.table.comment",
            "create.table",
            "drop.column",
            "rename.column",
            "rename.table"
        ]
    );
    assert_eq!(reaching("lenient", None, Some("[]")), all);
    assert_eq!(reaching("evolve", Some("[]"), None), all);
    assert_eq!(reaching("evolve", Some("[all]"), None), all);
}

#[test]
fn creating_tables_is_included_unless_it_is_excluded() {
    let columns = ["add.column", "alter.column.type", "create.table", "drop.column", "rename.column"];
    assert_eq!(reaching("evolve", Some("[add.column]"), None), ["add.column", "create.table"]);
    assert_eq!(reaching("evolve", Some("[column]"), None), columns);
    assert_eq!(reaching("evolve", Some("[add.column]"), Some("[create.table]")), ["add.column"]);
    assert_eq!(reaching("evolve", Some("[add.column]"), Some("[create]")), ["add.column"]);
    let both = reaching("evolve", Some("[add.column, alter.column.type]"), Some("[table]"));
    assert_eq!(both, ["add.column", "alter.column.type"]);
    assert_eq!(reaching("evolve", Some("[add.column, create.table]"), None), ["add.column", "create.table"]);
    assert_eq!(reaching("lenient", Some("[add.column]"), None), ["add.column", "create.table"]);
}

#[test]
fn a_model_may_stand_alone_with_options() {
    let spec = spec(&format!(
        "{HEAD}pipeline:\n  model:\n    name: completion_model\n    type: dummy\n    options:\n      debug: true\n      \
         retries: 3\n"
    ));
    let [model] = spec.models() else { panic!("one model") };
    assert_eq!((model.name.text.as_str(), model.type_name.text.as_str()), ("completion_model", "dummy"));
    assert_eq!(model_options(model), [("debug", "true"), ("retries", "3")]);
}

#[test]
fn a_flat_key_of_a_model_is_an_option_even_if_it_is_model_name() {
    let spec = spec(&format!(
        "{HEAD}pipeline:\n  model:\n    name: m\n    type: openai-compatible\n    model-name: model-v1\n"
    ));
    let [model] = spec.models() else { panic!("one model") };
    assert!(!model.legacy);
    assert_eq!(model_options(model), [("model-name", "model-v1")]);
}

#[test]
fn models_of_both_forms_stand_side_by_side() {
    let spec = spec(&format!(
        "{HEAD}pipeline:\n  model:\n    - model-name: LEGACY_CHAT\n      class-name: OpenAIChatModel\n      \
         openai.model: legacy\n    - name: completion_model\n      type: dummy\n      debug: false\n"
    ));
    let [legacy, model] = spec.models() else { panic!("two models") };
    assert!(legacy.legacy && !model.legacy);
    assert_eq!(model_options(model), [("debug", "false")]);
}

#[test]
fn a_model_that_contradicts_itself_is_refused() {
    let models = |body: &str| refused(&format!("{HEAD}pipeline:\n  model:\n{body}"));
    for (body, message) in [
        (
            "    - name: m\n      type: t\n    - model-name: m\n      class-name: c\n",
            "duplicate model name 'm'",
        ),
        ("    name: invalid-name\n    type: t\n", "not a model name"),
        ("    name: __m\n    type: t\n", "not a model name"),
        ("    name: 1m\n    type: t\n", "not a model name"),
        ("    name: m\n    model-name: m\n    class-name: c\n", "not both"),
        ("    name: m\n", "missing 'type' in model"),
        ("    type: t\n", "missing 'name' in model"),
        ("    model-name: m\n", "missing 'name' in model"),
        ("    name: m\n    type: ''\n", "'type' in model is empty"),
        ("    name: m\n    type: t\n    options: x\n", "'options' in model expects keys and values"),
        ("    name: m\n    type: t\n    options: {a: 1}\n    a: 2\n", "duplicate option 'a' in model"),
        ("    - just-a-name\n", "model expects keys and values, found a single value"),
    ] {
        let shown = models(body);
        assert!(shown.contains(message), "{shown}");
    }
}

#[test]
fn an_unknown_top_level_key_is_refused_with_the_nearest() {
    let shown = refused(&format!("{HEAD}sinks:\n  type: hunter2\n"));
    assert_eq!(
        shown,
        "error: unknown key 'sinks' in the pipeline file\n --> pipeline.yaml:5:1\n  |\n5 | sinks:\n  | ^^^^^ did you \
         mean 'sink'?"
    );
}

#[test]
fn missing_blocks_are_named_together() {
    let shown = refused("pipeline:\n  name: x\n");
    assert!(shown.contains("missing 'source' in the pipeline file"), "{shown}");
    assert!(shown.contains("missing 'sink' in the pipeline file"), "{shown}");
    assert!(refused("source:\n  hostname: x\nsink:\n  type: y\n").contains("missing 'type' in source"));
    assert!(refused("").contains("pipeline.yaml is empty"));
    assert!(refused("- a\n").contains("the pipeline file expects keys and values, found a list"));
    assert!(refused("hunter2\n").contains("found a single value"));
    assert!(!refused("hunter2\n").contains("hunter2"));
    assert!(refused("source: x\nsink:\n  type: y\n").contains("source expects keys and values"));
    assert!(refused("source:\nsink:\n  type: y\n").contains("source expects keys and values, found nothing"));
    assert!(refused("source:\n  type: ''\nsink:\n  type: y\n").contains("'type' in source is empty"));
    assert!(
        refused("source:\n  type:\nsink:\n  type: y\n").contains("'type' in source expects a single value")
    );
}

#[test]
fn routes_and_transforms_without_dashes_or_with_unknown_keys_are_refused() {
    for (block, message) in [
        ("route:\n  source-table: a\n  sink-table: b\n", "route expects a list, found a map"),
        ("route:\n", "route expects a list, found nothing"),
        ("route:\n  - source-table: a\n", "missing 'sink-table' in route"),
        (
            "route:\n  - source-table: a\n    sink-table: b\n    replace-symbl: c\n",
            "did you mean 'replace-symbol'?",
        ),
        ("transform:\n  - projection: a\n", "missing 'source-table' in transform"),
        ("transform:\n  - source-table: a\n    primary-key: b\n", "did you mean 'primary-keys'?"),
        ("transform:\n  - source-table: [a]\n", "expects a single value, found a list"),
        ("plugins:\n  - files: a.wasm\n", "did you mean 'file'?"),
        ("plugins:\n  - a.wasm\n", "a plugin expects keys and values"),
        ("pipeline: x\n", "pipeline expects keys and values"),
        ("pipeline:\n  parallelism: [1]\n", "'parallelism' in pipeline expects a single value, found a list"),
    ] {
        let shown = refused(&format!("{HEAD}{block}"));
        assert!(shown.contains(message), "{shown}");
        assert!(shown.contains("\n --> pipeline.yaml:"), "{shown}");
    }
}

#[test]
fn every_fault_of_the_grammar_is_told_at_once() {
    let refusal = Spec::parse("source:\n  a: [1]\nsink:\n  b: {c: d}\nroute: x\nfoo: 1\n", "p").unwrap_err();
    let lines: Vec<_> =
        refusal.problems.iter().filter_map(|p| p.place.as_ref().map(|place| place.line)).collect();
    assert_eq!(lines, [1, 2, 3, 4, 5, 6]);
}

#[test]
fn lists_of_schema_changes_are_lists() {
    let one = refused("source:\n  type: a\nsink:\n  type: b\n  include.schema.changes: add.column\n");
    assert!(one.contains("'include.schema.changes' expects a list, found a single value"), "{one}");
    let nested = refused("source:\n  type: a\nsink:\n  type: b\n  exclude.schema.changes: [[a]]\n");
    assert!(nested.contains("expects single values, found a list"), "{nested}");
}

#[test]
fn plugin_files_are_listed_with_their_places() {
    let spec = spec(&format!("{HEAD}plugins:\n  - file: a.wasm\n  - file: b/c.wasm\n"));
    let files: Vec<_> = spec.plugin_files().map(|file| (file.text.as_str(), file.place.line)).collect();
    assert_eq!(files, [("a.wasm", 6), ("b/c.wasm", 7)]);
}

#[test]
fn an_unknown_type_lists_the_known_ones() {
    let spec = spec("source:\n  type: msql\nsink:\n  type: kafka\n");
    assert_eq!(
        spec.unknown_type(Side::Source, ["mysql", "postgres"]).to_string(),
        "error: no source plugin of type 'msql'; known types: mysql, postgres\n --> pipeline.yaml:2:9\n  |\n2 |   type: \
         msql\n  |         ^^^^ did you mean 'mysql'?"
    );
    let none = spec.unknown_type(Side::Sink, []).to_string();
    assert!(none.contains("known types: none") && none.contains("--plugin"), "{none}");
}

#[test]
fn a_spec_prints_no_value() {
    let spec = spec("source: {type: a, password: hunter2}\nsink: {type: b}\n");
    assert!(!format!("{spec:?}").contains("hunter2"));
}
