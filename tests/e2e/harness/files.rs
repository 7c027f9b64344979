use std::path::{Path, PathBuf};
use std::process::Output;

use tokio::process::Command;

/// The repository's root.
pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Run a command to its end and return what it printed; panics with all of that if it fails.
pub(crate) async fn run(command: &mut Command) -> String {
    let Output { status, stdout, stderr } = command.output().await.unwrap();
    let (stdout, stderr) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{command:?} ended with {status}\n{stdout}\n{stderr}");
    stdout.into_owned()
}
