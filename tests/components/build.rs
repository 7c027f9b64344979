//! Runs cargo for the component target and hands the files' paths to the library.

use std::process::{Command, Stdio};

/// Package, its library as cargo names it, the variable that gets the path.
const COMPONENTS: [(&str, &str, &str); 6] = [
    ("cdc-plugin-mysql", "cdc_plugin_mysql", "COMPONENT_MYSQL"),
    ("cdc-plugin-maxcompute", "cdc_plugin_maxcompute", "COMPONENT_MAXCOMPUTE"),
    ("journal-sink", "journal_sink", "COMPONENT_JOURNAL"),
    ("hostile-plugin", "hostile_plugin", "COMPONENT_HOSTILE"),
    ("scripted-source", "scripted_source", "COMPONENT_SCRIPTED_SOURCE"),
    ("scripted-sink", "scripted_sink", "COMPONENT_SCRIPTED_SINK"),
];

/// Uses a plugin as a library, without the plugin's exports: the two cannot be built at once, nor into the same directory.
const PROGRAM: (&str, &str, &str) = ("recorded-binlogs", "recorded-binlogs", "COMPONENT_RECORDED_BINLOGS");

fn main() -> Result<(), String> {
    for changed in [
        "../../plugins",
        "../../examples/plugins",
        "../hostile-plugin",
        "../recorded-binlogs",
        "../scripted-plugins",
        "../../wit",
        "../../Cargo.lock",
        "../../Cargo.toml",
    ] {
        println!("cargo:rerun-if-changed={changed}");
    }
    build(&COMPONENTS, &[])?;
    build(&[PROGRAM], &["--target-dir", "target/recorded"])
}

fn build(components: &[(&str, &str, &str)], more: &[&str]) -> Result<(), String> {
    let mut cargo = Command::new(std::env::var("CARGO").map_err(|error| format!("CARGO: {error}"))?);
    cargo.args([
        "build",
        "--profile",
        "plugin",
        "--target",
        "wasm32-wasip2",
        "--message-format",
        "json-render-diagnostics",
    ]);
    cargo.args(more);
    for (package, _, _) in components {
        cargo.args(["--package", package]);
    }
    // What the outer cargo says of its own target must not reach the inner one.
    for variable in
        ["CARGO_ENCODED_RUSTFLAGS", "RUSTC_WORKSPACE_WRAPPER", "RUSTC_WRAPPER", "TARGET", "PROFILE"]
    {
        cargo.env_remove(variable);
    }
    let output = cargo
        .current_dir("../..")
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cannot run cargo: {error}"))?;
    if !output.status.success() {
        return Err(format!(
            "the components do not build ({}); is the target there? make setup",
            output.status
        ));
    }
    let messages: Vec<serde_json::Value> = String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .filter(|message: &serde_json::Value| message["reason"] == "compiler-artifact")
        .collect();
    for (package, library, variable) in components {
        let path = messages
            .iter()
            .filter(|message| message["target"]["name"] == *library)
            .flat_map(|message| message["filenames"].as_array().into_iter().flatten())
            .filter_map(|file| file.as_str())
            .find(|file| file.ends_with(".wasm"))
            .ok_or_else(|| format!("cargo built no component of {package}"))?;
        println!("cargo:rustc-env={variable}={path}");
    }
    Ok(())
}
