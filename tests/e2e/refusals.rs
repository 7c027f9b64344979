//! What goes wrong on an operator's first day: one clear error each, and the right exit code.

use std::path::Path;

use crate::harness::{Host, Options, World};

const REFUSED: Option<i32> = Some(2);
const FAILED: Option<i32> = Some(1);

/// A pipeline file that could run, were there servers.
const PIPELINE: &str = "\
source:
  type: mysql
  hostname: 127.0.0.1
  port: 1
  username: cdc
  password: not-to-be-shown
  tables: shop.\\.*
sink:
  type: maxcompute
  access-id: id
  access-key: not-to-be-shown
  endpoint: http://127.0.0.1:1/api
  project: warehouse
";

async fn refusal(text: &str, plugins: &[&Path]) -> (Option<i32>, String) {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("pipeline.yaml");
    std::fs::write(&file, text).unwrap();
    let mut command = Host::command();
    command.arg(&file).arg("--state-dir").arg(directory.path().join("state"));
    for plugin in plugins {
        command.arg("--plugin").arg(plugin);
    }
    let (status, said) = Host::start(command).ends().await;
    assert!(!said.contains("not-to-be-shown"), "{said}");
    assert_eq!(
        said.lines().filter(|line| line.starts_with("error")).count(),
        1,
        "one error, no more: {said}"
    );
    (status.code(), said)
}

fn both() -> [&'static Path; 2] {
    [Path::new(test_components::MYSQL), Path::new(test_components::MAXCOMPUTE)]
}

#[tokio::test]
async fn a_misspelt_option_is_shown_at_its_place_with_the_nearest_known_one() {
    let (code, said) = refusal(&format!("{PIPELINE}  bucket-num: 8\n"), &both()).await;
    assert_eq!(code, REFUSED, "{said}");
    assert!(
        said.contains("bucket-num") && said.contains("pipeline.yaml:14:3") && said.contains("buckets-num"),
        "{said}"
    );
}

#[tokio::test]
async fn a_missing_required_option_is_named() {
    let (code, said) = refusal(&PIPELINE.replace("  project: warehouse\n", ""), &both()).await;
    assert_eq!(code, REFUSED, "{said}");
    assert!(said.contains("project"), "{said}");
}

#[tokio::test]
async fn a_value_of_the_wrong_type_is_shown_at_its_place() {
    let (code, said) = refusal(&PIPELINE.replace("port: 1\n", "port: many\n"), &both()).await;
    assert_eq!(code, REFUSED, "{said}");
    assert!(said.contains("port") && said.contains("pipeline.yaml:4"), "{said}");
}

#[tokio::test]
async fn an_unknown_type_names_the_known_ones() {
    let (code, said) = refusal(&PIPELINE.replace("type: mysql", "type: mysqll"), &both()).await;
    assert_eq!(code, REFUSED, "{said}");
    assert!(said.contains("mysqll") && said.contains("'mysql'"), "{said}");
}

#[tokio::test]
async fn a_plugin_that_is_no_component_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let text = directory.path().join("text.wasm");
    std::fs::write(&text, "hello").unwrap();
    let module = directory.path().join("module.wasm");
    std::fs::write(&module, b"\0asm\x01\0\0\0").unwrap();
    for (plugin, reason) in [(&text, "does not begin with"), (&module, "core module")] {
        let (code, said) = refusal(PIPELINE, &[plugin]).await;
        assert_eq!(code, REFUSED, "{said}");
        assert!(said.contains("is not a WebAssembly component") && said.contains(reason), "{said}");
    }
    let (code, said) = refusal(PIPELINE, &[Path::new("/does/not/exist.wasm")]).await;
    assert_eq!(code, REFUSED, "{said}");
    assert!(said.contains("/does/not/exist.wasm"), "{said}");
}

#[tokio::test]
async fn a_plugin_of_another_wit_version_is_told_what_both_sides_speak() {
    let mut bytes = std::fs::read(test_components::MAXCOMPUTE).unwrap();
    let (ours, theirs) = (b"cdc:plugin/sink@0.1.0", b"cdc:plugin/sink@0.2.0");
    let places: Vec<usize> = bytes
        .windows(ours.len())
        .enumerate()
        .filter(|(_, window)| window == ours)
        .map(|(at, _)| at)
        .collect();
    assert!(!places.is_empty());
    places.iter().for_each(|at| bytes[*at..at + theirs.len()].copy_from_slice(theirs));
    let directory = tempfile::tempdir().unwrap();
    let plugin = directory.path().join("next.wasm");
    std::fs::write(&plugin, bytes).unwrap();
    let (code, said) = refusal(PIPELINE, &[Path::new(test_components::MYSQL), &plugin]).await;
    assert_eq!(code, REFUSED, "{said}");
    assert!(said.contains("cdc:plugin/sink@0.2.0") && said.contains("cdc:plugin@0.1.0"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_the_servers_can_tell_fails_with_one_clear_error() {
    let world = World::start().await;
    world.mysql.sql("CREATE DATABASE shop; CREATE TABLE shop.orders (id BIGINT PRIMARY KEY);").await;
    let fails = async |options: &Options, change: &dyn Fn(String) -> String| {
        let pipeline = world.pipeline(options);
        let text = change(std::fs::read_to_string(&pipeline).unwrap());
        std::fs::write(&pipeline, text).unwrap();
        let state = tempfile::tempdir().unwrap();
        let (status, said) = Host::run(&pipeline, state.path(), &[], &[]).ends().await;
        assert_eq!(status.code(), FAILED, "{said}");
        assert!(!said.contains(&world.mysql.password), "{said}");
        assert_eq!(
            said.lines().filter(|line| line.starts_with("error")).count(),
            1,
            "one error, no more: {said}"
        );
        said
    };
    let shop = Options::shop();
    let same = |text: String| text;

    let said = fails(&shop, &|text| text.replace(&world.mysql.password, "wrong-password")).await;
    assert!(
        said.contains("cdc") && said.contains(&world.mysql.address()) && !said.contains("wrong-password"),
        "{said}"
    );

    let port = format!("port: {}", world.mysql.port);
    let said = fails(&shop, &|text| text.replace(&port, "port: 1")).await;
    assert!(said.contains("127.0.0.1:1"), "{said}");

    let endpoint = world.maxcompute.endpoint();
    let said = fails(&shop, &|text| text.replace(&endpoint, "http://127.0.0.1:1/api")).await;
    assert!(said.contains("127.0.0.1:1"), "{said}");

    let mut none = shop.clone();
    none.tables = "'[shop|web].order'".into();
    let said = fails(&none, &same).await;
    assert!(said.contains("[shop|web].order") && said.contains("shop.orders"), "{said}");
}
