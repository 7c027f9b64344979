//! The table of options in the README is what `describe` says.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::path::PathBuf;

use cdc_plugin::options::{OptionKind, OptionRole, OptionSpec};
use cdc_plugin_mysql::manifest::manifest;

const BEGIN: &str = "<!-- options: begin -->\n";
const END: &str = "<!-- options: end -->";

fn kind(option: &OptionSpec) -> String {
    let kind = match option.kind {
        OptionKind::Text => "text",
        OptionKind::Integer => "integer",
        OptionKind::Floating => "number",
        OptionKind::Boolean => "boolean",
        OptionKind::Duration => "duration",
        OptionKind::Choice => return option.choices.join(", "),
        _ => "value",
    };
    match option.role {
        OptionRole::Secret => format!("{kind}, secret"),
        _ => kind.to_owned(),
    }
}

fn row(option: &OptionSpec) -> String {
    let default = match (&option.default, option.required) {
        (Some(default), _) => format!("`{default}`"),
        (None, true) => "required".to_owned(),
        (None, false) => String::new(),
    };
    let ignored = option.ignored.as_ref().map_or_else(String::new, |why| format!(" Has no effect: {why}."));
    let text = format!("{}{ignored}", option.summary).replace('|', "\\|");
    format!("| `{}` | {} | {default} | {text} |\n", option.name, kind(option))
}

#[test]
fn the_readme_lists_the_options_as_describe_does() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = readme.split_once(BEGIN).expect("the begin of the options");
    let (table, after) = rest.split_once(END).expect("the end of the options");
    let mut wanted = "| option | type | default | meaning |\n|---|---|---|---|\n".to_owned();
    wanted.extend(manifest().options.iter().map(row));
    if table != wanted && std::env::var_os("UPDATE_README").is_some() {
        std::fs::write(&path, format!("{before}{BEGIN}{wanted}{END}{after}")).unwrap();
        return;
    }
    assert_eq!(table, wanted, "run this test once with UPDATE_README=1");
}
