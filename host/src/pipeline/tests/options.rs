//! Connector blocks against manifests.

use super::*;
use crate::{
    pipeline::{Setting, SettingValue, Side, ValueOrigin},
    secret::Secret,
};

fn setting<'a>(settings: &'a [Setting], name: &str) -> &'a Setting {
    settings.iter().find(|setting| setting.name == name).unwrap_or_else(|| panic!("no setting {name}"))
}

#[test]
fn settings_are_canonical_and_complete() {
    let text = format!(
        "{SOURCE}  jdbc.properties.useSSL: true\n{SINK}  total.buffer-size: 8 mb\n  compress.algorithm: LZ4\n  retry.wait: 1 min\n  strict: TRUE\n"
    );
    let plan = plan(&text).unwrap();
    let sink = &plan.sink;
    for (name, value) in [
        ("access-id", "id"),
        ("total.buffer-size", "8388608"),
        ("compress.algorithm", "lz4"),
        ("retry.wait", "60000"),
        ("strict", "true"),
        ("buckets-num", "16"),
    ] {
        assert_eq!(sink.plain(name), Some(value), "{name}");
    }
    assert_eq!(setting(&sink.settings, "buckets-num").origin, ValueOrigin::Default);
    assert_eq!(setting(&sink.settings, "access-id").origin, ValueOrigin::File { line: 10 });
    assert_eq!(plan.source.plain("jdbc.properties.useSSL"), Some("true"));
    assert!(
        sink.settings.iter().all(|setting| setting.name != "tunnel.endpoint"),
        "absent without a default"
    );
    let names: Vec<&str> = plan.source.settings.iter().map(|setting| setting.name.as_str()).collect();
    assert_eq!(
        names,
        ["hostname", "port", "username", "password", "tables", "jdbc.properties.useSSL", "scan.startup.mode"]
    );
}

#[test]
fn secrets_leave_handles_behind() {
    let plan = plan(&format!("{SOURCE}{SINK}")).unwrap();
    let handle = "secret:sink.access-key";
    assert_eq!(setting(&plan.sink.settings, "access-key").value, SettingValue::Secret(handle.to_owned()));
    assert_eq!(plan.secrets.get(handle).map(Secret::expose), Some("hunter3"));
    assert_eq!(plan.secrets.get("secret:source.password").map(Secret::expose), Some("hunter2"));
    let shown = format!("{plan:?}{:?}{}", plan.summary(), plan.summary());
    let json = serde_json::to_string(&plan.summary()).unwrap();
    assert!(!shown.contains("hunter") && !json.contains("hunter"), "{shown}{json}");
}

#[test]
fn an_unknown_option_is_refused_with_its_value_masked() {
    let refusal = plan(&format!("{SOURCE}{SINK}  bucket-num: hunter4\n")).unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "error: unknown option 'bucket-num' in sink\n  --> pipeline.yaml:13:3\n   |\n13 |   bucket-num: ***\n   |   \
         ^^^^^^^^^^ did you mean 'buckets-num'?"
    );
}

#[test]
fn missing_options_are_named_all_at_once() {
    let refusal = plan("source:\n  type: mysql\nsink:\n  type: maxcompute\n  project: p\n").unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "error: missing required options 'hostname', 'username', 'password', 'tables' in source\n --> \
         pipeline.yaml:1:1\n  |\n1 | source:\n  | ^^^^^^\n\nerror: missing required options 'access-id', 'access-key', \
         'endpoint' in sink\n --> pipeline.yaml:3:1\n  |\n3 | sink:\n  | ^^^^"
    );
}

#[test]
fn wrong_values_are_shown_unless_secret() {
    let text = format!(
        "{SOURCE}  port: 99999\n  scan.startup.mode: snapshto\n{SINK}  total.buffer-size: 1.5mb # hunter5\n  retry.wait: soon\n"
    );
    let shown = plan(&text).unwrap_err().to_string();
    for expected in [
        "the value of 'port' is not between 1 and 65535\n --> pipeline.yaml:7:9\n  |\n7 |   port: 99999\n  |         ^^^^^",
        "is none of initial, snapshot\n --> pipeline.yaml:8:22\n  |\n8 |   scan.startup.mode: snapshto\n",
        "^^^^^^^^ did you mean 'snapshot'?",
        "15 |   total.buffer-size: 1.5mb\n   |                      ^^^^^ such as 64MB or 4kb",
        "the value of 'retry.wait' does not start with a number",
    ] {
        assert!(shown.contains(expected), "{expected}\n\n{shown}");
    }
    assert!(!shown.contains("hunter"), "{shown}");
    let empty = plan(&format!("{SOURCE}{SINK}").replace("hunter3", "''")).unwrap_err().to_string();
    assert!(empty.contains("the value of 'access-key' is empty"), "{empty}");
    assert!(empty.contains("  access-key: ***\n"), "{empty}");
}

