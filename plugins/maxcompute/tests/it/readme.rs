//! The table of options in the README is what `describe` says.

use std::path::PathBuf;

use cdc_plugin::options::with_option_table;
use cdc_plugin_maxcompute::describe::manifest;

#[test]
fn the_readme_lists_the_options_as_describe_does() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = std::fs::read_to_string(&path).unwrap();
    let wanted = with_option_table(&readme, &manifest().options).expect("the lines around the options");
    if readme != wanted && std::env::var_os("UPDATE_README").is_some() {
        std::fs::write(&path, wanted).unwrap();
        return;
    }
    assert_eq!(readme, wanted, "run this test once with UPDATE_README=1");
}