#[test]
fn no_problem_shows_a_neighbour_in_flow_style() {
    let text = "source: {type: mysql, password: hunter2, prot: 1, port: x}\nsink: {type: maxcompute, access-key: hunter3}\n";
    let shown = plan(text).unwrap_err().to_string();
    assert!(!shown.contains("hunter"), "{shown}");
    assert!(shown.contains("1 | ... prot: ***\n  |     ^^^^ did you mean 'port'?"), "{shown}");
    assert!(shown.contains("1 | ... port: x\n  |           ^"), "{shown}");
}

#[test]
fn a_value_on_the_next_line_is_shown_there() {
    let shown = plan(&format!("{SOURCE}  port:\n    x\n{SINK}")).unwrap_err().to_string();
    assert!(shown.contains(" --> pipeline.yaml:8:5\n  |\n8 |     x\n  |     ^"), "{shown}");
}

#[test]
fn an_option_without_effect_warns() {
    let plan = plan(&format!("{SOURCE}  connection.pool.size: 20\n{SINK}")).unwrap();
    let [warning] = plan.warnings.as_slice() else { panic!("one warning") };
    assert!(warning.to_string().starts_with(
        "warning: option 'connection.pool.size' has no effect: sessions are not pooled\n --> pipeline.yaml:7:3"
    ));
}

#[test]
fn a_broken_manifest_is_the_plugin_s_fault() {
    let text = spec(&format!("{SOURCE}{SINK}"));
    let broken = |change: fn(&mut Manifest)| {
        let mut manifest = maxcompute();
        change(&mut manifest);
        Plan::new(&text, &mysql(), &manifest).unwrap_err().to_string()
    };
    for shown in [
        broken(|m| m.hosts.push("*".to_owned())),
        broken(|m| m.hosts.push("10.0.0.1".to_owned())),
        broken(|m| m.options.push(OptionSpec::text("type"))),
        broken(|m| m.options.push(OptionSpec::text("project"))),
        broken(|m| m.options.push(OptionSpec::choice("x", &[]))),
        broken(|m| m.options.push(OptionSpec::new("x", OptionKind::Size).default("many"))),
        broken(|m| m.options.push(OptionSpec::new("x", OptionKind::Integer).between(2, 1))),
        broken(|m| m.options.push(OptionSpec::secret("x").default("hunter6"))),
        broken(|m| m.options.push(OptionSpec::text("x.*").required())),
        broken(|m| m.options.push(OptionSpec::text(""))),
    ] {
        assert!(shown.contains("the sink plugin 'maxcompute' describes itself wrongly: "), "{shown}");
        assert!(!shown.contains("hunter"), "{shown}");
    }
}

#[test]
fn the_longest_prefix_describes_an_option() {
    let manifest = Manifest::new(
        "x",
        vec![
            OptionSpec::text("a.*"),
            OptionSpec::secret("a.b.*"),
            OptionSpec::new("a.b.c", OptionKind::Integer),
        ],
    );
    let name = |option: &str| manifest.option(option).map(|option| option.name.as_str());
    assert_eq!(name("a.x"), Some("a.*"));
    assert_eq!(name("a.b.x"), Some("a.b.*"));
    assert_eq!(name("a.b.c"), Some("a.b.c"));
    assert_eq!((name("a."), name("a"), name("ab.c")), (None, None, None));
}

#[test]
fn endpoints_come_from_the_file_and_never_from_a_default() {
    let plan = plan(&format!("{SOURCE}{SINK}")).unwrap();
    let shown: Vec<_> = plan.source.grant.endpoints.iter().map(ToString::to_string).collect();
    assert_eq!(shown, ["db.example.com:3306"], "the port is its sibling's, default included");
    let shown: Vec<_> = plan.sink.grant.endpoints.iter().map(ToString::to_string).collect();
    assert_eq!(shown, ["https://service.cn.maxcompute.aliyun.com:443"]);
    assert_eq!(plan.sink.grant.patterns[0].to_string(), "*.maxcompute.aliyun.com");
    assert_eq!(plan.sink.grant.endpoint_options, ["endpoint", "tunnel.endpoint"]);
    assert_eq!(plan.connector(Side::Sink).grant.plugin, "maxcompute");

    let greedy = Manifest::new("mysql", vec![OptionSpec::endpoint("hostname").default("10.0.0.1")]);
    let text = "source: {type: mysql}\nsink: {type: b}\n";
    let plan = Plan::new(&spec(text), &greedy, &Manifest::new("b", vec![])).unwrap();
    assert_eq!(plan.source.grant.endpoints, []);
}

#[test]
fn an_endpoint_that_holds_a_password_is_refused_unseen() {
    let shown = plan(&format!("{SOURCE}{SINK}").replace("https://service", "https://me:hunter7@service"));
    let shown = shown.unwrap_err().to_string();
    assert!(shown.contains("the value of 'endpoint' has a user name or password in its URL"), "{shown}");
    assert!(!shown.contains("hunter"), "{shown}");
}
